import { type LogLevel, parseDuration, setDefaultLogger } from '@tq/core/internal';
import { createWorker, type HealthServer, startHealthServer, type Worker, type WorkerOptions } from '@tq/worker';
import { type LoadedApp, loadApp } from '@tq/worker/internal';
import type { Logger } from 'pino';
import type { Arguments } from '../arguments.js';
import { parseByteSize } from '../broker/byte-size.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../output.js';
import { UsageError } from '../usage.js';
import { readVersion } from '../version.js';
import { describeWorker, formatBanner } from '../worker/banner.js';
import { BY_SIGNALS, type Keeper } from '../worker/keeper.js';
import { createLogger } from '../worker/logger.js';
import { parseQueues } from '../worker/queues.js';
import { StopControl } from '../worker/stop-control.js';

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** `tq worker`: consumes queues and runs tasks until SIGINT or SIGTERM. */
export const worker: Command = {
  details:
    'Finds the tasks in --app FILE[#export], else in tasks.ts, tasks.js, src/tasks.ts and the like. The first SIGINT or ' +
    'SIGTERM stops it warm: it takes no more and finishes what runs. The second aborts what runs and gives it back, ' +
    'the third ends the process at once.',
  options: {
    app: {
      kind: 'text',
      describe: 'Task file, FILE or FILE#export; the export, else `app`, else the default export, is the app',
    },
    queues: {
      kind: 'text',
      describe: "Queues to consume, mail,math=2: with a number, slots of its own. Default: the app's",
    },
    concurrency: {
      kind: 'text',
      describe: 'Slots that queues without slots of their own share, 1 to 1000. Default: 4',
    },
    pool: {
      kind: 'text',
      choices: ['thread', 'process', 'async'],
      describe:
        'Where tasks run: in threads, processes, or the event loop (for tasks that mostly wait). Default: thread',
    },
    'prefetch-multiplier': {
      kind: 'text',
      describe:
        'Deliveries taken in advance for each slot, 1 to 100. 1 is fair, more is faster for tiny tasks. Default: 1',
    },
    'shutdown-timeout': {
      kind: 'text',
      describe: 'How long a warm stop waits for what runs: 500ms, 10s, 5m. Default: 25s',
    },
    'time-limit': {
      kind: 'text',
      describe:
        'Longest time that a task may take that sets none: 30s; then its slot is ended and replaced. Default: none',
    },
    'soft-time-limit': {
      kind: 'text',
      describe: "When such a task's signal aborts, less than --time-limit: 25s. Default: none",
    },
    'max-tasks-per-child': {
      kind: 'text',
      describe: 'Tasks after which a thread or process is replaced. Default: no limit',
    },
    'max-memory-per-child': {
      kind: 'text',
      describe: 'Memory after which a thread or process is replaced: 200mb. Default: no limit',
    },
    hostname: { kind: 'text', describe: 'Name of this worker in logs and dead letters. Default: tq@HOST' },
    'log-level': { kind: 'text', choices: LEVELS, describe: 'Least level that is logged. Default: info' },
    'health-port': {
      kind: 'text',
      describe: 'Answer probes over HTTP on this port: /live, /ready, and / as JSON; 0 takes a free one. Default: none',
    },
    'health-host': {
      kind: 'text',
      describe: 'Address of --health-port; probes from elsewhere need 0.0.0.0. Default: 127.0.0.1',
    },
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
    // A worker that reloads is two for a while, and one port cannot speak for both.
    throw new UsageError('--health-port: expected a worker without --watch, found both.', 'worker');
  }
  const { watchWorker } = await import('../watch/watch-worker.js');
  const log = await createLogger((args.text('log-level') ?? 'info') as LogLevel, output);
  return (await watchWorker({ args, folder: process.cwd(), env: {}, log })).ended;
}

/**
 * Runs one worker until its keeper stops it.
 * @returns the exit code
 */
export async function runWorker(args: Arguments, output: Output, keeper: Keeper): Promise<number> {
  const options = readOptions(args);
  const log = await createLogger((args.text('log-level') ?? 'info') as LogLevel, output);
  exitWhenBroken(log);
  setDefaultLogger(log);
  const stopping = new StopControl(log, keeper);
  const loaded = await loadApp(args.text('app'), process.cwd());
  let health: HealthServer | undefined;
  try {
    const running = createWorker(loaded.app, { ...options, tasks: [loaded.file] });
    stopping.control(running);
    health = await serveHealth(running, args, log);
    announce(running, loaded, { log, output, keeper });
    await runUntilStopped(running, { stopping, log, keeper });
  } finally {
    await loaded.app.close();
    await health?.stop();
  }
  log.info({}, 'stopped');
  return EXIT.ok;
}

function readOptions(args: Arguments): WorkerOptions {
  const queues = args.text('queues');
  const memory = args.text('max-memory-per-child');
  return {
    queues: queues === undefined ? undefined : parseQueues(queues),
    concurrency: args.integer('concurrency'),
    pool: args.text('pool') as WorkerOptions['pool'],
    prefetchMultiplier: args.integer('prefetch-multiplier'),
    shutdownTimeout: duration(args, 'shutdown-timeout'),
    timeLimit: duration(args, 'time-limit'),
    softTimeLimit: duration(args, 'soft-time-limit'),
    maxTasksPerChild: args.integer('max-tasks-per-child'),
    maxMemoryPerChild: memory === undefined ? undefined : parseByteSize(memory, '--max-memory-per-child', 'worker'),
    hostname: args.text('hostname'),
  };
}

function duration(args: Arguments, option: string): number | undefined {
  const text = args.text(option);
  return text === undefined ? undefined : parseDuration(text, `--${option}`);
}

/** Probes are answered from before the start to after the end, so that they see both. */
async function serveHealth(running: Worker, args: Arguments, log: Logger): Promise<HealthServer | undefined> {
  const port = args.integer('health-port');
  const host = args.text('health-host');
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
