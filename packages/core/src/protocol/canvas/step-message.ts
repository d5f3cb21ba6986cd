import type { Envelope, TaskMessage } from '../envelope.js';
import type { Preset } from '../preset.js';
import { embedText } from './embed.js';
import { bodyTextOf, type ExpandedCall } from './expand.js';
import { endOf, startOf } from './step-times.js';

/** The task whose run sends a step: what the step inherits where it says nothing itself. */
export interface Sender {
  /** Whose children its steps are; undefined where what replaces a root sends them. */
  readonly id: string | undefined;
  readonly rootId: string;
  /** Where the replies of its caller go. */
  readonly replyTo: string | undefined;
  /** Full name of the queue that it was delivered from. */
  readonly queue: string;
}

/**
 * The run of a task as the sender of what follows it.
 * @param queue full name of the queue that the task was delivered from
 */
export function senderOf({ id, rootId, replyTo }: TaskMessage, queue: string): Sender {
  return { id, rootId, replyTo, queue };
}

/** A step as it is to be published. */
export interface StepMessage {
  readonly envelope: Envelope;
  /** Where replies go: its own unless nobody asks for them, and those of what follows it. */
  readonly replyTo: string | undefined;
  /** Full name of its queue; where it goes to an exchange, of the queue of the message before it. */
  readonly queue: string;
  /** Where it goes instead of to a queue. */
  readonly target: { readonly exchange: string; readonly routingKey: string } | undefined;
}

/** What depends on whoever publishes a step. */
export interface StepSettings {
  readonly preset: Preset;
  /** ms since the epoch: a countdown begins here. */
  readonly now: number;
}

/** The call of a step that a run sends: a child of that run's task, with all that its options say. */
export function stepMessage(call: ExpandedCall, sender: Sender, { preset, now }: StepSettings): StepMessage {
  const { step, embed } = call;
  const { id, task, group, options } = step;
  const { ignoreResult = false, priority, limits, retry, onFailure, headers, exchange, routingKey = '' } = options;
  const embedded = embedText(embed, preset);
  const envelope: Envelope = {
    ...{ id, task, rootId: sender.rootId, parentId: sender.id, group, headers },
    replacedNesting: options.replacedNesting,
    ...{ priority, ignoreResult, limits, retry, onFailure, eta: startOf(options, now), expires: endOf(options, now) },
    bodyText: bodyTextOf(call, preset),
    embed: embedded,
  };
  const isAnswered = !ignoreResult || embedded !== undefined;
  return {
    envelope,
    replyTo: isAnswered ? (options.replyTo ?? sender.replyTo) : undefined,
    queue: (exchange === undefined ? options.queue : undefined) ?? sender.queue,
    target: exchange === undefined ? undefined : { exchange, routingKey },
  };
}
