import { type OptionValues, setDefaultLogger } from '@tq/core/internal';
import { createWorker, type HealthServer, startHealthServer, type Worker } from '@tq/worker';
import { type LoadedApp, loadApp, WORKER_OPTIONS } from '@tq/worker/internal';
import type { Logger } from 'pino';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { flagsOf, readFlags } from '../config/flags.js';
import { TQ_OPTIONS } from '../config/options.js';
import { resolveSettings } from '../config/settings.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { UsageError } from '../usage.js';
import { readVersion } from '../version.js';
import { describeWorker, formatBanner } from '../worker/banner.js';
import { BY_SIGNALS, type Keeper } from '../worker/keeper.js';
import { createLogger } from '../worker/logger.js';
import { StopControl } from '../worker/stop-control.js';

/** `tq worker`: consumes queues and runs tasks until SIGINT or SIGTERM. */
export const worker: Command = {
  details:
    'Finds the tasks in --app FILE[#export], else in tasks.ts, tasks.js, src/tasks.ts and the like. The first SIGINT or ' +
    'SIGTERM stops it warm: it takes no more and finishes what runs. The second aborts what runs and gives it back, ' +
    'the third ends the process at once.',
  options: {
    ...flagsOf({ ...TQ_OPTIONS, ...WORKER_OPTIONS }),
    watch: {
      kind: 'flag',
      describe: 'Reload when a source file of the project changes; what runs finishes on the code that it started with',
    },
  },
  examples: [
    ['worker', 'Run the tasks of tasks.ts in four threads'],
    ['worker --app lib/jobs.ts#app --queues mail,math=2', 'Two queues: mail on shared slots, math on two of its own'],
    ['worker --pool async --concurrency 100', 'A hundred tasks at a time that mostly wait'],
    ['worker --watch', 'Run the code as it is being written'],
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(args: Arguments, output: Output): Promise<number> {
  if (!args.flag('watch')) return runWorker(args, output, BY_SIGNALS);
  if (args.text('health-port') !== undefined) {
    throw new UsageError('--health-port: expected a worker without --watch, found both.', 'worker');
  }
  const { watchWorker } = await import('../watch/watch-worker.js');
  const log = await createLogger(resolveSettings(args).logLevel, output);
  return (await watchWorker({ args, folder: process.cwd(), env: {}, log })).ended;
}

/**
 * Runs one worker until its keeper stops it.
 * @returns the exit code
 */
export async function runWorker(args: Arguments, output: Output, keeper: Keeper): Promise<number> {
  const options = readFlags(WORKER_OPTIONS, args);
  const settings = resolveSettings(args);
  const log = await createLogger(settings.logLevel, output);
  exitWhenBroken(log);
  setDefaultLogger(log);
  const stopping = new StopControl(log, keeper);
  const loaded = await loadApp(settings.app, process.cwd());
  let health: HealthServer | undefined;
  try {
    const running = createWorker(loaded.app, { ...options, tasks: [loaded.file] });
    stopping.control(running);
    // Under watch two workers run for a while, and one port cannot speak for both.
    if (keeper === BY_SIGNALS) health = await serveHealth(running, settings, log);
    announce(running, loaded, { log, output, keeper });
    await runUntilStopped(running, { stopping, log, keeper });
  } finally {
    await loaded.app.close();
    await health?.stop();
  }
  log.info({}, 'stopped');
  return EXIT.ok;
}

/** Probes are answered from before the start to after the end, so that they see both. */
async function serveHealth(
  running: Worker,
  { healthPort: port, healthHost: host }: OptionValues<typeof TQ_OPTIONS>,
  log: Logger,
): Promise<HealthServer | undefined> {
  if (port === undefined && host === undefined) return undefined;
  if (port === undefined)
    throw new UsageError('--health-host: expected a --health-port with it, found none.', 'worker');
  const health = await startHealthServer(running, { port, host });
  log.info({ host: health.host, port: health.port }, `health: listening on port ${health.port}`);
  return health;
}

/** The state of the process is unknown: the broker gives what runs here to others. */
function exitWhenBroken(log: Logger): void {
  process.on('uncaughtException', (err, origin) => {
    log.fatal({ err, origin }, 'nobody caught this error; the worker ends, and what it ran goes back to the queues');
    process.exit(EXIT.failed);
  });
}

interface Surroundings {
  readonly log: Logger;
  readonly output: Output;
  readonly keeper: Keeper;
}

/** A banner for a person, one line for a log. */
function announce(running: Worker, loaded: LoadedApp, { log, output, keeper }: Surroundings): void {
  if (output.interactive && !keeper.showsBanner) return;
  const facts = describeWorker(running, loaded);
  if (output.interactive) output.block(formatBanner(facts, readVersion()));
  else log.info(facts, 'worker starting');
}

async function runUntilStopped(
  running: Worker,
  { stopping, log, keeper }: Pick<Surroundings, 'log' | 'keeper'> & { readonly stopping: StopControl },
): Promise<void> {
  try {
    await Promise.race([running.start(), stopping.ended]);
  } catch (error) {
    if (!stopping.asked) throw error;
  }
  if (!stopping.asked) {
    const { slots, queues } = running.health();
    log.info({ slots, queues: queues.map(({ name }) => name) }, 'ready: consuming');
    keeper.ready();
  }
  await stopping.ended;
}
