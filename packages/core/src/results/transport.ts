import type { ChordQueue } from '../broker/chord-queue.js';
import type { Route } from '../broker/delay-ladder.js';
import { TqError } from '../errors.js';
import type { Envelope } from '../protocol/envelope.js';
import type { InboundMessage, OutboundMessage } from '../protocol/message.js';
import type { Reply } from '../protocol/reply.js';

/** Who published a message, told of what becomes of it. */
export interface PublishListener {
  /** The broker has confirmed it: every queue that it goes to has it. */
  confirmed(): void;
  /** It was not published, or nobody knows whether it was. Called once, at the end. */
  failed(error: Error): void;
}

/** Who made a call, told of what becomes of it. */
export interface CallListener extends PublishListener {
  /** The broker has confirmed that the message is in its queue. */
  confirmed(): void;
  /** The call failed before a reply: not published, or its replies may be lost. Called once, at the end. */
  failed(error: Error): void;
  /** A reply came; after a final one the transport forgets the call. */
  replied(reply: Reply): void;
  /** A call gets replies of tasks, and a question whatever a foreign program answers. */
  answered?: undefined;
}

/** Who asked a program that knows no tasks, told of what becomes of the question. */
export interface QuestionListener extends Pick<CallListener, 'confirmed' | 'failed'> {
  /** The first message with the question's correlation id, as it came; the transport has forgotten the question. */
  answered(message: InboundMessage): void;
}

/** Who waits for a later step of what a call begins. */
export interface Follower {
  readonly taskId: string;
  /** Never told of a confirm: somebody else publishes the step, when the one before it has ended. */
  readonly listener: CallListener;
}

/** Where a call goes that is for no queue in particular. */
export interface CallTarget extends Route {
  /** False for what may be for nobody, as a broadcast. Default: true. */
  readonly mandatory?: boolean | undefined;
}

/** A call on its way out. */
export interface OutgoingCall {
  /** The reply address is the transport's to fill in; `ignoreResult` leaves it out. */
  readonly envelope: Envelope;
  readonly queue: string;
  /** Where it goes instead of to the queue: an exchange by its full name, and a routing key. */
  readonly target?: CallTarget | undefined;
  /** When the task may start at the earliest, ms since the epoch: it is delayed until then. As in the envelope. */
  readonly eta?: number | undefined;
  /** How long the confirm may take, ms. */
  readonly publishTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly listener: CallListener;
  /** Queues in which replies are joined: they have to be there before the call is published. Default: none. */
  readonly chords?: readonly ChordQueue[] | undefined;
  /**
   * Later steps, whose replies come where its own does, whoever publishes them: waited for from before the publish on, and
   * told when it fails. Default: none.
   */
  readonly followers?: readonly Follower[] | undefined;
}

/** A message on its way out that is no call: an event, or what a plain program reads. */
export interface OutgoingMessage {
  /** An exchange by its full name, and a routing key; the exchange `''` and the full name of a queue. */
  readonly target: Route;
  readonly message: OutboundMessage;
  /** It fails with `unroutable` when no queue takes it; otherwise it may be for nobody. */
  readonly mandatory: boolean;
  /** How long the confirm may take, ms. */
  readonly publishTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly listener: PublishListener;
}

/** A plain message on its way out whose answer comes to the reply queue. */
export interface OutgoingQuestion {
  /** Full names. */
  readonly target: Route;
  /** `correlationId` is the question's id, which the answer echoes; the reply address is the transport's to fill in. */
  readonly message: OutboundMessage & { readonly properties: { readonly correlationId: string } };
  /** How long the confirm may take, ms. */
  readonly publishTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly listener: QuestionListener;
}

/** What is known of a queue when a result does not come. */
export interface QueueStatus {
  /** Messages ready in the queue. */
  readonly messages: number;
  readonly consumers: number;
  /** Every reply that was sent before has come in. */
  readonly caughtUp: boolean;
}

/**
 * Carries calls out and replies back: the broker's connection in a program, the parent's port in a child of a pool,
 * which never connects.
 */
export interface Transport {
  /** Sends a call. Never throws: whatever happens reaches the call's listener, and never before this returns. */
  send(call: OutgoingCall): void;
  /**
   * Publishes a message. A queue is not looked at and never declared: one that is missing gives back what is mandatory.
   * Never throws: whatever happens reaches the listener, and never before this returns.
   */
  publish(message: OutgoingMessage): void;
  /** Sends a question; like `send` otherwise. Nothing is declared for it. */
  ask(question: OutgoingQuestion): void;
  /**
   * Takes the questions for workflows that other programs ask, from now on. Absent in a child of a pool, which nobody can
   * ask, and in an eager app.
   */
  takeQuestions?(take: (question: InboundMessage) => void): void;
  /** Stops listening for the replies of a call, or the answer to a question. */
  forget(id: string): void;
  /** Keeps the process alive while somebody waits for a reply; call the function that it returns when the wait ends. */
  hold(): () => void;
  /** Resolves when one more call finds room in the outbox; undefined when there is room now. */
  room(): Promise<void> | undefined;
  /** What the broker says of a queue, nothing in it where it is gone; undefined where the broker cannot be asked. */
  queueStatus(queue: string): Promise<QueueStatus | undefined>;
}

/** A call was not published, or nobody knows: tells whoever waits for it, and for what would follow it. */
export function failCall({ listener, followers }: Pick<OutgoingCall, 'listener' | 'followers'>, error: Error): void {
  listener.failed(error);
  if (followers !== undefined) for (const follower of followers) follower.listener.failed(error);
}

/** What follows it is answered where it would be, though its own result may be nobody's business. */
export function isAnswered({ envelope, followers }: OutgoingCall): boolean {
  return !envelope.ignoreResult || followers !== undefined;
}

/** What a wait ends with that an app's close() finds open. */
export function closedMeanwhile(taskId: string): TqError {
  const text = 'The app was closed before the result came; the task itself goes on.';
  return new TqError('closed', text, { fields: { taskId } });
}
