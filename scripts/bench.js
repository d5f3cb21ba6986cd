// @ts-check
/**
 * `npm run bench`: measures tq beside hand-written amqplib programs and writes `bench/RESULTS.md`.
 *
 *   --broker      the embedded broker beside RabbitMQ instead, in `bench/BROKER.md`
 *   --only NAME   one scenario (drain-100, …), or several with commas; the report goes to the terminal alone
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
  const { broker, only, rounds, quick } = readOptions();
  installAndBuild();
  const found = await findBroker(['TQ_TEST_AMQP_URL', 'TQ_URL']);
  const url = found ?? nodeUrl(await startServices());
  try {
    // Only here is amqplib certain to be installed, and tq to be built.
    const text = broker
      ? await (await import('../bench/broker/run.js')).runBrokerBench({ url, only, rounds, quick })
      : await (await import('../bench/run.js')).runBench({ url, only, rounds, quick });
    console.log(`\n${text}`);
    if (only === undefined && !quick) writeFileSync(join(ROOT, 'bench', broker ? 'BROKER.md' : 'RESULTS.md'), text);
  } finally {
    if (found === undefined) await stopServices();
  }
  return 0;
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      broker: { type: 'boolean', default: false },
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
  return { broker: values.broker, only: values.only?.split(','), rounds, quick: values.quick };
}
