/** Direct reply-to: the pseudo-queue `amq.rabbitmq.reply-to`. */
import type { Channel, ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { comesBack } from './support/comes-back.js';
import { startConsumption } from './support/consumption.js';
import { openScene, type Scene } from './support/scene.js';

const REPLIES = 'amq.rabbitmq.reply-to';

/** Sends a request whose reply is to come directly, and gives the name that the responder sees. */
async function replyNameOf(scene: Scene, channel: Channel): Promise<string> {
  const queue = await scene.queue();
  channel.sendToQueue(queue, Buffer.from('request'), { replyTo: REPLIES });
  const requests = await startConsumption(scene.channel, queue, { noAck: true });
  const [request] = await requests.until(1);
  await scene.channel.cancel(requests.consumerTag);
  return request!.properties.replyTo;
}

describe('a reply', () => {
  it('comes to the channel of the request, from any connection', async () => {
    await using scene = await openScene();
    await using responder = await openScene();
    const channel = await scene.connection.createChannel();
    const replies = await startConsumption(channel, REPLIES, { noAck: true });
    expect(replies.consumerTag).toMatch(/^amq\.ctag-/);
    const name = await replyNameOf(scene, channel);
    expect(name).toMatch(/^amq\.rabbitmq\.reply-to\.[^.]+\.[^.=]{22}==$/);
    for (const text of ['one', 'two']) {
      responder.channel.publish('', name, Buffer.from(text), { correlationId: text, headers: { a: 1 } });
    }
    const [one, two] = await replies.until(2);
    expect(one).toMatchObject({
      fields: { consumerTag: replies.consumerTag, deliveryTag: 1, redelivered: false, exchange: '', routingKey: name },
      properties: { correlationId: 'one', headers: { a: 1 } },
      content: Buffer.from('one'),
    });
    // A reply takes no delivery tag of its own: it cannot be acknowledged.
    expect(two).toMatchObject({ fields: { deliveryTag: 1 }, content: Buffer.from('two') });
  });

  it('has the same name for every request of a consumer', async () => {
    await using scene = await openScene();
    const channel = await scene.connection.createChannel();
    await channel.consume(REPLIES, () => {}, { noAck: true });
    const name = await replyNameOf(scene, channel);
    expect(await replyNameOf(scene, channel)).toBe(name);
  });

  it('may come from the requester itself, and when mandatory comes back although it arrives', async () => {
    await using scene = await openScene();
    const channel = await scene.connection.createChannel();
    const replies = await startConsumption(channel, REPLIES, { noAck: true });
    const name = await replyNameOf(scene, channel);
    channel.publish('', name, Buffer.from('to myself'));
    expect(await replies.bodies(1)).toEqual(['to myself']);
    expect(await comesBack(scene, '', name)).toBe(true);
    await replies.until(2);
  });

  it('that nobody waits for is dropped, or comes back when mandatory', async () => {
    await using scene = await openScene();
    const channel = await scene.connection.createChannel();
    const replies = await startConsumption(channel, REPLIES, { noAck: true });
    const name = await replyNameOf(scene, channel);
    await channel.cancel(replies.consumerTag);
    scene.channel.publish('', name, Buffer.from('too late'));
    await channel.close();
    expect(await comesBack(scene, '', name)).toBe(true);
    expect(replies.deliveries).toEqual([]);
  });
});

describe('the name of a reply queue', () => {
  it('is declared passively or not while its consumer is there, by anybody', async () => {
    await using scene = await openScene();
    const channel = await scene.connection.createChannel();
    const replies = await startConsumption(channel, REPLIES, { noAck: true });
    const name = await replyNameOf(scene, channel);
    const found = { queue: name, messageCount: 0, consumerCount: 1 };
    expect(await scene.channel.checkQueue(name)).toEqual(found);
    expect(await scene.channel.assertQueue(name, { durable: true, arguments: { a: 1 } })).toEqual(found);

    await channel.cancel(replies.consumerTag);
    const refused = `channel 404 queue.declare: NOT_FOUND - no queue '${name}' in vhost '/'`;
    expect(await scene.refusal((other) => other.checkQueue(name))).toBe(refused);
    expect(await scene.refusal((other) => other.assertQueue(name))).toBe(refused);
  });

  it('of nobody is refused', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.checkQueue(`${REPLIES}.nobody`))).toBe(
      "channel 404 queue.declare: NOT_FOUND - no queue 'amq.rabbitmq.reply-to.nobody' in vhost '/'",
    );
    expect(await comesBack(scene, '', `${REPLIES}.nobody`)).toBe(true);
  });

  it('without a suffix is declared by anybody', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.checkQueue(REPLIES))).toBe('accepted');
    expect(await scene.refusal((channel) => channel.assertQueue(REPLIES))).toBe('accepted');
  });
});

describe('the pseudo-queue', () => {
  const consume = (channel: Channel, noAck: boolean) =>
    channel.consume(REPLIES, (_message: ConsumeMessage | null) => {}, { noAck });

  it('is consumed without acknowledgement only', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => consume(channel, false))).toBe(
      'channel 406 basic.consume: PRECONDITION_FAILED - reply consumer cannot acknowledge',
    );
  });

  it('has one consumer for each channel', async () => {
    await using scene = await openScene();
    const twice = async (channel: Channel) => {
      await consume(channel, true);
      await consume(channel, true);
    };
    expect(await scene.refusal(twice)).toBe(
      'channel 406 basic.consume: PRECONDITION_FAILED - reply consumer already set',
    );
    await consume(scene.channel, true);
    expect(await scene.refusal((channel) => consume(channel, true))).toBe('accepted');
  });

  it('may be consumed again after a cancel, under another name', async () => {
    await using scene = await openScene();
    const channel = await scene.connection.createChannel();
    const first = await startConsumption(channel, REPLIES, { noAck: true });
    const name = await replyNameOf(scene, channel);
    await channel.cancel(first.consumerTag);
    const second = await startConsumption(channel, REPLIES, { noAck: true, consumerTag: 'mine' });
    expect(second.consumerTag).toBe('mine');
    expect(await replyNameOf(scene, channel)).not.toBe(name);
  });

  it('is to be consumed before it is named in a request', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const request = (channel: Channel) => channel.sendToQueue(queue, Buffer.from('x'), { replyTo: REPLIES });
    expect(await scene.refusal(request)).toBe(
      'channel 406 basic.publish: PRECONDITION_FAILED - fast reply consumer does not exist',
    );
  });

  it('cannot be got from, purged or bound', async () => {
    await using scene = await openScene();
    const refused = (method: string) =>
      `channel 404 ${method}: NOT_FOUND - no queue 'amq.rabbitmq.reply-to' in vhost '/'`;
    expect(await scene.refusal((channel) => channel.get(REPLIES))).toBe(refused('basic.get'));
    expect(await scene.refusal((channel) => channel.purgeQueue(REPLIES))).toBe(refused('queue.purge'));
    const bind = (channel: Channel) => channel.bindQueue(REPLIES, 'amq.direct', 'a');
    expect(await scene.refusal(bind)).toBe(refused('queue.bind'));
  });
});
