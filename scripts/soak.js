// @ts-check
/**
 * `npm run soak`: the fault tests on RabbitMQ and on the embedded broker, and the embedded broker killed under load, again
 * and again, with more work in each and the long cases included, until the time is over or something fails. Its figures
 * belong in docs/reliability.md.
 *
 *   --minutes N   how long (60); the round that runs at the end is finished
 *   --scale N     times the usual number of tasks and of kills (10)
 *   FILE…         these test files alone
 *
 * Takes the broker of TQ_TEST_AMQP_URL, else the services node, which it starts when it has to.
 */
import { parseArgs } from 'node:util';
import { installAndBuild } from './install.js';
import { nodeUrl } from './rabbitmq-node.js';
import { run, runScript, TOOLS } from './run.js';
import { findBroker, startServices, stopServices } from './services-node.js';

/** What vitest is to run unless files are named: faults on both brokers, and the embedded broker's own crashes. */
const SOAKED = ['test/faults', 'packages/broker/test/broker-killed.test.ts'];

await runScript('soak', async () => {
  const { minutes, scale, files } = readOptions();
  installAndBuild();
  const found = await findBroker(['TQ_TEST_AMQP_URL']);
  const env = {
    TQ_TEST_AMQP_URL: found ?? nodeUrl(await startServices()),
    TQ_SOAK: String(scale),
    TQ_TEST_LONG: '1',
  };
  try {
    return soak(minutes, files, env);
  } finally {
    if (found === undefined) await stopServices();
  }
});

/**
 * @param {number} minutes
 * @param {readonly string[]} files
 * @param {NodeJS.ProcessEnv} env
 * @returns {number} the exit code
 */
function soak(minutes, files, env) {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 60_000;
  let rounds = 0;
  do {
    rounds += 1;
    console.log(`soak: round ${rounds}, ${elapsed().toFixed(1)} of ${minutes} minutes`);
    const code = run(process.execPath, [TOOLS.vitest, 'run', ...files], env);
    if (code !== 0) throw new Error(`round ${rounds} failed after ${elapsed().toFixed(1)} minutes, see above`);
  } while (elapsed() < minutes);
  console.log(`soak: ${rounds} rounds in ${elapsed().toFixed(1)} minutes, none failed`);
  return 0;
}

function readOptions() {
  const options = /** @type {const} */ ({ minutes: { type: 'string' }, scale: { type: 'string' } });
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  return {
    minutes: positive(values.minutes ?? '60', '--minutes'),
    scale: positive(values.scale ?? '10', '--scale'),
    files: positionals.length > 0 ? positionals : SOAKED,
  };
}

/**
 * @param {string} text
 * @param {string} name
 */
function positive(text, name) {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${name}: expected a number above 0, found '${text}'`);
}
