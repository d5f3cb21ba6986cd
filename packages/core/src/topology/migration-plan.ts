import { type Binding, NO_DELIVERY_LIMIT, type QueueDeclaration, type Topology } from '../broker/topology.js';
import { TqError } from '../errors.js';
import { migratingQueue, migratingVia } from '../protocol/names.js';
import { extraBindings, type KnownBinding } from './difference.js';

/**
 * What stands around a queue while it is declared anew:
 *
 *   its exchanges ──> via (fanout) ──> the queue
 *                      └─ alternate exchange: into (fanout) ──> hold (queue)
 *
 * A message goes to the queue while via is bound to it, and to hold from the moment on that it is not, so that each goes to
 * one of the two. While the queue has its own bindings beside, RabbitMQ routes once to it all the same.
 */
export interface MigrationPlan {
  /** As it is to be. */
  readonly queue: QueueDeclaration;
  /** All that the app declares around it. */
  readonly topology: Topology;
  /** What brings messages to it. */
  readonly sources: readonly Binding[];
  readonly hold: QueueDeclaration;
  /** The exchanges of both, with what leads to them. */
  readonly around: Topology;
  readonly into: string;
  readonly via: string;
  readonly viaToQueue: Binding;
  /** What a message may not find room in: its length is limited. */
  readonly limits: { readonly messages: number | undefined; readonly isLimited: boolean; readonly isQuorum: boolean };
}

/**
 * @param known the broker's bindings, where they are known
 * @throws {TqError} `invalid-option` for a queue that others declare, or that is one connection's own
 */
export function planMigration(name: string, topology: Topology, known: readonly KnownBinding[]): MigrationPlan {
  const queue = topology.queues.find((declaration) => declaration.name === name);
  if (queue === undefined || queue.passive === true || queue.exclusive === true) throw notOwn(name);
  const own = topology.bindings.filter((binding) => 'queue' in binding && binding.queue === name);
  const sources = [...own, ...othersOf(name, topology, known)];
  const hold = migratingQueue(name);
  const via = migratingVia(name);
  const isQuorum = queue.arguments['x-queue-type'] === 'quorum';
  const viaToQueue: Binding = { queue: name, exchange: via, routingKey: '' };
  return {
    queue: { ...queue, anyType: false },
    topology,
    sources,
    hold: { name: hold, arguments: holdArguments(isQuorum) },
    into: hold,
    via,
    viaToQueue,
    around: {
      exchanges: [
        { name: hold, type: 'fanout' },
        { name: via, type: 'fanout', alternate: hold },
      ],
      queues: [],
      bindings: [
        { queue: hold, exchange: hold, routingKey: '' },
        viaToQueue,
        ...sources.map(({ exchange, routingKey, arguments: own }) => ({
          ...{ exchange, routingKey, arguments: own },
          to: via,
        })),
      ],
    },
    limits: limitsOf(queue, isQuorum),
  };
}

/** Bindings of a queue that the app does not declare, without those of an earlier run. */
function othersOf(queue: string, topology: Topology, known: readonly KnownBinding[]): readonly Binding[] {
  const ofOthers = extraBindings(topology, known).filter(
    ({ source, destination, destinationType }) =>
      destination === queue && destinationType === 'queue' && source !== migratingVia(queue),
  );
  return ofOthers.map(({ source: exchange, routingKey, arguments: own }) => ({
    ...{ queue, exchange, routingKey },
    arguments: own,
  }));
}

function holdArguments(isQuorum: boolean): QueueDeclaration['arguments'] {
  return isQuorum ? { 'x-queue-type': 'quorum', 'x-delivery-limit': NO_DELIVERY_LIMIT } : { 'x-queue-type': 'classic' };
}

function limitsOf({ arguments: own }: QueueDeclaration, isQuorum: boolean): MigrationPlan['limits'] {
  const length = own['x-max-length'];
  const messages = typeof length === 'number' ? length : undefined;
  return { messages, isQuorum, isLimited: messages !== undefined || own['x-max-length-bytes'] !== undefined };
}

function notOwn(name: string): TqError {
  const text = `The queue '${name}' is not the app's to declare (declare: 'passive', or one connection's own), so it cannot be migrated: do it where it is declared.`;
  return new TqError('invalid-option', text, { fields: { queue: name } });
}
