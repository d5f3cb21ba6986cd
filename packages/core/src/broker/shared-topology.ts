import { broadcastExchange, isSharedName, sharedNameOf } from '../protocol/names.js';
import type { QueueType } from './queue-options.js';
import { deadLetterTopology, deliveryBinding, deliveryTopology, type Topology } from './topology.js';

/** What an app says of what comes to every worker. */
export interface SharedSettings {
  readonly prefix: string;
  /** Of the queues that outlive a worker. */
  readonly type: QueueType;
}

const NOTHING: Topology = { exchanges: [], queues: [], bindings: [] };

/** The exchange of the calls that every worker is to run. */
export function broadcastTopology(prefix: string): Topology {
  return { ...NOTHING, exchanges: [{ name: broadcastExchange(prefix), type: 'fanout' }] };
}

/** What brings broadcasts to one worker's own queue. */
export function broadcastQueueTopology(queue: string, settings: SharedSettings): Topology {
  const { exchanges, queues, bindings } = workerQueueTopology(queue, settings);
  return {
    exchanges: [...exchanges, ...broadcastTopology(settings.prefix).exchanges],
    queues,
    bindings: [...bindings, { queue, exchange: broadcastExchange(settings.prefix), routingKey: '' }],
  };
}

/**
 * A queue that one worker alone consumes: it goes with the connection that declares it, so it is declared with each new
 * one, and by nobody else. What is tried again comes back to it by its name; what else comes to it is bound beside.
 */
export function workerQueueTopology(queue: string, { prefix, type }: SharedSettings): Topology {
  const delays = deliveryTopology(prefix, type);
  const own = { name: queue, arguments: { 'x-queue-type': 'classic' }, durable: false, exclusive: true };
  return {
    exchanges: delays.exchanges,
    queues: [...delays.queues, own],
    bindings: [...delays.bindings, deliveryBinding(prefix, queue)],
  };
}

/**
 * What whoever settles may declare of what comes to every worker: the queue of the dead letters under the name that all
 * share, and nothing of a worker's own queue, which its connection alone may touch.
 * @returns undefined for any other queue
 */
export function sharedTopology(queue: string, { prefix, type }: SharedSettings): Topology | undefined {
  if (sharedNameOf(prefix, queue) !== undefined) return NOTHING;
  if (!isSharedName(prefix, queue)) return undefined;
  return deadLetterTopology(queue, { prefix, type });
}
