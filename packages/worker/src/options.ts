import { hostname } from 'node:os';
import {
  bytes,
  checkTimeLimits,
  configPart,
  custom,
  duration,
  flag,
  integer,
  type Logger,
  list,
  NO_LIMIT,
  nearest,
  type OptionValues,
  program,
  type ResolvedTable,
  resolveTable,
  TqError,
  text,
  type WorkerConfig,
  words,
} from '@tq/core/internal';
import type { Pool } from './pools/pool.js';
import { checkQueues, printQueues, type QueueShare, SLOTS } from './queue-shares.js';

/**
 * Options of a worker. What is passed wins over the variable that is named, that over `tq.config` under `tq`, and all
 * of them over the default. `npm run options` writes the lines below and in `WorkerConfig` from
 * `WORKER_OPTIONS`.
 */
export interface WorkerOptions extends WorkerConfig {
  /** Task modules, as paths or file URLs, which threads and processes import; every pool but `async` needs them, and `tq worker` fills them in. Default: none. */
  readonly tasks?: readonly (string | URL)[] | undefined;
  /** Where log lines go. Default: the app's logger. */
  readonly logger?: Logger | undefined;
}

const POOLS = ['thread', 'process', 'async'] as const satisfies readonly Pool['kind'][];
const UNKNOWN_TASK = ['dead-letter', 'delay'] as const;
/** The longest that a timer of Node.js takes, ms. */
const MAX_MS = 2_147_483_647;

/** Every option of a worker: what it takes, where from, and what for. */
export const WORKER_OPTIONS = {
  tasks: program<readonly (string | URL)[]>({
    describe:
      'Task modules, as paths or file URLs, which threads and processes import; every pool but `async` needs them, and `tq worker` fills them in',
    defaultText: 'none',
  }),
  queues: custom(
    {
      describe:
        'Queues to consume, without the prefix; a number gives a queue slots of its own: `mail,math=2`; `none` for a worker of subscriptions and broadcasts alone',
      env: 'TQ_QUEUES',
      flag: 'queues',
      default: ({ defaultQueue }): readonly QueueShare[] => [{ name: String(defaultQueue), slots: undefined }],
      defaultText: "the app's `queue`",
    },
    { kind: 'queues', range: '', read: String, check: checkQueues, print: printQueues },
  ),
  subscriptions: flag({
    describe: 'Consume what the tasks of this worker subscribe to, beside its queues',
    env: 'TQ_SUBSCRIPTIONS',
    flag: 'no-subscriptions',
    default: true,
  }),
  broadcast: flag({
    describe: 'Run what is broadcast to all workers',
    env: 'TQ_BROADCAST',
    flag: 'no-broadcast',
    default: true,
  }),
  concurrency: integer({
    describe: 'Slots that queues without slots of their own share, and subscriptions with them',
    env: 'TQ_CONCURRENCY',
    flag: 'concurrency',
    ...SLOTS,
    default: 4,
  }),
  pool: words(POOLS, {
    describe:
      '`thread` runs tasks off the event loop of the connection, `process` in processes of their own; `async` runs them in the loop, for tasks that mostly wait',
    env: 'TQ_POOL',
    flag: 'pool',
    default: 'thread',
  }),
  prefetchMultiplier: integer({
    describe: 'Deliveries taken in advance for each slot: 1 is fair, more is faster for tiny tasks',
    env: 'TQ_PREFETCH_MULTIPLIER',
    flag: 'prefetch-multiplier',
    min: 1,
    max: 100,
    default: 1,
  }),
  longTasks: list({
    describe:
      "Queues whose tasks may run longer than the broker's `consumer_timeout` (RabbitMQ: 30 minutes): each slot gets a channel of its own, with a prefetch of 1",
    expected: 'queue',
    env: 'TQ_LONG_TASKS',
    flag: 'long-tasks',
    default: [],
    defaultText: 'none',
  }),
  shutdownTimeout: duration({
    describe: 'How long a warm stop waits for what runs; the default is under the 30 s of a container',
    env: 'TQ_SHUTDOWN_TIMEOUT',
    flag: 'shutdown-timeout',
    min: 0,
    max: MAX_MS,
    default: 25_000,
  }),
  abortGrace: duration({
    describe: 'How long aborted tasks get before they are killed',
    env: 'TQ_ABORT_GRACE',
    flag: 'abort-grace',
    min: 0,
    max: MAX_MS,
    default: 2_000,
  }),
  timeLimit: duration({
    describe:
      'Longest time that a run may take whose call and task say nothing; then its thread or process is ended and replaced, and the task fails with `TimeLimitError`',
    env: 'TQ_TIME_LIMIT',
    flag: 'time-limit',
    min: 1,
    max: NO_LIMIT,
    defaultText: 'none',
  }),
  softTimeLimit: duration({
    describe: 'When the signal of such a run aborts with a `SoftTimeLimitError`, less than `timeLimit`',
    env: 'TQ_SOFT_TIME_LIMIT',
    flag: 'soft-time-limit',
    min: 1,
    max: NO_LIMIT,
    defaultText: 'none',
  }),
  maxTasksPerChild: integer({
    describe: 'Tasks that a thread or process runs before another takes its place',
    env: 'TQ_MAX_TASKS_PER_CHILD',
    flag: 'max-tasks-per-child',
    min: 1,
    max: NO_LIMIT,
    defaultText: 'no limit',
  }),
  maxMemoryPerChild: bytes({
    describe:
      'Memory that a thread or process may hold after a task before another takes its place: of a process its resident set, of a thread its heap and the buffers of its objects',
    env: 'TQ_MAX_MEMORY_PER_CHILD',
    flag: 'max-memory-per-child',
    min: 1,
    max: NO_LIMIT,
    defaultText: 'no limit',
  }),
  blockedLoopLimit: duration({
    describe: 'How long a task of the async pool may keep the event loop before the log names it; 0 never looks',
    env: 'TQ_BLOCKED_LOOP_LIMIT',
    flag: 'blocked-loop-limit',
    min: 0,
    max: MAX_MS,
    defaultText: '1s, and at most half of a heartbeat',
  }),
  hostname: text({
    describe: 'Name of this worker in logs and dead letters',
    env: 'TQ_HOSTNAME',
    flag: 'hostname',
    default: () => `tq@${hostname()}`,
    defaultText: '`tq@HOST`',
  }),
  lostLimit: integer({
    describe: 'Pool children that may die with one task before it is given up',
    env: 'TQ_LOST_LIMIT',
    flag: 'lost-limit',
    min: 1,
    max: 100,
    default: 3,
  }),
  deliveryLimit: integer({
    describe: 'Deliveries of one task that may end without an ack',
    env: 'TQ_DELIVERY_LIMIT',
    flag: 'delivery-limit',
    min: 1,
    // The broker's own limit is 30; the worker gives up before it, since a dead letter of the broker's answers nobody.
    max: 29,
    default: 20,
  }),
  unknownTask: words(UNKNOWN_TASK, {
    describe:
      'What becomes of tasks that nobody knows here: `dead-letter` gives them up, `delay` first sends them round for `unknownTaskLimit`, for rolling deploys',
    env: 'TQ_UNKNOWN_TASK',
    flag: 'unknown-task',
    default: 'dead-letter',
  }),
  unknownTaskLimit: duration({
    describe: 'How long an unknown task is sent round; time in the queue does not count',
    env: 'TQ_UNKNOWN_TASK_LIMIT',
    flag: 'unknown-task-limit',
    min: 1,
    max: MAX_MS,
    default: 600_000,
  }),
  summaryInterval: duration({
    describe: 'Time between two summaries of what was done in the log',
    env: 'TQ_SUMMARY_INTERVAL',
    flag: 'summary-interval',
    min: 1,
    max: MAX_MS,
    default: 60_000,
  }),
  logger: program<Logger>({ describe: 'Where log lines go', defaultText: "the app's logger" }),
} satisfies Record<keyof WorkerOptions, unknown>;

/** Options with every default filled in. */
export interface ResolvedWorkerOptions extends Omit<OptionValues<typeof WORKER_OPTIONS>, 'tasks' | 'logger'> {
  readonly tasks: readonly string[];
}

/**
 * Fills in the environment, the config file of `tq` and defaults, and checks every value.
 * @param defaultQueue the app's
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function resolveWorkerOptions(
  options: WorkerOptions,
  defaultQueue: string,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedWorkerOptions {
  const { logger: _, ...values } = traceWorkerOptions(options, defaultQueue, env).values;
  const tasks = (values.tasks ?? []).map(String);
  if (values.pool !== 'async' && tasks.length === 0) {
    throw new TqError(
      'invalid-option',
      `tasks: expected the modules that define the tasks, which the children of a ${values.pool} pool import, found none. ` +
        "Pass tasks: [new URL('./tasks.js', import.meta.url)], or pool: 'async'.",
    );
  }
  checkLimits(values);
  checkSources(values);
  checkLongTasks(values);
  return { ...values, tasks };
}

/** What only ends children is refused where there are none, rather than ignored. */
function checkLimits(values: Omit<ResolvedWorkerOptions, 'tasks'>): void {
  checkTimeLimits(values, '');
  if (values.pool !== 'async') return;
  for (const [name, text] of Object.entries(ASYNC_CANNOT)) {
    if (values[name as keyof typeof ASYNC_CANNOT] !== undefined) {
      throw new TqError('invalid-option', `${name}: ${text}`);
    }
  }
}

/** @throws {TqError} `invalid-option` where it would consume nothing */
function checkSources({ queues, subscriptions, broadcast }: Omit<ResolvedWorkerOptions, 'tasks'>): void {
  if (queues.length > 0 || subscriptions || broadcast) return;
  const text =
    'queues: expected at least one queue for a worker without subscriptions and broadcasts, found none. Name a queue, or turn one of them on.';
  throw new TqError('invalid-option', text);
}

/** What comes beside the queues is known once the tasks are loaded, so its names are checked then. */
function checkLongTasks({ longTasks, queues }: Omit<ResolvedWorkerOptions, 'tasks'>): void {
  const ofQueues = longTasks.filter((name) => !name.startsWith('tq.'));
  refuseUnknownQueues(
    ofQueues,
    queues.map(({ name }) => name),
  );
}

/**
 * Checks that each of these names is consumed.
 * @throws {TqError} `invalid-option`
 */
export function refuseUnknownQueues(longTasks: readonly string[], consumed: readonly string[]): void {
  const unknown = longTasks.find((name) => !consumed.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, consumed);
  const advice = near === undefined ? 'Add it to queues, or leave it out.' : `Did you mean '${near}'?`;
  const text = `longTasks: expected queues that this worker consumes (${consumed.join(', ')}), found '${unknown}'. ${advice}`;
  throw new TqError('invalid-option', text);
}

const RECYCLES_NONE =
  'expected a thread or process pool, whose children can be replaced, found pool async, which has none.';
const ASYNC_CANNOT = {
  timeLimit:
    'expected a thread or process pool, found pool async, which cannot end a task. Use pool thread or process, or softTimeLimit.',
  maxTasksPerChild: RECYCLES_NONE,
  maxMemoryPerChild: RECYCLES_NONE,
};

/**
 * The same, with where each value came from.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function traceWorkerOptions(
  options: WorkerOptions,
  defaultQueue: string,
  env: NodeJS.ProcessEnv,
): ResolvedTable<typeof WORKER_OPTIONS> {
  const config = configPart('worker');
  return resolveTable(WORKER_OPTIONS, { given: options, where: 'createWorker', env, config, facts: { defaultQueue } });
}
