import {
  DELIVERY_COUNT_HEADER,
  encodeRevocation,
  formatDuration,
  hasWaited,
  type InboundMessage,
  printIsoTime,
  type TaskMessage,
  TQ_HEADER,
  TqError,
  unknownTask,
} from '@tq/core/internal';
import { again, dead, death, type LossLimits, type Outcome, type WallClock } from './outcome.js';

/**
 * What is done with tasks that nobody knows here: they are given up, at once or after they were sent round for so long, ms;
 * or ignored, where others get them as well.
 */
export interface UnknownTaskPolicy {
  readonly kind: 'dead-letter' | 'delay' | 'ignore';
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
  readonly knows: (task: TaskMessage) => boolean;
}

/** Decides whether a delivery may run (undefined) or what becomes of it unstarted. */
export function refusalOf({ task, message }: Arrival, gates: Gates): Outcome | undefined {
  const untimely =
    task.eta === undefined && task.expires === undefined ? undefined : atAnotherTime(task, message, gates);
  if (untimely !== undefined) return untimely;
  const { limits, knows } = gates;
  if (!knows(task)) return afterNobodyKnewIt(task, gates);
  if (task.earlierDeliveries >= limits.deliveries) {
    const text = `Task '${task.task}' was delivered ${task.earlierDeliveries} times and its worker never came to an end with it; the limit is ${limits.deliveries}.`;
    return dead('worker-lost', new TqError('worker-lost', text));
  }
  // A classic queue counts nothing, so a copy carries the count before the task may take this worker down as well.
  if (message.redelivered && !isCounted(message))
    return again(task, { [TQ_HEADER.redeliveries]: task.earlierDeliveries + 1 });
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

const IGNORED = { kind: 'ignored' } as const;

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
  if (policy.kind === 'ignore') return IGNORED;
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
