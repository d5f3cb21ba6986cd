import { type FieldTable, field, integerOf } from '../field-value.js';
import { type ArgumentChecks, anyInteger, boolean, checkArguments, refuseArguments } from './argument-check.js';
import type { QueueType } from './queue-argument-checks.js';
import { resourceName } from './resource-name.js';

/** What the arguments of basic.consume come to. */
export interface ConsumerSettings {
  /** Consumers of a higher priority are served first; 0 when not given, and it may be negative. */
  readonly priority: number;
}

const CHECKS: Readonly<Record<QueueType, ArgumentChecks>> = {
  classic: [
    ['x-priority', anyInteger],
    ['x-cancel-on-ha-failover', boolean],
  ],
  quorum: [['x-priority', anyInteger]],
};

const REFUSED: Readonly<Record<QueueType, readonly string[]>> = {
  classic: ['x-stream-offset'],
  quorum: ['x-cancel-on-ha-failover', 'x-stream-offset'],
};

/**
 * Reads the arguments of basic.consume. x-cancel-on-ha-failover is without effect, and so are unknown ones.
 * @throws AmqpError 406 in RabbitMQ's words
 */
export function readConsumerArguments(
  queue: { readonly name: string; readonly type: QueueType },
  vhost: string,
  consumerArguments: FieldTable,
): ConsumerSettings {
  const resource = resourceName('queue', queue.name, vhost);
  checkArguments(resource, consumerArguments, CHECKS[queue.type]);
  refuseArguments(resource, queue.type, consumerArguments, REFUSED[queue.type]);
  return { priority: integerOf(field(consumerArguments, 'x-priority')) ?? 0 };
}
