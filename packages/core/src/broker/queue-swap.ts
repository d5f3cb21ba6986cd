import type { Channel, ChannelModel } from 'amqplib';
import { TqError, toError } from '../errors.js';
import { bindQueueUnasked, declareQueueUnasked, deleteQueueUnasked } from './amqplib-internals.js';
import { onThrowawayChannel, replyCodeOf } from './declare.js';
import { NOT_IMPLEMENTED } from './queue-refusal.js';
import type { Binding, QueueDeclaration } from './topology.js';

/** A queue that takes the place of another one of its name, with the bindings that it has at once. */
export interface QueueSwap {
  readonly queue: QueueDeclaration;
  readonly bindings: readonly Binding[];
  /** Also when it has consumers, where the broker knows conditions. */
  readonly evenInUse: boolean;
}

/**
 * What came of it.
 *
 *   swapped      the old queue is gone and the new one there; `lost` messages went with the old one
 *   busy         nothing has happened: messages or consumers have come
 *   in-use       nothing has happened: it has consumers, and its kind cannot be deleted under them
 *   unsupported  nothing has happened: the broker knows no conditions for this kind of queue, and has closed the connection
 */
export type SwapEnd =
  | { readonly kind: 'swapped'; readonly lost: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'in-use'; readonly consumers: number }
  | { readonly kind: 'unsupported' };

const PRECONDITION_FAILED = 406;

/**
 * Deletes a queue that is empty and declares it anew, written at once, so that nobody comes in between. The connection is
 * for this alone.
 * @throws {Error} what the broker refused, or the loss of the connection; where the deletion was done and the rest was not,
 *   there is no such queue
 */
export async function swapIfEmpty(model: ChannelModel, swap: QueueSwap): Promise<SwapEnd> {
  let refusal: Error | undefined;
  model.once('error', (error: Error) => {
    refusal = error;
  });
  try {
    await onThrowawayChannel(model, async (channel) => {
      deleteQueueUnasked(channel, swap.queue.name, { ifUnused: !swap.evenInUse, ifEmpty: true });
      await declareAnew(channel, swap);
    });
    return { kind: 'swapped', lost: 0 };
  } catch (thrown) {
    if (replyCodeOf(refusal) === NOT_IMPLEMENTED) return { kind: 'unsupported' };
    if (replyCodeOf(toError(thrown)) === PRECONDITION_FAILED) return { kind: 'busy' };
    throw thrown;
  }
}

/**
 * The same where the broker knows no conditions, as RabbitMQ for quorum queues: looks first, and what comes in between goes
 * with the queue. Never under consumers: RabbitMQ 3.10 may close the connections (541) that settle something just then.
 */
export function swapAfterLook(model: ChannelModel, swap: QueueSwap): Promise<SwapEnd> {
  const { name } = swap.queue;
  return onThrowawayChannel(model, async (channel): Promise<SwapEnd> => {
    const { messageCount, consumerCount } = await channel.checkQueue(name);
    if (consumerCount > 0) return { kind: 'in-use', consumers: consumerCount };
    if (messageCount > 0) return { kind: 'busy' };
    const deleting = channel.deleteQueue(name);
    const declaring = declareAnew(channel, swap);
    const [deleted, declared] = await Promise.allSettled([deleting, declaring]);
    if (deleted.status === 'rejected') throw deleted.reason;
    const { messageCount: lost } = deleted.value;
    if (declared.status === 'rejected') throw swapHalfDone(name, lost, declared.reason);
    return { kind: 'swapped', lost };
  });
}

/** Resolves when all of it is done. */
async function declareAnew(channel: Channel, { queue, bindings }: QueueSwap): Promise<void> {
  const { name, durable = true, autoDelete = false, arguments: own } = queue;
  declareQueueUnasked(channel, name, { durable, autoDelete, arguments: own });
  for (const binding of bindings) bindQueueUnasked(channel, name, binding, binding.arguments ?? {});
  await channel.checkQueue(name);
}

function swapHalfDone(queue: string, lost: number, thrown: unknown): TqError {
  const cause = toError(thrown);
  const text = `The queue '${queue}' was deleted and could not be declared anew: ${cause.message} Do it again: what it held is kept.`;
  return new TqError('refused', text, { fields: { queue, lost }, cause });
}
