import {
  assertNever,
  type Clock,
  decodeError,
  type EncodedError,
  type JobEnd,
  type Observers,
  type RemoteError,
  type TaskIdentity,
  type TaskMessage,
  type WorkerEvents,
} from '@tq/core/internal';
import type { Run } from '../run.js';
import type { Death } from './outcome.js';

const EVENT_OF = {
  success: 'task:succeeded',
  failure: 'task:failed',
  retry: 'task:retried',
  replaced: 'task:replaced',
  rejected: 'task:rejected',
  ignored: 'task:ignored',
  poison: 'task:refused',
  refused: 'task:refused',
  'unknown-task': 'task:refused',
  lost: 'task:lost',
  stopped: 'task:returned',
} as const satisfies Record<JobEnd['kind'], keyof WorkerEvents>;

/** Tells a worker's observers how its runs begin and end; what nobody listens to costs a look-up. */
export class RunEvents {
  readonly #observers: Observers<WorkerEvents>;
  readonly #clock: Clock;
  readonly #lostLimit: number;

  /** @param lostLimit losses at which a task is given up */
  constructor(observers: Observers<WorkerEvents>, clock: Clock, lostLimit: number) {
    this.#observers = observers;
    this.#clock = clock;
    this.#lostLimit = lostLimit;
  }

  /** A run gets its slot. */
  started(run: Run): void {
    run.startedAt = this.#clock.monotonic();
    if (this.#observers.has('task:started')) this.#observers.emit('task:started', identityOf(run));
  }

  /** A run is over. */
  ended(run: Run, end: JobEnd): void {
    if (!this.#observers.has(EVENT_OF[end.kind])) return;
    const identity = identityOf(run);
    const durationMs = this.#clock.monotonic() - run.startedAt;
    switch (end.kind) {
      case 'success':
        this.#observers.emit('task:succeeded', { ...identity, durationMs });
        return;
      case 'replaced':
        this.#observers.emit('task:replaced', { ...identity, durationMs });
        return;
      case 'retry': {
        const { delayMs, failure } = end;
        this.#observers.emit('task:retried', { ...identity, durationMs, delayMs, error: remoteError(failure) });
        return;
      }
      case 'rejected':
      case 'ignored':
        this.#observers.emit(EVENT_OF[end.kind], { ...identity, durationMs, error: remoteError(end.failure) });
        return;
      case 'failure':
        this.#observers.emit('task:failed', { ...identity, durationMs, error: remoteError(end.failure) });
        return;
      case 'poison':
      case 'refused':
      case 'unknown-task':
        this.givenUp(run.queue, run.task, { reason: end.kind, failure: end.failure });
        return;
      case 'lost': {
        const losses = run.task.lost + 1;
        const givenUp = losses >= this.#lostLimit;
        this.#observers.emit('task:lost', { ...identity, durationMs, how: end.how, losses, givenUp });
        return;
      }
      case 'stopped':
        this.#observers.emit('task:returned', { ...identity, durationMs });
        return;
      default:
        assertNever(end);
    }
  }

  /** A task came too late to start. */
  expired(queue: string, task: TaskMessage): void {
    if (task.expires === undefined || !this.#observers.has('task:expired')) return;
    this.#observers.emit('task:expired', { ...identityOf({ task, queue }), expires: new Date(task.expires) });
  }

  /** A delivery is given up; `task` is undefined where the message could not be read. */
  givenUp(queue: string, task: TaskMessage | undefined, { reason, failure }: Death): void {
    if (!this.#observers.has('task:refused')) return;
    const error = remoteError(failure);
    this.#observers.emit('task:refused', { id: task?.id, task: task?.task, queue, reason, error });
  }

  /** A queue is consumed, or is not any more for this reason. */
  consumed(queue: string, lost?: Error): void {
    if (lost === undefined) this.#observers.emit('queue:attached', { queue });
    else this.#observers.emit('queue:detached', { queue, error: lost });
  }
}

function remoteError({ error, traceback }: EncodedError): RemoteError {
  return decodeError(error, traceback);
}

function identityOf({ task, queue }: Pick<Run, 'task' | 'queue'>): TaskIdentity {
  const { id, rootId, parentId, headers } = task;
  return { id, task: task.task, queue, attempt: task.retries + 1, rootId, parentId, headers };
}
