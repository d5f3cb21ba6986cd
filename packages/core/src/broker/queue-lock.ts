import type { ChannelModel } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { Clock } from '../time/clock.js';
import { onThrowawayChannel, replyCodeOf } from './declare.js';

export interface LockOptions {
  readonly clock: Clock;
  /** How long to wait for whoever has it, ms. */
  readonly timeoutMs: number;
  /** What is locked, for the error's text. */
  readonly what: string;
}

/** AMQP 0-9-1: another connection's exclusive queue, and a user who may not declare. */
const RESOURCE_LOCKED = 405;
const ACCESS_REFUSED = 403;
/** Between two attempts, ms: twice in the pause of who moves messages, and no oftener, since the broker logs each refusal. */
const AGAIN_AFTER_MS = 100;

/**
 * Takes a lock that its connection holds and nobody else's: an exclusive queue of this name, which goes with the
 * connection, however that ends. A user who may not declare queues goes without.
 * @returns gives it back
 * @throws {TqError} `queue-in-use` when another connection has it for longer
 */
export async function lockQueue(
  model: ChannelModel,
  name: string,
  { clock, timeoutMs, what }: LockOptions,
): Promise<() => Promise<void>> {
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const code = await declareExclusive(model, name);
    if (code === ACCESS_REFUSED) return async () => undefined;
    if (code === undefined) return () => unlock(model, name);
    if (clock.monotonic() >= until) throw locked(what, timeoutMs);
    await new Promise<void>((resolve) => clock.setTimer(resolve, AGAIN_AFTER_MS));
  }
}

/** @returns the broker's reply code when it refused */
async function declareExclusive(model: ChannelModel, name: string): Promise<number | undefined> {
  try {
    await onThrowawayChannel(model, (channel) => channel.assertQueue(name, { exclusive: true, durable: false }));
    return undefined;
  } catch (thrown) {
    const error = toError(thrown);
    const code = replyCodeOf(error);
    if (code === RESOURCE_LOCKED || code === ACCESS_REFUSED) return code;
    throw error;
  }
}

async function unlock(model: ChannelModel, name: string): Promise<void> {
  await onThrowawayChannel(model, (channel) => channel.deleteQueue(name)).catch(() => undefined);
}

function locked(what: string, timeoutMs: number): TqError {
  const text = `Somebody else looks into '${what}' or moves its messages, and has not finished within ${timeoutMs} ms: try again when that is done.`;
  return new TqError('queue-in-use', text, { fields: { queue: what, timeoutMs } });
}
