/** What acknowledging, rejecting, requeueing and recovering do to deliveries. */
import type { Channel, Message } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { queueState } from '../support/broker.js';
import { startConsumption } from './support/consumption.js';
import { openScene } from './support/scene.js';
import { takeMessage, takeMessages } from './support/take-message.js';
import { ackTag, nackTag, recover, recoverAsync, rejectTag } from './support/unlisted-methods.js';

const seen = (messages: readonly Message[]) =>
  messages.map(({ content, fields }) => `${content}${fields.redelivered ? ' again' : ''}`);

describe('an acknowledgement', () => {
  it('removes one message, in any order', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await scene.connection.createChannel();
    await scene.sendConfirmed(queue, ['a', 'b', 'c', 'd']);
    const messages = await takeMessages(channel, queue, 4);
    channel.ack(messages[2]!);
    channel.ack(messages[0]!);
    channel.nackAll();
    expect(seen(await takeMessages(channel, queue, 2))).toEqual(['b again', 'd again']);
    expect(await channel.get(queue)).toBe(false);
  });

  it('of many removes all up to its tag, of every queue of the channel', async () => {
    await using scene = await openScene();
    const [one, two] = [await scene.queue(), await scene.queue()];
    const channel = await scene.connection.createChannel();
    await scene.sendConfirmed(one, ['a', 'b']);
    await scene.sendConfirmed(two, ['c', 'd']);
    const messages = [
      ...(await takeMessages(channel, one, 1)),
      ...(await takeMessages(channel, two, 2)),
      ...(await takeMessages(channel, one, 1)),
    ];
    channel.ack(messages[1]!, true);
    channel.nackAll(true);
    expect(seen(await takeMessages(channel, one, 1))).toEqual(['b again']);
    expect(seen(await takeMessages(channel, two, 1))).toEqual(['d again']);
    expect(await channel.get(one)).toBe(false);
    expect(await channel.get(two)).toBe(false);
  });

  it('of tag 0 and many removes all', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b', 'c']);
    await takeMessages(scene.channel, queue, 3);
    scene.channel.ackAll();
    await scene.channel.recover();
    expect(await scene.channel.get(queue)).toBe(false);
    // With nothing to acknowledge it is fine, too.
    expect(await scene.refusal((channel) => channel.ackAll())).toBe('accepted');
    expect(await scene.refusal((channel) => channel.nackAll())).toBe('accepted');
  });

  const UNKNOWN: readonly (readonly [title: string, (channel: Channel) => void, method: string, tag: number])[] = [
    ['an ack', (channel) => ackTag(channel, 7), 'basic.ack', 7],
    ['an ack of many', (channel) => ackTag(channel, 7, true), 'basic.ack', 7],
    ['an ack of tag 0', (channel) => ackTag(channel, 0), 'basic.ack', 0],
    ['a nack', (channel) => nackTag(channel, 7), 'basic.nack', 7],
    ['a nack of many', (channel) => nackTag(channel, 7, true), 'basic.nack', 7],
    ['a reject', (channel) => rejectTag(channel, 7), 'basic.reject', 7],
    ['a reject of tag 0', (channel) => rejectTag(channel, 0), 'basic.reject', 0],
  ];

  it.each(UNKNOWN)('%s of an unknown tag is refused', async (_title, operation, method, tag) => {
    await using scene = await openScene();
    expect(await scene.refusal(operation)).toBe(
      `channel 406 ${method}: PRECONDITION_FAILED - unknown delivery tag ${tag}`,
    );
  });

  it('given twice is refused, and so is one of a delivery that needs none or of another channel', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b', 'c']);
    const twice = async (channel: Channel) => {
      const [message] = await takeMessages(channel, queue, 1);
      channel.ack(message!);
      channel.ack(message!);
    };
    const refused = 'channel 406 basic.ack: PRECONDITION_FAILED - unknown delivery tag 1';
    expect(await scene.refusal(twice)).toBe(refused);
    const unasked = async (channel: Channel) => {
      channel.ack(await takeMessage(channel, queue, { noAck: true }));
    };
    expect(await scene.refusal(unasked)).toBe(refused);
    const [foreign] = await takeMessages(scene.channel, queue, 1);
    expect(await scene.refusal((channel) => channel.ack(foreign!))).toBe(refused);
  });

  it('of many after one of them alone is fine', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b', 'c']);
    const [, b, c] = await takeMessages(scene.channel, queue, 3);
    scene.channel.ack(b!);
    scene.channel.ack(c!, true);
    await scene.channel.recover();
    expect(await scene.channel.get(queue)).toBe(false);
  });

  it('that is refused leaves the channel’s deliveries to be requeued', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b']);
    const wrong = async (channel: Channel) => {
      await takeMessages(channel, queue, 2);
      ackTag(channel, 99);
    };
    expect(await scene.refusal(wrong)).toMatch(/^channel 406/);
    await expect.poll(() => queueState(scene, queue), { timeout: 10_000 }).toMatchObject({ messages: 2 });
    expect(seen(await takeMessages(scene.channel, queue, 2))).toEqual(['a again', 'b again']);
  });
});

describe('a requeue', () => {
  it('by nack or reject puts a message back at its place, marked as redelivered', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b', 'c', 'd']);
    const [a, b, c] = await takeMessages(scene.channel, queue, 3);
    scene.channel.nack(c!);
    scene.channel.reject(a!);
    expect(seen(await takeMessages(scene.channel, queue, 3))).toEqual(['a again', 'c again', 'd']);
    scene.channel.nack(b!);
    scene.channel.nackAll();
    expect(seen(await takeMessages(scene.channel, queue, 4))).toEqual(['a again', 'b again', 'c again', 'd again']);
  });

  it('of many puts all of them back in order', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b', 'c', 'd']);
    const messages = await takeMessages(scene.channel, queue, 3);
    scene.channel.nack(messages[1]!, true);
    expect(seen(await takeMessages(scene.channel, queue, 3))).toEqual(['a again', 'b again', 'd']);
  });

  it('reaches another consumer, or the same one when there is no other', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(1);
    const only = await startConsumption(scene.channel, queue);
    await scene.sendConfirmed(queue, ['x']);
    const [first] = await only.until(1);
    scene.channel.nack(first!);
    const [, again] = await only.until(2);
    expect(seen(await only.until(2))).toEqual(['x', 'x again']);
    await scene.channel.cancel(only.consumerTag);
    const other = await startConsumption(await scene.connection.createChannel(), queue);
    scene.channel.nack(again!);
    expect(await other.bodies(1)).toEqual(['x']);
  });

  it('that is not asked for removes the message', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b', 'c']);
    const [a, b] = await takeMessages(scene.channel, queue, 2);
    scene.channel.reject(a!, false);
    scene.channel.nack(b!, false, false);
    await scene.channel.recover();
    expect(await scene.bodies(queue)).toEqual(['c']);
  });
});

describe('recover', () => {
  it('requeues all deliveries of the channel, of several queues', async () => {
    await using scene = await openScene();
    const [one, two] = [await scene.queue(), await scene.queue()];
    await scene.sendConfirmed(one, ['a', 'b']);
    await scene.sendConfirmed(two, ['c']);
    await takeMessages(scene.channel, one, 2);
    await takeMessages(scene.channel, two, 1);
    await recover(scene.channel, true);
    expect(seen(await takeMessages(scene.channel, one, 2))).toEqual(['a again', 'b again']);
    expect(seen(await takeMessages(scene.channel, two, 1))).toEqual(['c again']);
    recoverAsync(scene.channel, true);
    expect(seen(await takeMessages(scene.channel, one, 2))).toEqual(['a again', 'b again']);
  });

  it('leaves no tag to be acknowledged', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a']);
    const late = async (channel: Channel) => {
      const [message] = await takeMessages(channel, queue, 1);
      await channel.recover();
      channel.ack(message!);
    };
    expect(await scene.refusal(late)).toBe('channel 406 basic.ack: PRECONDITION_FAILED - unknown delivery tag 1');
  });

  it('redelivers to a consumer of the channel', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.sendConfirmed(queue, ['a', 'b']);
    const consumption = await startConsumption(scene.channel, queue);
    await consumption.until(2);
    await scene.channel.recover();
    expect(await consumption.bodies(4)).toEqual(['a', 'b', 'a', 'b']);
    expect(consumption.deliveries.map(({ fields }) => fields.deliveryTag)).toEqual([1, 2, 3, 4]);
  });

  it('without requeueing closes the connection', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => recover(channel, false), 'elsewhere')).toBe(
      'connection 540 basic.recover: NOT_IMPLEMENTED - requeue=false',
    );
    expect(await scene.refusal((channel) => recoverAsync(channel, false), 'elsewhere')).toBe(
      'connection 540 basic.recover-async: NOT_IMPLEMENTED - requeue=false',
    );
  });
});
