import type { Channel, ChannelModel } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { Topology } from './topology.js';

/** What a passive declaration says of a queue. */
export type QueueLook =
  | { readonly kind: 'there'; readonly messages: number; readonly consumers: number }
  | { readonly kind: 'missing' }
  /** It exists, and its node is down: in a cluster a classic queue is away with its node and comes back with it. */
  | { readonly kind: 'away'; readonly error: Error };

/** AMQP reply codes (AMQP 0-9-1 section 1.2). */
const NOT_FOUND = 404;
const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;

/**
 * Declares all of a topology on a channel of its own, since a refusal closes the channel.
 * @throws {TqError} `declaration-conflict` when something exists with other properties, saying which;
 *   `queue-missing` when the user may not declare
 */
export async function declare(model: ChannelModel, topology: Topology): Promise<void> {
  await onThrowawayChannel(model, async (channel) => {
    for (const exchange of topology.exchanges) {
      await explain(channel.assertExchange(exchange.name, exchange.type, { durable: true }), 'exchange', exchange.name);
    }
    for (const queue of topology.queues) {
      await explain(
        channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments }),
        'queue',
        queue.name,
      );
    }
    for (const { queue, exchange, routingKey } of topology.bindings) {
      await explain(channel.bindQueue(queue, exchange, routingKey), 'queue', queue);
    }
  });
}

/** Looks at a queue without changing it (queue.declare, passive). Rejects when the connection or the right to look fails. */
export async function lookAtQueue(model: ChannelModel, queue: string): Promise<QueueLook> {
  return onThrowawayChannel(model, async (channel) => {
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      return { kind: 'there', messages: messageCount, consumers: consumerCount };
    } catch (thrown) {
      const error = toError(thrown);
      if (replyCodeOf(error) !== NOT_FOUND) throw error;
      return isAway(error) ? { kind: 'away', error } : { kind: 'missing' };
    }
  });
}

/** Makes sure that a queue is there: looks first, and declares only what is missing, so that foreign queues stay as they are. */
export async function ensureQueue(model: ChannelModel, queue: string, topology: Topology): Promise<void> {
  const look = await lookAtQueue(model, queue);
  if (look.kind === 'away') throw look.error;
  if (look.kind === 'missing') await declare(model, topology);
}

/** Gives `use` a channel that nobody else has and closes it afterwards, whatever became of it. */
export async function onThrowawayChannel<T>(model: ChannelModel, use: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await model.createChannel();
  let closed = false;
  // Without a listener an 'error' event ends the process; what it says reaches the caller through the rejected call.
  channel.on('error', () => undefined);
  channel.on('close', () => {
    closed = true;
  });
  try {
    return await use(channel);
  } finally {
    if (!closed) await channel.close().catch(() => undefined);
  }
}

async function explain(declaring: Promise<unknown>, what: 'exchange' | 'queue', name: string): Promise<void> {
  try {
    await declaring;
  } catch (thrown) {
    const error = toError(thrown);
    switch (replyCodeOf(error)) {
      case PRECONDITION_FAILED:
        throw conflict(what, name, error);
      case ACCESS_REFUSED:
        throw new TqError('queue-missing', `The ${what} '${name}' may not be declared by this user: ${error.message}`, {
          cause: error,
        });
      default:
        throw error;
    }
  }
}

const INEQUIVALENT = /inequivalent arg '([^']+)'.*received (?:the value )?(.+?) but current is (.+?)"?$/;

function conflict(what: string, name: string, cause: Error): TqError {
  const match = INEQUIVALENT.exec(cause.message);
  const difference =
    match === null ? cause.message : `${match[1]} is to be ${match[2]}, and the broker has ${match[3]}`;
  const text =
    `The ${what} '${name}' exists with other properties: ${difference}. ` +
    `Set the app's queue options to what the broker has, use another name, or delete the ${what} once it is empty.`;
  return new TqError('declaration-conflict', text, {
    fields: { name, argument: match?.[1], wanted: match?.[2], found: match?.[3] },
    cause,
  });
}

/** The reply code of a broker's refusal (AMQP 0-9-1 section 1.2); of other errors whatever they have for a code. */
export function replyCodeOf(error: Error | undefined): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

/** A 404 of a queue that exists: its node is down. */
export function isAway(error: Error): boolean {
  return /home node .* is down|is unavailable/.test(error.message);
}
