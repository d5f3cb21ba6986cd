// @ts-check
/** The examples that `npm run demo` shows: what calls each of them, and the line that shows that it worked. */

/**
 * A program that runs beside worker and caller: they find its address in this variable.
 * @typedef {{ args: readonly string[], variable: string, address: RegExp }} Beside
 */

/**
 * The caller and the line of it that shows that it worked. `workers` has what each is started with, when it is not one
 * worker of `tasks.ts`; `shown` is the line that a worker prints then. `left` are the names that it leaves in a broker.
 * @typedef {object} Demo
 * @property {readonly string[]} call
 * @property {RegExp} expected
 * @property {number} [concurrency]
 * @property {Beside} [beside]
 * @property {readonly (readonly string[])[]} [workers]
 * @property {RegExp} [shown]
 * @property {string} [folder] variable that names a folder of the demo's own, for what it writes
 * @property {Left} [left]
 */

/** @typedef {{ queues: readonly string[], exchanges: readonly string[] }} Left */

/** @param {'sales' | 'support'} name */
function department(name) {
  return ['--app', `examples/pubsub/${name}.ts`, '--queues', name, '--pool', 'async'];
}

/**
 * What calls each example's tasks, and the line that shows that it worked.
 * @type {ReadonlyMap<string, Demo>}
 */
export const DEMOS = new Map([
  ['fib', { call: ['examples/fib/call.js'], expected: /^fib\(30\) = 832040$/ }],
  ['progress', { call: ['examples/progress/call.js'], expected: /^78498 primes up to 1000000$/ }],
  ['compute', { call: ['examples/compute/centre.js'], expected: /^41 \+ 1 = 42$/ }],
  [
    'flash-sale',
    {
      call: ['examples/flash-sale/call.js'],
      expected: /^10000 orders, 10000 handled, 0 lost, 0 twice$/,
      concurrency: 4,
    },
  ],
  [
    'user-log',
    {
      call: ['examples/user-log/call.js'],
      expected: /^408 entries through the queue, 408 in the log, 0 lost, 0 twice$/,
      concurrency: 4,
    },
  ],
  [
    'pubsub',
    {
      call: ['examples/pubsub/register.js'],
      expected: /^sales knows Grace$/,
      workers: [department('sales'), department('support')],
      left: {
        queues: ['sales', 'support'].flatMap((name) => [name, `tq.group.${name}.customers.registered`]),
        exchanges: ['tq.events', 'tq.events.headers'],
      },
    },
  ],
  [
    'logs',
    {
      call: ['examples/logs/emit.js'],
      expected: /^5 lines logged$/,
      workers: [['--app', 'examples/logs/collector.ts', '--queues', 'none', '--pool', 'async', '--concurrency', '1']],
      folder: 'LOG_DIR',
      shown: /^kern\.critical: the disk is full$/,
      left: {
        queues: [
          'file.file',
          'errors.logs.severity/error,critical',
          'auth.logs.facility/auth.*',
          'critical.logs.facility/*.critical',
        ].map((name) => `tq.group.${name}`),
        exchanges: ['logs', 'logs.severity', 'logs.facility'],
      },
    },
  ],
  [
    'decorators',
    {
      call: ['examples/decorators/node_modules/jiti/lib/jiti-cli.mjs', 'examples/decorators/call.ts'],
      expected: /^total: 2676 cents$/,
    },
  ],
  [
    'canvas',
    {
      call: ['examples/canvas/call.js'],
      expected: /^6 pages stored, 1 broken link: http:\S+\/garlic$/,
      concurrency: 4,
      beside: { args: ['examples/canvas/site.js'], variable: 'SITE_URL', address: /^site: (\S+)$/ },
    },
  ],
  [
    'error-reporting',
    {
      call: ['examples/error-reporting/call.js'],
      expected: /^4 reports$/,
      beside: {
        args: ['examples/error-reporting/collector.js'],
        variable: 'REPORT_URL',
        address: /^collector: (\S+)$/,
      },
    },
  ],
]);
