// @ts-check
/**
 * `npm test`: installs and builds what is out of date, then runs the whole suite: on the embedded broker, and beside it on
 * the RabbitMQ of TQ_TEST_AMQP_URL where that is set. Arguments go to vitest: `npm test -- packages/core`,
 * `npm test -- --project rabbitmq`.
 */
import { installAndBuild } from './install.js';
import { run, runScript, TOOLS } from './run.js';

await runScript('test', () => {
  const words = process.argv.slice(2);
  if (/--project[= ]rabbitmq\b/.test(words.join(' ')) && !process.env.TQ_TEST_AMQP_URL) {
    throw new Error(
      'project rabbitmq needs the URL of a RabbitMQ in TQ_TEST_AMQP_URL, which is not set: `npm run services` starts one and prints it',
    );
  }
  installAndBuild();
  return run(process.execPath, [TOOLS.vitest, 'run', ...words]);
});
