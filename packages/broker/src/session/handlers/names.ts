import { AmqpError } from '../../errors.js';
import type { Channel } from '../channel.js';

/** A name without line ends, which RabbitMQ drops. */
export function cleanName(name: string): string {
  return name.includes('\n') || name.includes('\r') ? name.replace(/[\r\n]/g, '') : name;
}

/**
 * A queue's name; the empty one stands for the queue that the channel declared last.
 * @throws {AmqpError} NOT_FOUND when it declared none
 */
export function expandQueueName(channel: Channel, name: string): string {
  if (name !== '') return name;
  if (channel.lastQueue === '') throw new AmqpError('NOT_FOUND', 'no previously declared queue');
  return channel.lastQueue;
}
