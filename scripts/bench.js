// @ts-check
/**
 * `npm run bench`: measures tq beside hand-written amqplib programs and writes `bench/RESULTS.md`.
 *
 *   --broker      the embedded broker beside RabbitMQ instead, in `bench/BROKER.md`
 *   --pools       pools of threads and processes beside bare ones instead, in `bench/POOLS.md`; needs no broker
 *   --only NAME   one scenario (drain-100, …), one group (canvas, …), or several with commas; the report goes to the
 *                 terminal alone
 *   --rounds N    how often each program runs (5, at least 3)
 *   --quick       one round of a tenth of the work, to see that all is well; the report goes to the terminal alone
 *
 * Takes the broker of TQ_TEST_AMQP_URL or TQ_URL, else the services node, which it starts when it has to.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installAndBuild } from './install.js';
import { nodeUrl } from './rabbitmq-node.js';
import { runScript } from './run.js';
import { findBroker, ROOT, startServices, stopServices } from './services-node.js';

await runScript('bench', async () => {
  const { broker, pools, only, rounds, quick } = readOptions();
  installAndBuild();
  // Only from here on is amqplib certain to be installed, and tq to be built.
  const text = pools
    ? await (await import('../bench/pools/run.js')).runPoolBench({ rounds, quick })
    : await benchOnBroker(broker, { only, rounds, quick });
  console.log(`\n${text}`);
  const file = pools ? 'POOLS.md' : broker ? 'BROKER.md' : 'RESULTS.md';
  if (only === undefined && !quick) writeFileSync(join(ROOT, 'bench', file), text);
  return 0;
});

/**
 * @param {boolean} broker
 * @param {{ only: readonly string[] | undefined, rounds: number, quick: boolean }} options
 */
async function benchOnBroker(broker, options) {
  const found = await findBroker(['TQ_TEST_AMQP_URL', 'TQ_URL']);
  const url = found ?? nodeUrl(await startServices());
  try {
    return broker
      ? await (await import('../bench/broker/run.js')).runBrokerBench({ url, ...options })
      : await (await import('../bench/run.js')).runBench({ url, ...options });
  } finally {
    if (found === undefined) await stopServices();
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      broker: { type: 'boolean', default: false },
      pools: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds);
  const least = values.quick || values.only !== undefined ? 1 : 3;
  if (!Number.isInteger(rounds) || rounds < least) {
    throw new Error(`--rounds: expected a whole number from ${least} on, found '${values.rounds}'`);
  }
  const { broker, pools } = values;
  if (pools && (broker || values.only !== undefined)) {
    throw new Error('--pools: expected neither --broker nor --only with it, since it measures all pools and no broker');
  }
  return { broker, pools, only: values.only?.split(','), rounds, quick: values.quick };
}
