import {
  assertNever,
  type Clock,
  type DeadLetterReason,
  type EncodedError,
  encodeError,
  encodeRevocation,
  type FinalState,
  type Headers,
  type JobEnd,
  nextTryHeaders,
  type TaskMessage,
  TQ_HEADER,
  TqError,
} from '@tq/core/internal';

/** Why a delivery is given up. */
export interface Death {
  readonly reason: DeadLetterReason;
  readonly failure: EncodedError;
}

/** What is to become of a delivery. */
export type Outcome =
  /** It is done: tell the caller, then ack. */
  | { readonly kind: 'done'; readonly state: FinalState }
  /** Something else runs in its place: publish that, then ack. */
  | { readonly kind: 'replaced'; readonly stepText: string }
  /** It is given up: leave a dead letter, tell the caller of the failure, then ack. */
  | ({ readonly kind: 'dead' } & Death)
  /** Once more: publish a copy with these headers to the same queue, then ack. */
  | { readonly kind: 'again'; readonly headers: Headers }
  /** Once more, and later: let the broker keep a copy with these headers for so long, then ack. */
  | Later
  /** It is nothing to this worker, and others have got it too: ack. */
  | { readonly kind: 'ignored' }
  /** Give it back to the queue as it is. */
  | { readonly kind: 'give-back' };

/** A delivery that comes back to its queue after a delay. */
export interface Later {
  readonly kind: 'later';
  readonly why: 'retry' | 'eta' | 'unknown-task';
  /** ms, from 0 on. */
  readonly delayMs: number;
  readonly headers: Headers;
  /** What becomes of it where it cannot be delayed; for a retry also what its caller is told on the way. */
  readonly otherwise: Death;
}

/** Tells ms since the epoch. */
export type WallClock = Pick<Clock, 'wallTime'>;

/** How often a task may take its surroundings down before it is given up. */
export interface LossLimits {
  /** Pool children that may die with one task. */
  readonly lost: number;
  /** Deliveries that may end without an ack: the whole worker died, or its connection. */
  readonly deliveries: number;
}

/**
 * The end with a delay that the broker can hold: a longer one is cut, since a task that is tried again too soon is better
 * than one that is given up.
 */
export function withinReach(end: JobEnd, maxDelayMs: number): JobEnd {
  return end.kind === 'retry' && end.delayMs > maxDelayMs ? { ...end, delayMs: maxDelayMs } : end;
}

/**
 * Decides what follows from how a run ended.
 * @param clock asked only where a time is needed
 */
export function outcomeOf(end: JobEnd, task: TaskMessage, limits: LossLimits, clock: WallClock): Outcome {
  switch (end.kind) {
    case 'success':
      return { kind: 'done', state: { status: 'SUCCESS', resultText: end.resultText } };
    case 'replaced':
      return end;
    case 'failure':
      return { kind: 'dead', reason: 'failed', failure: end.failure };
    case 'retry':
      return afterFailure(end, task, clock.wallTime());
    case 'ignored':
      return { kind: 'done', state: { status: 'REVOKED', failure: encodeRevocation('ignored', end.failure) } };
    case 'rejected':
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

function afterFailure({ failure, delayMs }: Extract<JobEnd, { kind: 'retry' }>, task: TaskMessage, now: number): Later {
  const headers = nextTryHeaders(task, { failure, delayMs, now });
  return { kind: 'later', why: 'retry', delayMs, headers, otherwise: { reason: 'failed', failure } };
}

function afterLoss(how: string, message: TaskMessage, limits: LossLimits): Outcome {
  const { task, lost } = message;
  const times = lost + 1;
  if (times < limits.lost) return again(message, { [TQ_HEADER.lost]: times });
  const text = `Task '${task}' ended its child ${times} times, the limit is ${limits.lost}; the last time: ${how}.`;
  return dead('worker-lost', new TqError('worker-lost', text));
}

/** The copy starts at once: a start that its caller asked for has come. */
export function again({ foreign }: TaskMessage, headers: Headers): Outcome {
  return { kind: 'again', headers: foreign === undefined ? { ...headers, eta: undefined } : headers };
}

/** Gives a message up for this error. */
export function dead(reason: DeadLetterReason, error: Error): Outcome {
  return { kind: 'dead', ...death(reason, error) };
}

/** The same, where it is not an outcome yet. */
export function death(reason: DeadLetterReason, error: Error): Death {
  return { reason, failure: { ...encodeError(error), traceback: null } };
}
