import type { Clock, DeadLetterReason, JobEnd, Logger, TaskMessage, Timer } from '@tq/core/internal';
import type { Run } from '../run.js';

type Counts = Record<JobEnd['kind'] | 'expired' | 'worker-lost', number>;

/**
 * Counts how runs end and logs a summary now and then, since a log line for each costs more than a small task; each
 * is told at debug. What needs somebody's eye is told always: failures here, a child that died by its pool.
 */
export class Tally {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #total: Counts = noCounts();
  #since: Counts = noCounts();
  #timer: Timer | undefined;

  /** @param intervalMs time between two summaries; nothing is logged when nothing ended in between */
  constructor(logger: Logger, clock: Clock, intervalMs: number) {
    this.#logger = logger;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Ends since the worker started, by kind. */
  get total(): Readonly<Counts> {
    return this.#total;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(() => {
      this.#summarize();
      this.start();
    }, this.#intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#summarize();
  }

  ended({ task, queue }: Run, end: JobEnd): void {
    this.#count(end.kind);
    switch (end.kind) {
      case 'failure':
      case 'rejected':
      case 'poison':
      case 'refused':
      case 'unknown-task': {
        const { error, traceback } = end.failure;
        const what = { id: task.id, task: task.task, queue, error: error.exc_type, stack: traceback };
        this.#logger.warn(what, `task failed: ${String(error.exc_message)}`);
        return;
      }
      case 'retry': {
        const { exc_type: error, exc_message: text } = end.failure.error;
        const what = { id: task.id, task: task.task, queue, attempt: task.retries + 1, delayMs: end.delayMs, error };
        this.#logger.info(what, `task failed and is tried again: ${String(text)}`);
        return;
      }
      case 'ignored': {
        const why = end.failure.error.exc_message;
        this.#logger.debug({ id: task.id, task: task.task, queue, end: end.kind, why }, 'task ended');
        return;
      }
      default:
        this.#logger.debug({ id: task.id, task: task.task, queue, end: end.kind }, 'task ended');
    }
  }

  /** A task came too late to start. */
  expired(queue: string, { id, task, expires }: TaskMessage): void {
    this.#count('expired');
    this.#logger.info({ id, task, queue, expires: expires && new Date(expires) }, 'task expired before it could start');
  }

  /** A delivery was given up and no run ended so; whoever gives it up logs why. */
  givenUp(reason: DeadLetterReason): void {
    const kind = reason === 'failed' ? 'failure' : reason;
    if (isCounted(kind)) this.#count(kind);
  }

  #count(kind: keyof Counts): void {
    this.#total[kind]++;
    this.#since[kind]++;
  }

  #summarize(): void {
    const counts = Object.entries(this.#since).filter(([, count]) => count > 0);
    if (counts.length === 0) return;
    this.#since = noCounts();
    this.#logger.info(Object.fromEntries(counts), 'tasks ended since the last summary');
  }
}

/** The rest is for the broker to say. */
function isCounted(kind: string): kind is keyof Counts {
  return kind in NONE;
}

function noCounts(): Counts {
  return {
    ...{ success: 0, failure: 0, retry: 0, replaced: 0, rejected: 0, ignored: 0 },
    ...{ poison: 0, refused: 0, 'unknown-task': 0, lost: 0, stopped: 0, expired: 0, 'worker-lost': 0 },
  };
}

const NONE = noCounts();
