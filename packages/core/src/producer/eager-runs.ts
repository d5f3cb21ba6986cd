import { AsyncResource } from 'node:async_hooks';
import type { Route } from '../broker/delay-ladder.js';
import { assertNever } from '../errors.js';
import { findTask } from '../execution/find-task.js';
import { type JobEnd, toJob } from '../execution/job.js';
import { limitsFor, softestLimit } from '../execution/limits-for.js';
import { ProgressPacer } from '../execution/progress-pacer.js';
import { type JobRun, runJob } from '../execution/run-job.js';
import { decodeEnvelope, type TaskMessage } from '../protocol/envelope.js';
import { type EncodedError, encodeRevocation } from '../protocol/error-codec.js';
import type { OutboundMessage } from '../protocol/message.js';
import type { DeadLetterReason } from '../protocol/names.js';
import { nextTryHeaders } from '../protocol/next-try.js';
import { decodePlain, type PlainReading } from '../protocol/plain-message.js';
import type { Preset } from '../protocol/preset.js';
import type { TaskProgress } from '../protocol/progress.js';
import type { FinalState, RetryState } from '../protocol/reply.js';
import { failureEnvelope } from '../protocol/task-failure.js';
import { NO_TIME_LIMITS } from '../protocol/time-limits.js';
import type { Runtime } from '../runtime.js';
import type { Registry } from '../task/registry.js';
import type { Timer } from '../time/clock.js';
import type { Deadline, Deadlines } from '../time/deadlines.js';
import type { Encoder } from './encoder.js';

export interface EagerRunsOptions {
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** The app's own tasks, which win over those of other apps of the process. */
  readonly registry: Registry;
  readonly preset: Preset;
  readonly encode: Encoder;
  /** Tells the caller of a task how it goes on, or how it ended. */
  readonly reply: (taskId: string, state: EagerReply) => void;
}

/** What the caller of a task is told. */
export type EagerReply =
  | FinalState
  | RetryState
  | { readonly status: 'STARTED' }
  | { readonly status: 'PROGRESS'; readonly progress: TaskProgress };

/** A message that was taken, and where it was sent. */
interface Taken {
  readonly message: OutboundMessage;
  readonly queue: string;
  /** What takes it, when it is no task's message. */
  readonly subscription?: EagerSubscription | undefined;
}

/** A subscription that takes a message, and where that was published to. */
export interface EagerSubscription extends Pick<PlainReading, 'task' | 'format'> {
  readonly target: Route;
}

/**
 * Runs messages as a worker would: each at its time, try after try, to its end. What waits for its time waits for the
 * app's clock, in this process.
 */
export class EagerRuns {
  readonly #options: EagerRunsOptions;
  /** The context that tasks start in: the app's, and not their caller's. */
  readonly #outside = new AsyncResource('tq.eager');
  readonly #waiting = new Set<Timer>();
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(options: EagerRunsOptions) {
    this.#options = options;
  }

  /**
   * Runs a message after the code that calls this, or when its time comes.
   * @param startsAt ms since the epoch; undefined for at once
   */
  take(taken: Taken, startsAt: number | undefined): void {
    const delayMs = startsAt === undefined ? 0 : startsAt - this.#options.runtime.clock.wallTime();
    if (delayMs > 0) this.#wait(taken, delayMs);
    else this.#start(taken);
  }

  /** Resolves when no task runs and none is about to; what waits for its time is not. */
  async whenIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Forgets what waits for its time; tasks that run go on. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#waiting) timer.cancel();
    this.#forget(this.#waiting.size);
    this.#waiting.clear();
  }

  #wait(taken: Taken, delayMs: number): void {
    if (this.#closed) {
      this.#forget(1);
      return;
    }
    const timer = this.#options.runtime.clock.setTimer(() => {
      this.#waiting.delete(timer);
      this.#start(taken);
    }, delayMs);
    this.#waiting.add(timer);
  }

  #forget(tasks: number): void {
    if (tasks === 0) return;
    this.#options.runtime.logger.warn(
      { tasks },
      'the eager app was closed while tasks waited for their time: they do not run',
    );
  }

  #start(taken: Taken): void {
    this.#running++;
    // A promise and no timer: what fakes timers in a test does not reach it.
    void this.#outside.runInAsyncScope(() => Promise.resolve().then(() => this.#deliver(taken)));
  }

  #deliver(taken: Taken): void {
    const { queue } = taken;
    const task = this.#decode(taken);
    if (task.expires === undefined) {
      this.#run(taken, task);
    } else if (task.expires > this.#options.runtime.clock.wallTime()) {
      this.#options.reply(task.id, { status: 'STARTED' });
      this.#run(taken, task);
    } else {
      this.#tellOfExpiry(task, queue);
      this.#left();
    }
  }

  #decode({ message, queue, subscription }: Taken): TaskMessage {
    if (subscription === undefined) {
      return decodeEnvelope({ ...message, exchange: '', routingKey: queue, redelivered: false });
    }
    const { runtime } = this.#options;
    const { target, ...reading } = subscription;
    const now = runtime.clock.wallTime();
    return decodePlain(
      { ...message, ...target, redelivered: false },
      { ...reading, now, newId: () => runtime.newId() },
    );
  }

  #tellOfExpiry({ id, task, expires }: TaskMessage, queue: string): void {
    const { runtime, reply } = this.#options;
    const what = { id, task, queue, expires: expires && new Date(expires) };
    runtime.logger.info(what, 'task expired before it could start');
    reply(id, { status: 'REVOKED', failure: encodeRevocation('expired') });
  }

  #run(taken: Taken, task: TaskMessage): void {
    const { runtime, registry, deadlines } = this.#options;
    const limits = limitsFor(task.limits, findTask(task.task, registry)?.limits, NO_TIME_LIMITS);
    let deadline: Deadline | undefined;
    let ended = false;
    let pacer: ProgressPacer | undefined;
    const report = (progress: TaskProgress) => {
      if (ended) return;
      pacer ??= this.#pacer(task.id);
      pacer.push(progress);
    };
    const done = (end: JobEnd) => {
      ended = true;
      pacer?.end();
      if (deadline !== undefined) deadlines.cancel(deadline);
      this.#ended(taken, task, end);
      this.#left();
    };
    const run = runJob(toJob(task, taken.queue, limits), runtime.logger, done, registry, runtime, report);
    if (limits !== undefined && !ended) deadline = this.#limit(run, softestLimit(limits));
  }

  #pacer(taskId: string): ProgressPacer {
    const { runtime, reply } = this.#options;
    const send = (progress: TaskProgress) => {
      reply(taskId, { status: 'PROGRESS', progress });
      return undefined;
    };
    return new ProgressPacer({ clock: runtime.clock, burst: 1, send });
  }

  #limit(run: JobRun, limitMs: number): Deadline {
    return this.#options.deadlines.set(limitMs, () => run.exceedSoftLimit(limitMs));
  }

  #ended(taken: Taken, task: TaskMessage, end: JobEnd): void {
    const { reply } = this.#options;
    switch (end.kind) {
      case 'success':
        reply(task.id, { status: 'SUCCESS', resultText: end.resultText });
        return;
      case 'retry':
        this.#again(taken, task, end);
        return;
      case 'ignored':
        reply(task.id, { status: 'REVOKED', failure: encodeRevocation('ignored', end.failure) });
        return;
      case 'failure':
        this.#failed(taken, task, 'failed', end.failure);
        return;
      case 'rejected':
      case 'poison':
      case 'refused':
      case 'unknown-task':
        this.#failed(taken, task, end.kind, end.failure);
        return;
      case 'lost':
      case 'stopped':
        throw new Error(`A task of an eager app cannot end as ${end.kind}.`);
      default:
        assertNever(end);
    }
  }

  /** The next try is a message of its own. */
  #again(taken: Taken, task: TaskMessage, { failure, delayMs }: Extract<JobEnd, { kind: 'retry' }>): void {
    const { runtime, reply } = this.#options;
    const { message, queue } = taken;
    const now = runtime.clock.wallTime();
    const what = {
      id: task.id,
      task: task.task,
      queue,
      attempt: task.retries + 1,
      delayMs,
      error: failure.error.exc_type,
    };
    runtime.logger.info(what, `task failed and is tried again: ${String(failure.error.exc_message)}`);
    reply(task.id, { status: 'RETRY', failure });
    const headers = { ...message.properties.headers, ...nextTryHeaders(task, { failure, delayMs, now }) };
    this.take({ ...taken, message: { ...message, properties: { ...message.properties, headers } } }, now + delayMs);
  }

  #failed({ queue }: Taken, task: TaskMessage, reason: DeadLetterReason, failure: EncodedError): void {
    const { runtime, reply, registry, preset, encode } = this.#options;
    const what = { id: task.id, task: task.task, queue, error: failure.error.exc_type, stack: failure.traceback };
    runtime.logger.warn(what, `task failed: ${String(failure.error.exc_message)}`);
    reply(task.id, { status: 'FAILURE', failure });
    const onFailure = task.onFailure ?? findTask(task.task, registry)?.onFailure;
    if (onFailure === undefined) return;
    const envelope = failureEnvelope(onFailure, { message: task, queue, reason, failure }, preset);
    this.take({ message: encode(envelope, undefined), queue: onFailure.queue }, undefined);
  }

  #left(): void {
    if (--this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
