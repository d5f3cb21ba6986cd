import { AmqpError } from '../errors.js';
import { type FieldTable, field, integerOf, textOf } from '../field-value.js';
import type { QueueDefinition } from './definitions.js';
import { readExchangeName } from './exchange-arguments.js';
import { checkQueueArguments, type QueueType } from './queue-argument-checks.js';
import { resourceName } from './resource-name.js';

/** What is to become of a message that a full queue has no room for. */
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** How a queue behaves; undefined is "no such limit" or "not given". */
export interface QueueSettings {
  readonly type: QueueType;
  /** How long a message stays, in ms; 0 is "only as long as it can be delivered at once". */
  readonly messageTtlMs: number | undefined;
  /** How long the queue stays unused (without consumers, gets and declarations), in ms. */
  readonly expiresMs: number | undefined;
  /** How many messages may be ready. */
  readonly maxLength: number | undefined;
  /** How many bytes the bodies of ready messages may come to. */
  readonly maxLengthBytes: number | undefined;
  readonly overflow: Overflow;
  /** The highest priority, up to 255; higher ones count as this. */
  readonly maxPriority: number | undefined;
  readonly singleActiveConsumer: boolean;
  readonly deadLetterExchange: string | undefined;
  /** The key that dead letters get instead of their own. */
  readonly deadLetterRoutingKey: string | undefined;
  /**
   * What is in force, not what was asked for: at-least-once takes a quorum queue with a dead-letter exchange and with
   * overflow reject-publish; everywhere else RabbitMQ falls back to at-most-once.
   */
  readonly deadLetterStrategy: 'at-most-once' | 'at-least-once';
  /** How often a message may be given back to a quorum queue: it is dead-lettered when its count gets beyond that. */
  readonly deliveryLimit: number | undefined;
}

/**
 * Reads the arguments of a queue that is declared anew. Unknown ones, and those that tell a cluster where to put
 * things, are accepted and without effect.
 * @throws AmqpError 406 in RabbitMQ's words and order; 540 for a stream
 */
export function readQueueArguments(queue: QueueDefinition, vhost: string): QueueSettings {
  const resource = resourceName('queue', queue.name, vhost);
  const exchange = readExchangeName(resource, queue.arguments, 'x-dead-letter-exchange');
  const type = checkQueueArguments(resource, queue.arguments);
  if (type === 'quorum') assertReplicable(resource, queue);
  const overflow = readOverflow(type, queue.arguments);
  const integer = (name: string) => integerOf(field(queue.arguments, name));
  const text = (name: string) => textOf(field(queue.arguments, name));
  const guarded = type === 'quorum' && exchange !== undefined && overflow === 'reject-publish';
  const atLeastOnce = guarded && text('x-dead-letter-strategy') === 'at-least-once';
  return {
    type,
    messageTtlMs: integer('x-message-ttl'),
    expiresMs: integer('x-expires'),
    maxLength: integer('x-max-length'),
    maxLengthBytes: integer('x-max-length-bytes'),
    overflow,
    maxPriority: integer('x-max-priority'),
    singleActiveConsumer: field(queue.arguments, 'x-single-active-consumer')?.value === true,
    deadLetterExchange: exchange,
    deadLetterRoutingKey: text('x-dead-letter-routing-key'),
    deadLetterStrategy: atLeastOnce ? 'at-least-once' : 'at-most-once',
    deliveryLimit: integer('x-delivery-limit'),
  };
}

function assertReplicable(resource: string, queue: QueueDefinition): void {
  const wrong = queue.autoDelete
    ? 'auto-delete'
    : queue.exclusive
      ? 'exclusive-owner'
      : queue.durable
        ? undefined
        : 'non-durable';
  if (wrong !== undefined) throw new AmqpError('PRECONDITION_FAILED', `invalid property '${wrong}' for ${resource}`);
}

/** A quorum queue takes reject-publish-dlx, and drops the head. */
function readOverflow(type: QueueType, all: FieldTable): Overflow {
  const overflow = textOf(field(all, 'x-overflow'));
  if (overflow === 'reject-publish') return overflow;
  return overflow === 'reject-publish-dlx' && type === 'classic' ? overflow : 'drop-head';
}
