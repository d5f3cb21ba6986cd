/** What the limits of a queue (x-max-length, x-max-length-bytes, x-overflow) say. Pure. */
import type { QueueSettings } from './queue-arguments.js';

/** How much is ready in a queue. */
export interface Fill {
  readonly count: number;
  /** Bytes of bodies. */
  readonly bodyBytes: number;
}

type Limits = Pick<QueueSettings, 'overflow' | 'maxLength' | 'maxLengthBytes'>;

/** Whether a queue that turns messages away has no room for one more. */
export function isFull({ overflow, maxLength, maxLengthBytes }: Limits, fill: Fill, bodySize: number): boolean {
  if (overflow === 'drop-head') return false;
  return (
    (maxLength !== undefined && fill.count + 1 > maxLength) ||
    (maxLengthBytes !== undefined && fill.bodyBytes + bodySize > maxLengthBytes)
  );
}

/** Whether a queue that drops its oldest messages has to drop one now. */
export function isOverfull({ overflow, maxLength, maxLengthBytes }: Limits, fill: Fill): boolean {
  if (overflow !== 'drop-head') return false;
  return (
    (maxLength !== undefined && fill.count > maxLength) ||
    (maxLengthBytes !== undefined && fill.bodyBytes > maxLengthBytes)
  );
}
