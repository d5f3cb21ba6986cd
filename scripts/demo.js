// @ts-check
/**
 * `npm run demo`: a real worker process, a program that calls its task, and the result. Ends with the line
 * `fib(30) = 832040` and 0, or with what went wrong and 1. `npm run demo -- decorators` shows another example.
 *
 * Takes the broker of TQ_TEST_AMQP_URL or TQ_URL, else starts an embedded one for itself.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { installAndBuild } from './install.js';
import { runScript } from './run.js';
import { namedBroker, ROOT } from './services-node.js';

/** @import { ChildProcess } from 'node:child_process' */

const TQ = 'packages/cli/bin/tq.js';

/**
 * A program that runs beside worker and caller: they find its address in this variable.
 * @typedef {{ args: readonly string[], variable: string, address: RegExp }} Beside
 */

/** @typedef {{ call: readonly string[], expected: RegExp, concurrency?: number, beside?: Beside }} Demo */

/**
 * What calls each example's tasks, and the line that shows that it worked.
 * @type {ReadonlyMap<string, Demo>}
 */
const DEMOS = new Map([
  ['fib', { call: ['examples/fib/call.js'], expected: /^fib\(30\) = 832040$/ }],
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
    'decorators',
    {
      call: ['examples/decorators/node_modules/jiti/lib/jiti-cli.mjs', 'examples/decorators/call.ts'],
      expected: /^total: 2676 cents$/,
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

/** What a worker prints once it consumes. */
const READY = /\bready\b/i;
/** How long a program may take until it is ready, for its result, and to end after SIGTERM, ms. */
const STEP_TIMEOUT = 120_000;

await runScript('demo', async () => {
  const [name = 'fib'] = process.argv.slice(2);
  const demo = DEMOS.get(name);
  if (demo === undefined) throw new Error(`expected one of ${[...DEMOS.keys()].join(', ')}, found '${name}'`);
  installAndBuild();
  const url = namedBroker(['TQ_TEST_AMQP_URL', 'TQ_URL']);
  // Last, as whoever looks at the end of the output expects it.
  console.log(url === undefined ? await showOnItsOwn(name, demo) : await showOn(url, name, demo));
  return 0;
});

/**
 * @param {string} name
 * @param {Demo} demo
 */
async function showOnItsOwn(name, demo) {
  const broker = start('broker', [TQ, 'broker', '--memory', '--port', '0', '--json'], {});
  try {
    const { url } = JSON.parse(await lineOf(broker, /^\{"url":/));
    return await show(name, demo, { TQ_URL: url });
  } finally {
    broker.process.kill('SIGTERM');
    await ended(broker);
  }
}

/**
 * @param {string} url
 * @param {string} name
 * @param {Demo} demo
 */
async function showOn(url, name, demo) {
  const prefix = `demo-${randomBytes(4).toString('hex')}.`;
  const line = await show(name, demo, { TQ_URL: url, TQ_PREFIX: prefix }).catch(async (error) => {
    await deleteNames(url, prefix).catch(() => {});
    throw error;
  });
  await deleteNames(url, prefix);
  return line;
}

/**
 * Runs a worker and the caller, and ends the worker as a service manager would.
 * @param {string} name of the example
 * @param {Demo} demo
 * @param {NodeJS.ProcessEnv} env where the broker is
 * @returns the caller's line
 */
async function show(name, demo, env) {
  const { beside } = demo;
  if (beside === undefined) return showCall(name, demo, env);
  const program = start('beside', beside.args, { PORT: '0' });
  try {
    const [, address] = beside.address.exec(await lineOf(program, beside.address)) ?? [];
    return await showCall(name, demo, { ...env, [beside.variable]: address });
  } finally {
    program.process.kill('SIGTERM');
    await ended(program);
  }
}

/**
 * @param {string} name of the example
 * @param {Demo} demo
 * @param {NodeJS.ProcessEnv} env where the broker is, and what runs beside
 * @returns the caller's line
 */
async function showCall(name, { call, expected, concurrency = 2 }, env) {
  const slots = ['--concurrency', String(concurrency)];
  const worker = start('worker', [TQ, 'worker', '--app', `examples/${name}/tasks.ts`, ...slots], env);
  let line = '';
  try {
    await lineOf(worker, READY);
    const caller = start('caller', call, env);
    [line] = await Promise.all([lineOf(caller, expected), ended(caller)]);
  } catch (error) {
    // The first failure is the one to report, not what stopping makes of it.
    worker.process.kill('SIGKILL');
    throw error;
  }
  worker.process.kill('SIGTERM');
  await ended(worker);
  return line;
}

/** @typedef {{ name: string, process: ChildProcess, lines: import('node:events').EventEmitter, end: Promise<unknown> }} Program */

/**
 * Starts a program whose lines are shown under its name.
 * @param {string} name
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env added to this process's environment
 * @returns {Program}
 */
function start(name, args, env) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stdout });
  createInterface({ input: child.stderr }).on('line', (line) => lines.emit('line', line));
  lines.on('line', (line) => console.log(`${name}: ${line}`));
  return { name, process: child, lines, end: once(child, 'close') };
}

/**
 * The first line that fits.
 * @param {Program} program
 * @param {RegExp} wanted
 * @throws when the program ends first, or takes too long
 */
async function lineOf(program, wanted) {
  /** @type {string | undefined} */
  let found;
  const seen = new Promise((resolve) =>
    program.lines.on('line', (line) => {
      if (!wanted.test(line)) return;
      found ??= line;
      resolve(line);
    }),
  );
  await withLimit(Promise.race([seen, program.end]), STEP_TIMEOUT, program);
  if (found === undefined)
    throw new Error(`expected a line that fits ${wanted} from the ${program.name}, found its end`);
  return found;
}

/**
 * @param {Program} program
 * @throws when the program ends with another code than 0, or takes too long (it is killed then)
 */
async function ended(program) {
  await withLimit(program.end, STEP_TIMEOUT, program);
  const { exitCode, signalCode } = program.process;
  if (exitCode !== 0) throw new Error(`expected the ${program.name} to end with 0, found ${exitCode ?? signalCode}`);
}

/**
 * @param {Promise<unknown>} promise
 * @param {number} limit ms
 * @param {Program} program
 */
async function withLimit(promise, limit, program) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      program.process.kill('SIGKILL');
      reject(new Error(`the ${program.name} took longer than ${limit / 1000} s and was killed`));
    }, limit);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Deletes what this run declared under its own prefix; the reply queue expires by itself.
 * @param {string} url
 * @param {string} prefix
 */
async function deleteNames(url, prefix) {
  // Only here is amqplib certain to be installed.
  const { connect } = await import('amqplib');
  const connection = await connect(url, { noDelay: true, timeout: 10_000 });
  const channel = await connection.createChannel();
  await channel.deleteQueue(`${prefix}tq`);
  await channel.deleteQueue(`${prefix}tq.dead`);
  await channel.deleteExchange(`${prefix}tq.dead`);
  await connection.close();
}
