import { type Broker, startBroker } from '@tq/broker';
import type { Arguments } from '../arguments.js';
import { formatCounts } from '../broker/counts.js';
import { describeBroker, formatBrokerBanner } from '../broker/facts.js';
import { type BrokerLog, createBrokerLog } from '../broker/log.js';
import { readBrokerOptions } from '../broker/options.js';
import { describeStartFailure } from '../broker/start-failure.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { onStopSignals, type StopSignal } from '../signals.js';
import { readVersion } from '../version.js';

/** How often the line of counts is drawn anew, ms. */
const COUNTS_INTERVAL_MS = 1_000;

/** `tq broker`: an AMQP 0-9-1 broker that clients take for RabbitMQ, until SIGINT or SIGTERM. */
export const broker: Command = {
  details:
    'For development, tests and small single-machine use: any AMQP 0-9-1 client can use it, and moving to RabbitMQ is ' +
    'one URL. The first SIGINT or SIGTERM ends it in order, the second at once; what was confirmed is kept either way.',
  options: {
    port: { kind: 'text', describe: 'Port to listen on; 0 takes a free one. Default: 5672' },
    host: {
      kind: 'text',
      describe: 'Address to listen on; any but loopback needs a --user of its own. Default: 127.0.0.1 and ::1',
    },
    data: { kind: 'text', describe: 'Folder that keeps durable queues and messages. Default: .tq/broker' },
    memory: { kind: 'flag', describe: 'Keep everything in memory alone: gone when the broker ends' },
    user: { kind: 'text', many: true, describe: 'NAME:PASSWORD of who may log in; repeatable. Default: guest:guest' },
    vhost: { kind: 'text', many: true, describe: 'Name of a virtual host; repeatable. Default: /' },
    'memory-limit': {
      kind: 'text',
      describe: 'Message bodies in memory from which on publishers wait: 256mb, 1gb',
    },
    json: { kind: 'flag', describe: 'Print a line of JSON facts once it listens, and log in JSON' },
  },
  examples: [
    ['broker', 'Start one where workers and callers look for it'],
    ['broker --memory --port 0 --json', 'One for a test: on a free port, which the line of JSON names'],
    ['broker --host 0.0.0.0 --user ada:secret', 'One that other machines can reach'],
  ],
  config: false,
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  const options = readBrokerOptions(args, process.cwd());
  const logger = createBrokerLog(output);
  const asked = new Promise<StopSignal>((resolve) => {
    onStopSignals([resolve]);
  });
  const running = await startBroker({ ...options, logger }).catch((thrown: unknown) => {
    throw describeStartFailure(thrown, options, 'broker');
  });
  const facts = describeBroker(running, options);
  if (output.json) output.print(JSON.stringify({ ...facts, version: readVersion(), pid: process.pid }));
  if (output.interactive && !output.json) output.block(formatBrokerBanner(facts, readVersion()));
  else logger.info(facts, 'ready: accepting connections');
  const counting = showCounts(running, output);
  const end = await Promise.race([asked, running.failed]);
  clearInterval(counting);
  // Stopping it would only say the same again.
  if (end instanceof Error) throw end;
  await stop(running, end, logger);
  return EXIT.ok;
}

async function stop(running: Broker, signal: StopSignal, logger: BrokerLog): Promise<void> {
  const { connections } = running.inspect();
  logger.info({ signal, connections }, 'stopping; signal again to end at once');
  await running.stop();
  logger.info({}, 'stopped');
}

/** A line of counts that is drawn over itself, for a person at a terminal. */
function showCounts(running: Broker, output: Output): NodeJS.Timeout | undefined {
  if (!output.interactive || output.json) return undefined;
  let [before, at] = [running.inspect(), performance.now()];
  return setInterval(() => {
    const [now, time] = [running.inspect(), performance.now()];
    output.live(formatCounts(now, before, time - at));
    [before, at] = [now, time];
  }, COUNTS_INTERVAL_MS);
}
