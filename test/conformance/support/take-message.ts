/** Getting messages that are there. */
import type { Channel, GetMessage, Options } from 'amqplib';

/**
 * Gets the next message of a queue, to be acknowledged unless the options say otherwise.
 * @throws when the queue has none
 */
export async function takeMessage(channel: Channel, queue: string, options?: Options.Get): Promise<GetMessage> {
  const message = await channel.get(queue, options);
  if (message === false) throw new Error(`expected a message in ${queue}, found none`);
  return message;
}

/** Gets so many messages without acknowledging them. */
export async function takeMessages(channel: Channel, queue: string, count: number): Promise<GetMessage[]> {
  const messages: GetMessage[] = [];
  while (messages.length < count) messages.push(await takeMessage(channel, queue));
  return messages;
}
