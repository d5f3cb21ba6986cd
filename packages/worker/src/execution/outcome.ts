import {
  assertNever,
  type DeadLetterReason,
  type EncodedError,
  encodeError,
  encodeRevocation,
  type FinalState,
  type Headers,
  type JobEnd,
  type TaskMessage,
  TQ_HEADER,
  TqError,
  unknownTask,
} from '@tq/core/internal';

/** What is to become of a delivery. */
export type Outcome =
  /** It is done: tell the caller, then ack. */
  | { readonly kind: 'done'; readonly state: FinalState }
  /** It is given up: leave a dead letter, tell the caller of the failure, then ack. */
  | { readonly kind: 'dead'; readonly reason: DeadLetterReason; readonly failure: EncodedError }
  /** Once more: publish a copy with these headers to the same queue, then ack. */
  | { readonly kind: 'again'; readonly headers: Headers }
  /** Give it back to the queue as it is. */
  | { readonly kind: 'give-back' };

/** How often a task may take its surroundings down before it is given up. */
export interface LossLimits {
  /** Pool children that may die with one task. */
  readonly lost: number;
  /** Deliveries that may end without an ack: the whole worker died, or its connection. */
  readonly deliveries: number;
}

/** Decides what follows from how a run ended. */
export function outcomeOf(end: JobEnd, task: TaskMessage, limits: LossLimits): Outcome {
  switch (end.kind) {
    case 'success':
      return { kind: 'done', state: { status: 'SUCCESS', resultText: end.resultText } };
    case 'failure':
    case 'retry':
    case 'rejected':
      return { kind: 'dead', reason: 'failed', failure: end.failure };
    case 'ignored':
      return { kind: 'done', state: { status: 'FAILURE', failure: end.failure } };
    case 'poison':
    case 'refused':
    case 'unknown-task':
      return { kind: 'dead', reason: end.kind, failure: end.failure };
    case 'lost':
      return afterLoss(end.how, task, limits);
    case 'stopped':
      return { kind: 'give-back' };
    default:
      return assertNever(end);
  }
}

function afterLoss(how: string, { task, lost }: TaskMessage, limits: LossLimits): Outcome {
  const times = lost + 1;
  if (times < limits.lost) return { kind: 'again', headers: { [TQ_HEADER.lost]: times } };
  const text = `Task '${task}' ended its child ${times} times, the limit is ${limits.lost}; the last time: ${how}.`;
  return dead('worker-lost', new TqError('worker-lost', text));
}

/** What is refused before a slot is asked. */
export interface IntakeFacts {
  readonly task: TaskMessage;
  /** The broker has delivered this very message before. */
  readonly redelivered: boolean;
  /** Quorum queues count deliveries themselves; classic ones only tell that there was one. */
  readonly counted: boolean;
  readonly limits: LossLimits;
  /** ms since the epoch. */
  readonly now: number;
  readonly knows: (task: string) => boolean;
}

/** Decides whether a delivery may run (undefined) or how it ends unstarted. */
export function refusalOf({ task, redelivered, counted, limits, now, knows }: IntakeFacts): Outcome | undefined {
  if (isLate(task, now)) return EXPIRED;
  if (!knows(task.task)) {
    return dead('unknown-task', unknownTask(task.task));
  }
  if (task.eta !== undefined && task.eta > now) {
    const text = `The task asks to start at ${new Date(task.eta).toISOString()}; this version cannot delay and never runs early.`;
    return dead('refused', new TqError('refused', text));
  }
  if (task.earlierDeliveries >= limits.deliveries) {
    const text = `Task '${task.task}' was delivered ${task.earlierDeliveries} times and its worker never came to an end with it; the limit is ${limits.deliveries}.`;
    return dead('worker-lost', new TqError('worker-lost', text));
  }
  // A classic queue counts nothing, so a copy carries the count before the task may take this worker down as well.
  if (redelivered && !counted) {
    return { kind: 'again', headers: { [TQ_HEADER.redeliveries]: task.earlierDeliveries + 1 } };
  }
  return undefined;
}

/** True when it is too late to start the task. */
export function isLate({ expires }: TaskMessage, now: number): boolean {
  return expires !== undefined && expires <= now;
}

/** What becomes of a task that is late. */
export const EXPIRED = { kind: 'dead', reason: 'expired', failure: encodeRevocation('expired') } as const;

/** Gives a message up for this error. */
export function dead(reason: DeadLetterReason, error: Error): Outcome {
  return { kind: 'dead', reason, failure: { ...encodeError(error), traceback: null } };
}
