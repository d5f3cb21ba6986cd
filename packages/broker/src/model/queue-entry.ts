import type { Message } from './message.js';

/** Stands for "never expires". */
export const NEVER = Number.POSITIVE_INFINITY;

/** A message in its place in one queue: ready, or delivered and not settled yet. */
export class QueueEntry {
  readonly message: Message;
  /** Counts up in the whole broker; the order of the queue, also for what comes back. */
  readonly position: number;
  /** The level that it waits on, 0 to the queue's x-max-priority. */
  readonly priority: number;
  /** Wall time in ms, or `NEVER`. */
  readonly expiresAt: number;
  /** The store has it. */
  readonly stored: boolean;
  /** It was delivered before. */
  redelivered = false;
  /** How often it came back (quorum queues only). */
  deliveryCount = 0;

  constructor(message: Message, position: number, priority: number, expiresAt: number, stored: boolean) {
    this.message = message;
    this.position = position;
    this.priority = priority;
    this.expiresAt = expiresAt;
    this.stored = stored;
  }

  /** Bytes of the body, as x-max-length-bytes counts them. */
  get bodySize(): number {
    const { bytes, bodyOffset } = this.message.content;
    return bytes.length - bodyOffset;
  }
}
