import { AsyncResource } from 'node:async_hooks';
import * as failures from '../broker/publish-failure.js';
import { assertNever, type PublishError } from '../errors.js';
import { findTask } from '../execution/find-task.js';
import { type Job, type JobEnd, toJob } from '../execution/job.js';
import { limitsFor, softestLimit } from '../execution/limits-for.js';
import { type JobRun, runJob } from '../execution/run-job.js';
import { decodeEnvelope } from '../protocol/envelope.js';
import type { InboundMessage, OutboundMessage } from '../protocol/message.js';
import { decodeReply, encodeReplyWithin, type FinalState } from '../protocol/reply.js';
import { NO_TIME_LIMITS } from '../protocol/time-limits.js';
import {
  type CallListener,
  closedMeanwhile,
  type OutgoingCall,
  type QueueStatus,
  type Transport,
} from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import type { Registry } from '../task/registry.js';
import type { Timer } from '../time/clock.js';
import type { Deadline, Deadlines } from '../time/deadlines.js';
import type { Encoder } from './encoder.js';

export interface EagerTransportOptions {
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  /** The app's own tasks, which win over those of other apps of the process. */
  readonly registry: Registry;
  readonly maxMessageBytes: number;
  readonly encode: Encoder;
}

/** A reply address that no broker has: nothing is sent to it. */
const REPLY_TO = 'tq.eager';
/** Longer than any wait; the timer is there to keep the process alive, and is cancelled. */
const FOR_LONG_MS = 2_147_483_647;

/**
 * The way of a call in an eager app: it is encoded, decoded, run in this process and answered, by the code that does so
 * on either side of a broker, so that whatever would fail there fails here. A task starts after the code that called it,
 * outside of that code's asynchronous context, as it would in a worker; several run at a time. Nobody can end a task here
 * but itself, so its hard time limit is a soft one.
 */
export class EagerTransport implements Transport {
  readonly #options: EagerTransportOptions;
  /** The context that tasks start in: the app's, and not their caller's. */
  readonly #outside = new AsyncResource('tq.eager');
  readonly #waiters = new Map<string, CallListener>();
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #closed = false;
  #holds = 0;
  #alive: Timer | undefined;

  constructor(options: EagerTransportOptions) {
    this.#options = options;
  }

  send(call: OutgoingCall): void {
    const { envelope, listener } = call;
    const message = this.#options.encode(envelope, envelope.ignoreResult ? undefined : REPLY_TO);
    const refusal = this.#refusal(call, message);
    if (refusal !== undefined) {
      queueMicrotask(() => listener.failed(refusal));
      return;
    }
    if (!envelope.ignoreResult) this.#waiters.set(envelope.id, listener);
    this.#running++;
    // A promise and no timer: what fakes timers in a test does not reach it.
    void this.#outside.runInAsyncScope(() => Promise.resolve().then(() => this.#deliver(call, message)));
  }

  forget(taskId: string): void {
    this.#waiters.delete(taskId);
  }

  hold(): () => void {
    let held = true;
    if (++this.#holds === 1) this.#alive = this.#options.runtime.clock.setTimer(() => undefined, FOR_LONG_MS);
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holds === 0) this.#alive?.cancel();
    };
  }

  room(): undefined {
    return undefined;
  }

  queueStatus(): Promise<QueueStatus | undefined> {
    return Promise.resolve(undefined);
  }

  /** Resolves when no task runs and none is about to. */
  async whenIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Ends every wait with the code `closed`; tasks that run go on. */
  close(): void {
    this.#closed = true;
    for (const [taskId, listener] of this.#waiters) listener.failed(closedMeanwhile(taskId));
    this.#waiters.clear();
  }

  #refusal({ signal }: OutgoingCall, { body }: OutboundMessage): PublishError | undefined {
    const { maxMessageBytes } = this.#options;
    if (this.#closed) return failures.toPublishError(failures.closedBefore, false);
    if (signal?.aborted) return failures.toPublishError(failures.aborted(signal), false);
    if (body.length <= maxMessageBytes) return undefined;
    return failures.toPublishError(failures.tooLarge(body.length, maxMessageBytes), false);
  }

  #deliver({ listener, queue }: OutgoingCall, message: OutboundMessage): void {
    const { runtime, registry } = this.#options;
    listener.confirmed();
    const job = this.#jobOf({ ...message, exchange: '', routingKey: queue, redelivered: false }, queue);
    let deadline: Deadline | undefined;
    let ended = false;
    const run = runJob(
      job,
      runtime.logger,
      (end) => {
        ended = true;
        if (deadline !== undefined) this.#options.deadlines.cancel(deadline);
        this.#ended(job, end);
      },
      registry,
    );
    if (job.limits !== undefined && !ended) deadline = this.#limit(run, softestLimit(job.limits));
  }

  #limit(run: JobRun, limitMs: number): Deadline {
    return this.#options.deadlines.set(limitMs, () => run.exceedSoftLimit(limitMs));
  }

  #jobOf(message: InboundMessage, queue: string): Job {
    const task = decodeEnvelope(message);
    const own = findTask(task.task, this.#options.registry)?.limits;
    return toJob(task, queue, limitsFor(task.limits, own, NO_TIME_LIMITS));
  }

  #ended(job: Job, end: JobEnd): void {
    const { maxMessageBytes } = this.#options;
    const state = finalState(end);
    if (state.status === 'FAILURE') this.#logFailure(job, state);
    const listener = this.#waiters.get(job.id);
    this.#waiters.delete(job.id);
    listener?.replied(decodeReply(encodeReplyWithin(maxMessageBytes, job.id, state).body.toString('utf8')));
    if (--this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #logFailure({ id, task, queue }: Job, { failure }: Extract<FinalState, { status: 'FAILURE' }>): void {
    const what = { id, task, queue, error: failure.error.exc_type, stack: failure.traceback };
    this.#options.runtime.logger.warn(what, `task failed: ${String(failure.error.exc_message)}`);
  }
}

/** How a run ended, as its caller is told; a child that dies and a worker that stops are not to be had here. */
function finalState(end: JobEnd): FinalState {
  switch (end.kind) {
    case 'success':
      return { status: 'SUCCESS', resultText: end.resultText };
    case 'failure':
    case 'retry':
    case 'rejected':
    case 'ignored':
    case 'poison':
    case 'refused':
    case 'unknown-task':
      return { status: 'FAILURE', failure: end.failure };
    case 'lost':
    case 'stopped':
      throw new Error(`A task of an eager app cannot end as ${end.kind}.`);
    default:
      return assertNever(end);
  }
}
