import { type Clock, type Lease, type Logger, TqError } from '@tq/core/internal';
import type { Executor } from './execution/execute.js';
import type { Run } from './run.js';

/** What the timeouts of one queue need around them. */
export interface ConsumerTimeoutsOptions {
  /** Full name, prefix included. */
  readonly queue: string;
  /** Each of its deliveries has a channel of its own, so that a channel that timed out tells which run is long. */
  readonly long: boolean;
  readonly executor: Pick<Executor, 'heldBy' | 'giveUp'>;
  /** Leaves a dead letter of a run that is over, answers its caller, and acks. */
  readonly bury: (over: Run, error: TqError) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The part of a timeout, and the most, ms, that is kept for the dead letter and the reply to arrive in. */
const MARGIN = { part: 0.1, maxMs: 30_000 };

/**
 * What follows when a delivery waits for its ack longer than the broker's `consumer_timeout`. The broker closes its
 * channel and delivers it again. On a queue of long tasks the run goes on, and its redelivery joins it and counts as the
 * last: before that one times out as well the run is given up, while its dead letter and reply can still be published.
 * On any other queue the task is named in the log.
 *
 *   running ── timeout ──> without a delivery ── redelivery ──> running, with a deadline ── deadline ──> given up
 */
export class ConsumerTimeouts {
  readonly #options: ConsumerTimeoutsOptions;
  /** The broker's, ms, as it said last. */
  #timeoutMs = 0;

  constructor(options: ConsumerTimeoutsOptions) {
    this.#options = options;
  }

  /** The broker closed the channel of this lease, since a delivery on it waited longer than `timeoutMs`. */
  timedOut(lease: Lease, timeoutMs: number): void {
    const { executor, queue, long, logger } = this.#options;
    this.#timeoutMs = timeoutMs;
    const [first, ...others] = executor.heldBy(lease);
    if (first === undefined) return;
    const run = others.reduce((longest, other) => (other.startedAt < longest.startedAt ? other : longest), first);
    logger.warn({ queue, id: run.task.id, task: run.task.task, timeoutMs }, long ? LONG : NOT_LONG);
    if (!long) return;
    run.timeouts++;
    // Its redelivery over another channel may have come before the end of this one.
    if (run.alive) this.joined(run);
  }

  /** A redelivery has joined its run. */
  joined(run: Run): void {
    if (run.timeouts === 0 || run.state !== 'running') return;
    const margin = Math.min(this.#timeoutMs * MARGIN.part, MARGIN.maxMs);
    const delay = run.timeouts === 1 ? this.#timeoutMs - margin : 0;
    run.deadline?.cancel();
    run.deadline = this.#options.clock.setTimer(() => {
      if (run.alive) this.#giveUp(run);
    }, delay);
    run.deadline.unref();
  }

  #giveUp(run: Run): void {
    const over = run.surrender();
    if (over === undefined) return;
    // A redelivery of what is given up joins it too, as long as its pool has not come to an end with it.
    run.timeouts = GIVEN_UP;
    const error = tooLong(run.task.task, this.#timeoutMs);
    this.#options.bury(over, error);
    this.#options.executor.giveUp(run, error);
  }
}

const GIVEN_UP = 2;

const LONG =
  "a task ran longer than the broker's consumer_timeout, so its channel was closed; it goes on, and its redelivery joins it";
const NOT_LONG =
  "a task ran longer than the broker's consumer_timeout, so the channel was closed with all deliveries on it; " +
  'name its queue in longTasks (--long-tasks), raise consumer_timeout, or set a timeLimit';

function tooLong(task: string, timeoutMs: number): TqError {
  return new TqError(
    'consumer-timeout',
    `Task '${task}' had to end within two of the broker's consumer_timeout of ${timeoutMs} ms and still runs, ` +
      'so it is given up and not run again. Cut it into smaller tasks, give it a timeLimit, or raise consumer_timeout in rabbitmq.conf.',
    { fields: { task, timeoutMs } },
  );
}
