import type { Route } from '../broker/delay-ladder.js';
import { decodeEnvelope, type TaskMessage } from '../protocol/envelope.js';
import type { OutboundMessage } from '../protocol/message.js';
import { decodePlain, type PlainReading } from '../protocol/plain-message.js';
import type { Runtime } from '../runtime.js';

/** A message that an eager app has taken, and where it was sent. */
export interface EagerMessage {
  readonly message: OutboundMessage;
  readonly queue: string;
  /** What takes it, when it is no task's message. */
  readonly subscription?: EagerSubscription | undefined;
}

/** A subscription that takes a message, and where that was published to. */
export interface EagerSubscription extends Pick<PlainReading, 'task' | 'format'> {
  readonly target: Route;
}

/** Reads it as a worker reads a delivery. */
export function decodeEagerMessage({ message, queue, subscription }: EagerMessage, runtime: Runtime): TaskMessage {
  if (subscription === undefined) {
    return decodeEnvelope({ ...message, exchange: '', routingKey: queue, redelivered: false });
  }
  const { target, ...reading } = subscription;
  const now = runtime.clock.wallTime();
  return decodePlain({ ...message, ...target, redelivered: false }, { ...reading, now, newId: () => runtime.newId() });
}
