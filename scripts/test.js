// @ts-check
/**
 * `npm test`: installs and builds what is out of date, then runs the whole suite against a broker. Arguments go to
 * vitest: `npm test -- packages/core`.
 */
import { installAndBuild } from './install.js';
import { run, runScript, TOOLS } from './run.js';
import { findBroker, NO_BROKER } from './services-node.js';

await runScript('test', async () => {
  const url = await findBroker(['TQ_TEST_AMQP_URL']);
  if (url === undefined) throw new Error(NO_BROKER);
  installAndBuild();
  return run(process.execPath, [TOOLS.vitest, 'run', ...process.argv.slice(2)], { TQ_TEST_AMQP_URL: url });
});
