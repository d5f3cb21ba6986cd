import { AmqpError } from '../../errors.js';
import type { BindingDefinition } from '../../model/definitions.js';
import { REPLY_TO } from '../../model/direct-replies.js';
import type { Queue } from '../../model/queue.js';
import type { DeleteConditions } from '../../model/queues.js';
import { resourceName } from '../../model/resource-name.js';
import type { MethodArguments } from '../../wire/methods.js';
import type { Channel } from '../channel.js';
import type { Handlers } from './handler.js';
import { cleanName, expandQueueName } from './names.js';

/** Class queue (AMQP 0-9-1 section 1.7). */
export const queueHandlers: Handlers<'queue.declare' | 'queue.bind' | 'queue.unbind' | 'queue.purge' | 'queue.delete'> =
  {
    'queue.declare': (channel, args) => {
      const { queue, messageCount, consumerCount } = declare(channel, { ...args, queue: cleanName(args.queue) });
      channel.lastQueue = queue;
      if (!args.noWait) channel.send('queue.declare-ok', { queue, messageCount, consumerCount });
    },

    'queue.bind': (channel, args) => {
      channel.host.vhost.bind(toBinding(channel, args), channel.host);
      if (!args.noWait) channel.send('queue.bind-ok', {});
    },

    'queue.unbind': (channel, args) => {
      channel.host.vhost.unbind(toBinding(channel, args), channel.host);
      channel.send('queue.unbind-ok', {});
    },

    'queue.purge': (channel, { queue, noWait }) => {
      const { host } = channel;
      const messageCount = host.vhost.queues.get(expandQueueName(channel, queue), host).purge();
      if (!noWait) channel.send('queue.purge-ok', { messageCount });
    },

    'queue.delete': (channel, { queue, ifUnused, ifEmpty, noWait }) => {
      const { host } = channel;
      const name = cleanName(expandQueueName(channel, queue));
      refuseConditions(host.vhost.queues.find(name), { ifUnused, ifEmpty });
      const messageCount = host.vhost.deleteQueue(name, host, { ifUnused, ifEmpty });
      if (!noWait) channel.send('queue.delete-ok', { messageCount });
    },
  };

function declare(
  { host }: Channel,
  { queue: name, passive, durable, exclusive, autoDelete, arguments: table }: MethodArguments<'queue.declare'>,
): MethodArguments<'queue.declare-ok'> {
  if (name.startsWith(REPLY_TO)) {
    // Whatever the declaration asks for, it only looks: an address of direct replies has its one consumer.
    if (name === REPLY_TO || host.vhost.directReplies.has(name))
      return { queue: name, messageCount: 0, consumerCount: 1 };
    throw new AmqpError('NOT_FOUND', `no ${resourceName('queue', name, host.vhost.vhost)}`);
  }
  if (passive) {
    const queue = host.vhost.queues.get(name, host);
    queue.declaredAgain();
    return { queue: name, messageCount: queue.messageCount, consumerCount: queue.consumerCount };
  }
  const queue = host.vhost.declareQueue({ name, durable, exclusive, autoDelete, arguments: table }, host);
  return { queue: queue.name, messageCount: queue.messageCount, consumerCount: queue.consumerCount };
}

/** Quorum queues are deleted without conditions only. */
function refuseConditions(queue: Queue | undefined, { ifUnused, ifEmpty }: DeleteConditions): void {
  if (queue?.settings.type !== 'quorum' || !(ifUnused || ifEmpty)) return;
  throw new AmqpError(
    'NOT_IMPLEMENTED',
    `cannot delete ${queue.describe()}. queue.delete operations with ${ifUnused ? 'if-unused' : 'if-empty'} flag set ` +
      'are not supported by quorum queues',
  );
}

function toBinding(channel: Channel, args: MethodArguments<'queue.bind' | 'queue.unbind'>): BindingDefinition {
  const queue = expandQueueName(channel, args.queue);
  return {
    source: cleanName(args.exchange),
    destination: cleanName(queue),
    destinationType: 'queue',
    // Both empty: the key is the name of the last declared queue too.
    routingKey: args.queue === '' && args.routingKey === '' ? queue : args.routingKey,
    arguments: args.arguments,
  };
}
