// @ts-check
/**
 * The embedded broker as a program, so that a test can kill it: `argv[2]` holds the options of `startBroker` as JSON. It
 * sends its URL over IPC once it accepts connections, stops in order at SIGTERM, and ends when whoever started it is gone.
 */
import { rmSync } from 'node:fs';
import { startBroker } from '@tq/broker';

/** @type {import('@tq/broker').BrokerOptions} */
const options = JSON.parse(process.argv[2] ?? '{}');

process.on('disconnect', () => {
  // Nobody else knows of the folder.
  if (options.dataDir !== undefined) rmSync(options.dataDir, { recursive: true, force: true });
  process.exit(1);
});

const broker = await startBroker(options);
process.once('SIGTERM', async () => {
  await broker.stop();
  // From here on nothing but what the broker left behind keeps the process alive.
  process.channel?.unref();
});
process.send?.(broker.url);
