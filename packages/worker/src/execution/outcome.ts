import {
  assertNever,
  type Clock,
  DELIVERY_COUNT_HEADER,
  type DeadLetterReason,
  type EncodedError,
  encodeError,
  encodeRevocation,
  type FinalState,
  formatDuration,
  type Headers,
  hasWaited,
  type InboundMessage,
  type JobEnd,
  nextTryHeaders,
  printIsoTime,
  type TaskMessage,
  TQ_HEADER,
  TqError,
  unknownTask,
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
  /** It is given up: leave a dead letter, tell the caller of the failure, then ack. */
  | ({ readonly kind: 'dead' } & Death)
  /** Once more: publish a copy with these headers to the same queue, then ack. */
  | { readonly kind: 'again'; readonly headers: Headers }
  /** Once more, and later: let the broker keep a copy with these headers for so long, then ack. */
  | Later
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

function afterLoss(how: string, { task, lost }: TaskMessage, limits: LossLimits): Outcome {
  const times = lost + 1;
  if (times < limits.lost) return again({ [TQ_HEADER.lost]: times });
  const text = `Task '${task}' ended its child ${times} times, the limit is ${limits.lost}; the last time: ${how}.`;
  return dead('worker-lost', new TqError('worker-lost', text));
}

/** The copy starts at once: a start that its caller asked for has come. */
function again(headers: Headers): Outcome {
  return { kind: 'again', headers: { ...headers, eta: undefined } };
}

/** What is done with tasks that nobody knows here: given up, at once or after they were sent round for so long, ms. */
export interface UnknownTaskPolicy {
  readonly kind: 'dead-letter' | 'delay';
  readonly limitMs: number;
}

/** A delivery that asks for a slot. */
export interface Arrival {
  readonly task: TaskMessage;
  readonly message: InboundMessage;
}

/** What decides about deliveries before a slot is asked. */
export interface Gates {
  readonly prefix: string;
  readonly limits: LossLimits;
  /** The longest delay that the broker holds, ms. */
  readonly maxDelayMs: number;
  readonly unknownTask: UnknownTaskPolicy;
  readonly clock: WallClock;
  readonly knows: (task: string) => boolean;
}

/** Decides whether a delivery may run (undefined) or what becomes of it unstarted. */
export function refusalOf({ task, message }: Arrival, gates: Gates): Outcome | undefined {
  const untimely =
    task.eta === undefined && task.expires === undefined ? undefined : atAnotherTime(task, message, gates);
  if (untimely !== undefined) return untimely;
  const { limits, knows } = gates;
  if (!knows(task.task)) return afterNobodyKnewIt(task, gates);
  if (task.earlierDeliveries >= limits.deliveries) {
    const text = `Task '${task.task}' was delivered ${task.earlierDeliveries} times and its worker never came to an end with it; the limit is ${limits.deliveries}.`;
    return dead('worker-lost', new TqError('worker-lost', text));
  }
  // A classic queue counts nothing, so a copy carries the count before the task may take this worker down as well.
  if (message.redelivered && !isCounted(message))
    return again({ [TQ_HEADER.redeliveries]: task.earlierDeliveries + 1 });
  return undefined;
}

/** Quorum queues count deliveries themselves; classic ones only tell that there was one. */
function isCounted({ properties }: InboundMessage): boolean {
  return properties.headers?.[DELIVERY_COUNT_HEADER] !== undefined;
}

function atAnotherTime(task: TaskMessage, message: InboundMessage, gates: Gates): Outcome | undefined {
  const now = gates.clock.wallTime();
  if (isLate(task, now)) return EXPIRED;
  if (task.eta === undefined || task.eta <= now) return undefined;
  // What comes out of the broker's delays is due, whatever this machine's clock says.
  return hasWaited(gates.prefix, message) ? undefined : untilItsTime(task.eta, now, gates);
}

/** True when it is too late to start the task. */
export function isLate({ expires }: TaskMessage, now: number): boolean {
  return expires !== undefined && expires <= now;
}

/** What becomes of a task that is late. */
export const EXPIRED = { kind: 'dead', reason: 'expired', failure: encodeRevocation('expired') } as const;

/** A caller that knows nothing of the broker's delays sends its task at once and leaves the waiting to the worker. */
function untilItsTime(eta: number, now: number, { maxDelayMs }: Gates): Outcome {
  const delayMs = eta - now;
  const start = printIsoTime(eta);
  const far = `The task asks to start at ${start}, and the broker delays a message for at most ${maxDelayMs} ms (${formatDuration(maxDelayMs)}). Send it nearer to its time, or raise delayUnit.`;
  if (delayMs > maxDelayMs) return dead('refused', new TqError('refused', far));
  const text = `The task asks to start at ${start}, and it could not be delayed until then: the log of the worker says why.`;
  const otherwise = death('refused', new TqError('refused', text));
  return { kind: 'later', why: 'eta', delayMs, headers: {}, otherwise };
}

/** In a rolling deploy tasks come to workers that know them only a little later, or go on to those that do. */
function afterNobodyKnewIt(task: TaskMessage, { unknownTask: policy, maxDelayMs }: Gates): Outcome {
  const otherwise = death('unknown-task', unknownTask(task.task));
  if (policy.kind === 'dead-letter') return { kind: 'dead', ...otherwise };
  const roundMs = Math.max(1, Math.min(policy.limitMs / ROUNDS, MAX_ROUND_MS, maxDelayMs));
  if (task.unknownRounds * roundMs >= policy.limitMs) return { kind: 'dead', ...otherwise };
  const headers = { [TQ_HEADER.unknownRounds]: task.unknownRounds + 1 };
  return { kind: 'later', why: 'unknown-task', delayMs: roundMs, headers, otherwise };
}

/** A short limit is divided into this many rounds; in a long one a task is looked at again every 10 s. */
const ROUNDS = 60;
const MAX_ROUND_MS = 10_000;

/** Gives a message up for this error. */
export function dead(reason: DeadLetterReason, error: Error): Outcome {
  return { kind: 'dead', ...death(reason, error) };
}

function death(reason: DeadLetterReason, error: Error): Death {
  return { reason, failure: { ...encodeError(error), traceback: null } };
}
