import { assertNever, toError } from '../errors.js';
import { findTask } from '../execution/find-task.js';
import type { JobEnd } from '../execution/job.js';
import { type Embed, NO_EMBED, readEmbed } from '../protocol/canvas/embed.js';
import type { TaskMessage } from '../protocol/envelope.js';
import { encodeError, encodeRevocation } from '../protocol/error-codec.js';
import { nextTryHeaders } from '../protocol/next-try.js';
import type { Preset } from '../protocol/preset.js';
import type { TaskProgress } from '../protocol/progress.js';
import type { FinalState, RetryState } from '../protocol/reply.js';
import { failureEnvelope } from '../protocol/task-failure.js';
import type { Runtime } from '../runtime.js';
import type { Registry } from '../task/registry.js';
import { EagerCanvas, type FollowedRun, type RunFailure } from './eager-canvas.js';
import type { EagerMessage } from './eager-message.js';
import type { Encoder } from './encoder.js';

export interface EagerEndingsOptions {
  readonly runtime: Runtime;
  /** The app's own tasks, which win over those of other apps of the process. */
  readonly registry: Registry;
  readonly preset: Preset;
  readonly encode: Encoder;
  readonly maxMessageBytes: number;
  /** Tells the caller of a task how it goes on, or how it ended. */
  readonly reply: (taskId: string, state: EagerReply) => void;
  /** Runs a message, at once or when its time comes (ms since the epoch). */
  readonly take: (taken: EagerMessage, startsAt: number | undefined) => void;
}

/** What the caller of a task is told. */
export type EagerReply =
  | FinalState
  | RetryState
  | { readonly status: 'STARTED' }
  | { readonly status: 'PROGRESS'; readonly progress: TaskProgress };

/** What becomes of the runs of an eager app: callers are told, failed tasks tried again, and what follows is sent. */
export class EagerEndings {
  readonly #options: EagerEndingsOptions;
  readonly #canvas: EagerCanvas;

  constructor(options: EagerEndingsOptions) {
    this.#options = options;
    const take = (message: EagerMessage['message'], queue: string, startsAt: number | undefined) =>
      options.take({ message, queue }, startsAt);
    this.#canvas = new EagerCanvas({ ...options, take });
  }

  ended(taken: EagerMessage, task: TaskMessage, end: JobEnd): void {
    switch (end.kind) {
      case 'success':
        this.#succeeded(taken, task, end.resultText);
        return;
      case 'retry':
        this.#again(taken, task, end);
        return;
      case 'replaced':
        this.#replaced(taken, task, end.stepText);
        return;
      case 'ignored':
        this.#revoked(taken, task, { status: 'REVOKED', failure: encodeRevocation('ignored', end.failure) });
        return;
      case 'failure':
        this.#failed(taken, task, { reason: 'failed', failure: end.failure });
        return;
      case 'rejected':
      case 'poison':
      case 'refused':
      case 'unknown-task':
        this.#failed(taken, task, { reason: end.kind, failure: end.failure });
        return;
      case 'lost':
      case 'stopped':
        throw new Error(`A task of an eager app cannot end as ${end.kind}.`);
      default:
        assertNever(end);
    }
  }

  /** It was too late to start it. */
  expired(taken: EagerMessage, task: TaskMessage): void {
    const what = { id: task.id, task: task.task, queue: taken.queue, expires: task.expires && new Date(task.expires) };
    this.#options.runtime.logger.info(what, 'task expired before it could start');
    this.#revoked(taken, task, { status: 'REVOKED', failure: encodeRevocation('expired') });
  }

  #succeeded(taken: EagerMessage, task: TaskMessage, resultText: string): void {
    let failed: RunFailure | undefined;
    try {
      const run = followedRun(taken, task);
      if (run === undefined) this.#options.reply(task.id, { status: 'SUCCESS', resultText });
      else failed = this.#canvas.succeed(run, resultText);
    } catch (thrown) {
      failed = { reason: 'poison', failure: encodeError(toError(thrown)) };
    }
    if (failed !== undefined) this.#failed(taken, task, failed);
  }

  #replaced(taken: EagerMessage, task: TaskMessage, stepText: string): void {
    const { queue } = taken;
    const { embed } = readableRun(taken, task) ?? { embed: NO_EMBED };
    const failed = this.#canvas.replace({ task, embed, queue }, stepText);
    if (failed !== undefined) this.#failed(taken, task, failed);
  }

  #revoked(taken: EagerMessage, task: TaskMessage, state: FinalState): void {
    const run = readableRun(taken, task);
    if (run === undefined) this.#options.reply(task.id, state);
    else this.#canvas.revoke(run, state);
  }

  /** The next try is a message of its own. */
  #again(taken: EagerMessage, task: TaskMessage, { failure, delayMs }: Extract<JobEnd, { kind: 'retry' }>): void {
    const { runtime, reply, take } = this.#options;
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
    take({ ...taken, message: { ...message, properties: { ...message.properties, headers } } }, now + delayMs);
  }

  #failed(taken: EagerMessage, task: TaskMessage, { reason, failure }: RunFailure): void {
    const { runtime, reply, registry, preset, encode, take } = this.#options;
    const { queue } = taken;
    const what = { id: task.id, task: task.task, queue, error: failure.error.exc_type, stack: failure.traceback };
    runtime.logger.warn(what, `task failed: ${String(failure.error.exc_message)}`);
    const run = readableRun(taken, task);
    if (run === undefined) reply(task.id, { status: 'FAILURE', failure });
    else this.#canvas.fail(run, { reason, failure });
    const onFailure = task.onFailure ?? findTask(task.task, registry)?.onFailure;
    if (onFailure === undefined) return;
    const envelope = failureEnvelope(onFailure, { message: task, queue, reason, failure }, preset);
    take({ message: encode(envelope, undefined), queue: onFailure.queue }, undefined);
  }
}

/**
 * The run of a task that something follows; undefined where nothing does.
 * @throws {TqError} `poison`
 */
function followedRun({ queue }: EagerMessage, task: TaskMessage): FollowedRun | undefined {
  const embed: Embed | undefined = task.foreign === undefined ? readEmbed(task.bodyText) : undefined;
  return embed && { task, embed, queue };
}

/** The same of a task that has failed: what cannot be read is not followed. */
function readableRun(taken: EagerMessage, task: TaskMessage): FollowedRun | undefined {
  try {
    return followedRun(taken, task);
  } catch {
    return undefined;
  }
}
