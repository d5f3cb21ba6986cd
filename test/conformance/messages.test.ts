/** What a message carries from publisher to consumer, and what comes of one that cannot be routed. */
import type { Channel, Message } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { brokerUrl } from '../support/broker.js';
import { openScene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';
import { publishImmediate } from './support/unlisted-methods.js';

/** The user that the tests connect as. */
const user = () => decodeURIComponent(new URL(brokerUrl()).username) || 'guest';

const UNSET = {
  contentType: undefined,
  contentEncoding: undefined,
  headers: {},
  deliveryMode: undefined,
  priority: undefined,
  correlationId: undefined,
  replyTo: undefined,
  expiration: undefined,
  messageId: undefined,
  timestamp: undefined,
  type: undefined,
  userId: undefined,
  appId: undefined,
  clusterId: undefined,
};

describe('the properties of a message', () => {
  it('come as they were published', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const properties = {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: { text: 'ü', number: 1, nested: { list: [1, 'two', null, true] } },
      deliveryMode: 2,
      priority: 7,
      correlationId: 'correlation',
      replyTo: 'reply',
      expiration: '100000',
      messageId: 'message',
      timestamp: 1_700_000_000,
      type: 'type',
      userId: user(),
      appId: 'app',
    };
    scene.send(queue, ['x'], properties);
    const message = await takeMessage(scene.channel, queue, { noAck: true });
    expect(message).toMatchObject({ properties: { ...UNSET, ...properties } });
  });

  it('are not there when they were not published', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    scene.send(queue, ['x']);
    const message = await takeMessage(scene.channel, queue, { noAck: true });
    expect(message).toMatchObject({ properties: UNSET });
  });

  it('may be empty strings and zeros', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const properties = { contentType: '', correlationId: '', messageId: '', type: '', priority: 0, timestamp: 0 };
    scene.send(queue, ['x'], properties);
    expect(await scene.channel.get(queue, { noAck: true })).toMatchObject({ properties });
  });

  it('with a user id that is not the connection’s are refused', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const publish = (userId: string) =>
      scene.refusal((channel) => channel.sendToQueue(queue, Buffer.from('x'), { userId }));
    expect(await publish(user())).toBe('accepted');
    expect(await publish('someone')).toBe(
      `channel 406 basic.publish: PRECONDITION_FAILED - user_id property set to 'someone' but authenticated user was '${user()}'`,
    );
  });

  it.each([0, 3, 255])('with delivery mode %i are refused', async (deliveryMode) => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const publish = (channel: Channel) => channel.sendToQueue(queue, Buffer.from('x'), { deliveryMode });
    expect(await scene.refusal(publish)).toBe(
      `channel 406 basic.publish: PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,${deliveryMode}}`,
    );
  });

  it.each([1, 2])('with delivery mode %i are the same to who receives it', async (deliveryMode) => {
    await using scene = await openScene();
    const queue = await scene.queue({ exclusive: false });
    await scene.sendConfirmed(queue, ['x'], { deliveryMode });
    expect(await scene.channel.get(queue, { noAck: true })).toMatchObject({ properties: { deliveryMode } });
  });
});

describe('the body of a message', () => {
  it.each([0, 1, 100, 131_063, 131_064, 131_065, 1_000_000])('of %i bytes comes as it was', async (size) => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const body = Buffer.alloc(size, 'tq');
    scene.channel.sendToQueue(queue, body);
    const message = await takeMessage(scene.channel, queue, { noAck: true });
    expect(message.content.equals(body)).toBe(true);
  });
});

describe('a mandatory message', () => {
  it('that no queue takes comes back as it was, before its confirm', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    const channel = await scene.connection.createConfirmChannel();
    const events: string[] = [];
    const returned: Message[] = [];
    channel.on('return', (message: Message) => {
      returned.push(message);
      events.push(`return ${message.content}`);
    });
    for (const body of ['one', 'two']) {
      const options = { mandatory: true, messageId: body, headers: { a: 1 } };
      channel.publish(exchange, 'no queue', Buffer.from(body), options, (error) => {
        events.push(`${error === null ? 'ack' : 'nack'} ${body}`);
      });
    }
    await channel.waitForConfirms();
    expect(events.filter((event) => event.startsWith('return'))).toEqual(['return one', 'return two']);
    expect(events.indexOf('return one')).toBeLessThan(events.indexOf('ack one'));
    expect(events.indexOf('return two')).toBeLessThan(events.indexOf('ack two'));
    expect(returned[0]).toMatchObject({
      fields: { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: 'no queue' },
      properties: { messageId: 'one', headers: { a: 1 } },
    });
  });

  it('comes back from the default exchange, and on a channel without confirms', async () => {
    await using scene = await openScene();
    const returned = new Promise<Message>((resolve) => scene.channel.once('return', resolve));
    scene.channel.publish('', scene.name('none'), Buffer.alloc(0), { mandatory: true });
    expect(await returned).toMatchObject({ fields: { replyCode: 312, exchange: '', routingKey: scene.name('none') } });
  });

  it('that a queue takes does not come back', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await scene.connection.createConfirmChannel();
    const returned: Message[] = [];
    channel.on('return', (message: Message) => returned.push(message));
    channel.sendToQueue(queue, Buffer.from('x'), { mandatory: true });
    await channel.waitForConfirms();
    expect(returned).toEqual([]);
    expect(await scene.bodies(queue)).toEqual(['x']);
  });
});

it('a message without the mandatory flag that no queue takes is dropped, and confirmed', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('direct');
  const channel = await scene.connection.createConfirmChannel();
  channel.publish(exchange, 'no queue', Buffer.from('x'));
  await channel.waitForConfirms();
});

it('an immediate message closes the connection', async () => {
  await using scene = await openScene();
  expect(await scene.refusal((channel) => publishImmediate(channel, scene.name('q')), 'elsewhere')).toBe(
    'connection 540 basic.publish: NOT_IMPLEMENTED - immediate=true',
  );
});

describe('a get', () => {
  it('tells how many messages are left, and nothing of an empty queue', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    expect(await scene.channel.get(queue)).toBe(false);
    await scene.sendConfirmed(queue, ['1', '2', '3']);
    const fields = async (noAck: boolean) => {
      return (await takeMessage(scene.channel, queue, { noAck })).fields;
    };
    const common = { redelivered: false, exchange: '', routingKey: queue };
    expect(await fields(true)).toEqual({ ...common, deliveryTag: 1, messageCount: 2 });
    expect(await fields(false)).toEqual({ ...common, deliveryTag: 2, messageCount: 1 });
    expect(await fields(true)).toEqual({ ...common, deliveryTag: 3, messageCount: 0 });
    expect(await scene.channel.get(queue)).toBe(false);
  });

  it('from a queue that is not there is refused', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.get(scene.name('q')))).toBe(
      "channel 404 basic.get: NOT_FOUND - no queue 'q' in vhost '/'",
    );
  });

  it('without acknowledgement removes the message, with one it comes again when the channel closes', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['gone', 'comes again']);
    const channel = await scene.connection.createChannel();
    await channel.get(queue, { noAck: true });
    await channel.get(queue);
    await channel.close();
    await expect.poll(() => scene.channel.checkQueue(queue), { timeout: 10_000 }).toMatchObject({ messageCount: 1 });
    const message = await takeMessage(scene.channel, queue, { noAck: true });
    expect(message.content.toString()).toBe('comes again');
    expect(message).toMatchObject({ fields: { redelivered: true } });
  });
});
