import { MAX_TIME_MS, printIsoTime } from '../time/iso-time.js';
import { appendEarlierError, encodeEarlierErrors } from './earlier-errors.js';
import type { TaskMessage } from './envelope.js';
import type { EncodedError } from './error-codec.js';
import type { Headers } from './message.js';
import { HEADER, TQ_HEADER } from './names.js';

/** A try that failed and is not the last. */
export interface TryBefore {
  readonly failure: EncodedError;
  /** How long until the next try, ms. */
  readonly delayMs: number;
  /** ms since the epoch. */
  readonly now: number;
}

/**
 * What the message of the next try says otherwise than the one before. It is a message of its own, so what was counted of
 * that one's deliveries does not count against it.
 */
export function nextTryHeaders(task: TaskMessage, { failure, delayMs, now }: TryBefore): Headers {
  const attempt = task.retries + 1;
  return {
    ...(task.foreign === undefined ? taskTry(attempt, delayMs, now) : { [TQ_HEADER.retries]: attempt }),
    [TQ_HEADER.errors]: encodeEarlierErrors(appendEarlierError(task.errors, { attempt, failure, time: now })),
    [TQ_HEADER.redeliveries]: undefined,
    [TQ_HEADER.unknownRounds]: undefined,
  };
}

function taskTry(attempt: number, delayMs: number, now: number): Headers {
  return {
    [HEADER.retries]: attempt,
    [HEADER.eta]: delayMs > 0 ? printIsoTime(Math.min(Math.round(now + delayMs), MAX_TIME_MS)) : undefined,
  };
}
