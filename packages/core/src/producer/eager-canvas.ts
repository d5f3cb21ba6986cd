import { toError } from '../errors.js';
import { afterFailedJoin, afterFailure, afterJoin, afterSuccess, type Fallen } from '../protocol/canvas/after.js';
import type { Embed } from '../protocol/canvas/embed.js';
import type { ExpandedCall, Expansion } from '../protocol/canvas/expand.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import { type Member, memberOf } from '../protocol/canvas/member.js';
import { afterReplaced } from '../protocol/canvas/replace.js';
import { stateAfter } from '../protocol/canvas/state-after.js';
import { type Sender, type StepMessage, senderOf, stepMessage } from '../protocol/canvas/step-message.js';
import { stepTooLarge } from '../protocol/canvas/step-size.js';
import type { TaskMessage } from '../protocol/envelope.js';
import { type EncodedError, encodeError } from '../protocol/error-codec.js';
import type { OutboundMessage } from '../protocol/message.js';
import type { DeadLetterReason } from '../protocol/names.js';
import type { Preset } from '../protocol/preset.js';
import { type FinalState, resultTooLarge } from '../protocol/reply.js';
import { taskFailureText } from '../protocol/task-failure.js';
import type { Runtime } from '../runtime.js';
import { EagerChords, type MemberEnd, type MemberFailure } from './eager-chords.js';
import type { Encoder } from './encoder.js';

export interface EagerCanvasOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'logger'>;
  readonly preset: Preset;
  readonly encode: Encoder;
  readonly maxMessageBytes: number;
  /** Tells whoever waits for a task how it ended. */
  readonly reply: (taskId: string, state: FinalState) => void;
  /** Runs a message. */
  readonly take: (message: OutboundMessage, queue: string, startsAt: number | undefined) => void;
}

/** A run that something follows. */
export interface FollowedRun {
  readonly task: TaskMessage;
  readonly embed: Embed;
  readonly queue: string;
}

/** How a run failed for good. */
export interface RunFailure {
  readonly reason: DeadLetterReason;
  readonly failure: EncodedError;
}

/**
 * What follows the tasks of an eager app, by the code that says it to a worker too: next steps, callbacks and errbacks are
 * messages of their own, and chords are joined here.
 */
export class EagerCanvas {
  readonly #options: EagerCanvasOptions;
  readonly #chords = new EagerChords();

  constructor(options: EagerCanvasOptions) {
    this.#options = options;
  }

  /**
   * Tells of a success and sends what follows it.
   * @returns why that cannot be: nothing is told or sent then, and the task has failed
   */
  succeed(run: FollowedRun, resultText: string): RunFailure | undefined {
    const { task, embed } = run;
    const sender = senderOf(run.task, run.queue);
    let next: Expansion;
    try {
      next = afterSuccess(embed, { id: task.id, resultText });
    } catch (thrown) {
      return { reason: 'poison', failure: encodeError(toError(thrown)) };
    }
    const { maxMessageBytes } = this.#options;
    const tooLarge = resultTooLarge(maxMessageBytes, task.id, resultText) ?? this.#stepTooLarge(next, sender);
    if (tooLarge !== undefined) return { reason: 'failed', failure: encodeError(tooLarge) };
    this.#options.reply(task.id, { status: 'SUCCESS', resultText });
    this.#send(next, sender);
    this.#ended(memberOf(embed, task), { kind: 'success', resultText }, sender);
    return undefined;
  }

  /**
   * Sends what runs in the place of the task.
   * @returns as `succeed`
   */
  replace(run: FollowedRun, stepText: JsonText): RunFailure | undefined {
    const { task, embed } = run;
    const sender = { ...senderOf(run.task, run.queue), id: task.parentId };
    let next: Expansion;
    try {
      next = afterReplaced(stepText, { ...task, embed });
    } catch (thrown) {
      return { reason: 'poison', failure: encodeError(toError(thrown)) };
    }
    const tooLarge = this.#stepTooLarge(next, sender);
    if (tooLarge !== undefined) return { reason: 'failed', failure: encodeError(tooLarge) };
    this.#send(next, sender);
    return undefined;
  }

  /** Tells of a failure, calls the errbacks, and fails chords whose members can never come now. */
  fail({ task, embed, queue }: FollowedRun, { reason, failure }: RunFailure): void {
    const failureText = taskFailureText({ message: task, queue, reason, failure });
    const failed = { ...failedOf(task), failureText };
    this.#fall({ task, embed, queue }, { kind: 'failure', state: { status: 'FAILURE', failure }, failed });
  }

  /** Tells that it did not run to its end, which is no failure: nobody is called for that. */
  revoke({ task, embed, queue }: FollowedRun, state: FinalState): void {
    const failed = { ...failedOf(task), failureText: 'null' };
    this.#fall({ task, embed: { ...embed, errbacks: [] }, queue }, { kind: 'failure', state, failed });
  }

  #fall(run: FollowedRun, end: MemberFailure): void {
    const { task, embed } = run;
    this.#options.reply(task.id, end.state);
    const sender = senderOf(run.task, run.queue);
    this.#spread(afterFailure(embed, end.failed), end, sender);
    this.#ended(memberOf(embed, task), end, sender);
  }

  #spread({ errbacks, members, awaited }: Fallen, end: MemberFailure, sender: Sender): void {
    this.#send(errbacks, sender);
    for (const { taskId, after } of awaited)
      this.#options.reply(taskId, after ? stateAfter(after, end.state) : end.state);
    for (const member of members) this.#ended(member, end, sender);
  }

  /** @param member undefined where the task is in no chord */
  #ended(member: Member | undefined, end: MemberEnd, sender: Sender): void {
    const joined = member && this.#chords.ended(member, end);
    if (member === undefined || joined === undefined) return;
    if ('results' in joined) {
      this.#send(afterJoin(member, joined.results), sender);
      return;
    }
    const { failure } = joined;
    const { entries, ...fallen } = afterFailedJoin(member, failure.failed);
    for (const { id } of entries) this.#options.reply(id, failure.state);
    this.#spread(fallen, failure, sender);
  }

  #send({ calls }: Expansion, sender: Sender): void {
    for (const call of calls) {
      const message = this.#messageOf(call, sender);
      const { envelope, replyTo, queue } = message;
      const tooLarge = stepTooLarge(message, this.#options.maxMessageBytes);
      if (tooLarge === undefined) this.#options.take(this.#options.encode(envelope, replyTo), queue, envelope.eta);
      else this.#unsent(call, message, tooLarge);
    }
  }

  /** A step that cannot be sent ends as if it had run and failed. */
  #unsent(call: ExpandedCall, { envelope, replyTo, queue }: StepMessage, error: Error): void {
    const { id, task, rootId } = envelope;
    this.#options.runtime.logger.error({ id, task, queue, err: error }, 'a step that follows a task cannot be sent');
    const failure = { ...encodeError(error), traceback: null };
    const failureText = taskFailureText({ message: { id, task, retries: 0 }, queue, reason: 'refused', failure });
    const end: MemberFailure = {
      kind: 'failure',
      state: { status: 'FAILURE', failure },
      failed: { id, failureText, unheard: envelope.ignoreResult ? task : undefined },
    };
    this.#options.reply(id, end.state);
    const sender = { id, rootId, replyTo, queue };
    this.#spread(afterFailure(call.embed, end.failed), end, sender);
    this.#ended(memberOf(call.embed, call.step), end, sender);
  }

  #stepTooLarge({ calls }: Expansion, sender: Sender): Error | undefined {
    const { maxMessageBytes } = this.#options;
    return calls.map((call) => stepTooLarge(this.#messageOf(call, sender), maxMessageBytes)).find(Boolean);
  }

  #messageOf(call: ExpandedCall, sender: Sender): StepMessage {
    const { preset, runtime } = this.#options;
    return stepMessage(call, sender, { preset, now: runtime.clock.wallTime() });
  }
}

function failedOf({ id, task, ignoreResult }: TaskMessage) {
  return { id, unheard: ignoreResult ? task : undefined };
}
