import { AmqpError } from '../../errors.js';
import { readConsumerArguments } from '../../model/consumer-arguments.js';
import { REPLY_TO, REPLY_TO_PREFIX } from '../../model/direct-replies.js';
import type { MethodArguments } from '../../wire/methods.js';
import type { Channel } from '../channel.js';
import { Subscription } from '../subscription.js';
import type { Handlers } from './handler.js';
import { expandQueueName } from './names.js';

/** Class basic, beside publishing (AMQP 0-9-1 section 1.8, and RabbitMQ's nack). */
export const basicHandlers: Handlers<
  | 'basic.qos'
  | 'basic.consume'
  | 'basic.cancel'
  | 'basic.get'
  | 'basic.ack'
  | 'basic.reject'
  | 'basic.nack'
  | 'basic.recover'
  | 'basic.recover-async'
> = {
  'basic.qos': (channel, { prefetchSize, prefetchCount, global }) => {
    if (prefetchSize !== 0) throw new AmqpError('NOT_IMPLEMENTED', `prefetch_size!=0 (${prefetchSize})`);
    if (!global) channel.prefetch = prefetchCount;
    channel.send('basic.qos-ok', {});
    channel.channelPrefetch = global ? prefetchCount : 0;
  },

  'basic.consume': (channel, args) => {
    const consumerTag = args.consumerTag === '' ? `amq.ctag-${channel.host.randomId()}` : args.consumerTag;
    if (channel.subscriptions.has(consumerTag)) {
      throw new AmqpError('NOT_ALLOWED', `attempt to reuse consumer tag '${consumerTag}'`);
    }
    if (args.queue === REPLY_TO) consumeReplies(channel, { ...args, consumerTag });
    else consume(channel, { ...args, consumerTag });
  },

  'basic.cancel': (channel, { consumerTag, noWait }) => {
    const subscription = channel.subscriptions.get(consumerTag);
    channel.subscriptions.delete(consumerTag);
    if (channel.replyConsumer?.tag === consumerTag) {
      channel.host.vhost.directReplies.close(channel.replyConsumer.address);
      channel.replyConsumer = undefined;
    }
    if (!noWait) channel.send('basic.cancel-ok', { consumerTag });
    subscription?.end();
  },

  'basic.get': (channel, { queue: name, noAck }) => {
    const { host } = channel;
    const queue = host.vhost.queues.get(expandQueueName(channel, name), host);
    if (queue.settings.type === 'quorum' && queue.settings.singleActiveConsumer) {
      throw new AmqpError(
        'RESOURCE_LOCKED',
        `cannot obtain access to locked ${queue.describe()}. basic.get operations are not supported by quorum queues ` +
          'with single active consumer',
      );
    }
    const entry = queue.get(noAck);
    if (entry === undefined) channel.send('basic.get-empty', { reserved1: '' });
    else channel.sendGot(queue, entry, noAck);
  },

  'basic.ack': (channel, { deliveryTag, multiple }) => channel.settle('acknowledge', deliveryTag, multiple),

  'basic.reject': (channel, { deliveryTag, requeue }) =>
    channel.settle(requeue ? 'requeue' : 'discard', deliveryTag, false),

  'basic.nack': (channel, { deliveryTag, multiple, requeue }) =>
    channel.settle(requeue ? 'requeue' : 'discard', deliveryTag, multiple),

  'basic.recover': (channel, { requeue }) => {
    recover(channel, requeue);
    channel.send('basic.recover-ok', {});
  },

  'basic.recover-async': (channel, { requeue }) => recover(channel, requeue),
};

function consume(channel: Channel, args: MethodArguments<'basic.consume'>): void {
  const { host } = channel;
  const { consumerTag: tag, noAck, exclusive } = args;
  const queue = host.vhost.queues.get(expandQueueName(channel, args.queue), host);
  if (queue.settings.type === 'quorum' && channel.channelPrefetch > 0) {
    throw new AmqpError('NOT_IMPLEMENTED', `${queue.describe()} does not support global qos`);
  }
  const { priority } = readConsumerArguments(
    { name: queue.name, type: queue.settings.type },
    host.vhost.vhost,
    args.arguments,
  );
  const options = { tag, queue, noAck, exclusive, priority, prefetch: noAck ? 0 : channel.prefetch };
  const subscription = new Subscription(options, channel);
  queue.addConsumer(subscription.consumer);
  channel.subscriptions.set(tag, subscription);
  if (!args.noWait) channel.send('basic.consume-ok', { consumerTag: tag });
  subscription.wake();
}

/** Consumes direct replies: there is no queue, and nothing to acknowledge. */
function consumeReplies(channel: Channel, { consumerTag: tag, noAck, noWait }: MethodArguments<'basic.consume'>): void {
  if (!noAck) throw new AmqpError('PRECONDITION_FAILED', 'reply consumer cannot acknowledge');
  if (channel.replyConsumer !== undefined) throw new AmqpError('PRECONDITION_FAILED', 'reply consumer already set');
  const { vhost, randomId } = channel.host;
  // In the form that RabbitMQ's have, where the last part is base64 of 128 bits.
  const address = `${REPLY_TO_PREFIX}${randomId()}.${randomId()}==`;
  channel.replyConsumer = { tag, address };
  vhost.directReplies.open(address, channel);
  if (!noWait) channel.send('basic.consume-ok', { consumerTag: tag });
}

function recover(channel: Channel, requeue: boolean): void {
  if (!requeue) throw new AmqpError('NOT_IMPLEMENTED', 'requeue=false');
  channel.recover();
}
