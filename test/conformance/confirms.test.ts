/** Publisher confirms. What queues reject is in `queue-lengths.test.ts`, what cannot be routed in `messages.test.ts`. */
import type { Channel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { bits } from './support/fields.js';
import { method } from './support/frames.js';
import { openRawChannel } from './support/handshake.js';
import { declareQueue, publish } from './support/requests.js';
import { openScene } from './support/scene.js';
import { confirmSelect, txSelect } from './support/unlisted-methods.js';

interface Confirm {
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

describe('confirms', () => {
  it('cover every message of a channel once, counting from 1', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await scene.connection.createConfirmChannel();
    const confirmed: number[] = [];
    let next = 1;
    channel.on('ack', ({ deliveryTag, multiple }: Confirm) => {
      // A multiple confirm covers all below its tag that have none yet.
      if (!multiple) confirmed.push(deliveryTag);
      else for (let tag = next; tag <= deliveryTag; tag++) if (!confirmed.includes(tag)) confirmed.push(tag);
      while (confirmed.includes(next)) next += 1;
    });
    for (let index = 0; index < 300; index++) channel.sendToQueue(queue, Buffer.from(`${index}`));
    await channel.waitForConfirms();
    channel.sendToQueue(queue, Buffer.from('last'));
    await channel.waitForConfirms();
    expect(confirmed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 301 }, (_, index) => index + 1));
    expect(await scene.bodies(queue)).toHaveLength(301);
  });

  it('say that the message is in its queue, persistent or not, routed to many or to none', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('fanout');
    const queues = [await scene.queue(), await scene.queue({ exclusive: false }), await scene.queue()];
    const channel = await scene.connection.createConfirmChannel();
    channel.publish(exchange, '', Buffer.from('to none'));
    await channel.waitForConfirms();
    for (const queue of queues) await scene.channel.bindQueue(queue, exchange, '');
    for (const persistent of [false, true]) channel.publish(exchange, '', Buffer.from('x'), { persistent });
    await channel.waitForConfirms();
    for (const queue of queues) expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 2 });
  });

  it('come for a message that expires, is dropped or is consumed at once', async () => {
    await using scene = await openScene();
    const [short, consumed] = [await scene.queue({ maxLength: 0 }), await scene.queue()];
    await scene.channel.consume(consumed, () => {}, { noAck: true });
    await scene.sendConfirmed(short, ['dropped']);
    await scene.sendConfirmed(consumed, ['expired'], { expiration: '0' });
    await scene.sendConfirmed(consumed, ['consumed'], { persistent: true });
  });

  it('come at once and one by one for what is routed to no queue, each behind its return', async () => {
    await using connection = await openRawChannel();
    connection.write(method(1, 'confirm.select', bits(false)));
    await connection.expect('confirm.select-ok', 1);
    const unroutable = [false, true, false, true, false];
    // All in one write: what is confirmed together is there together.
    connection.write(...unroutable.map((mandatory) => publish(1, 'nowhere', 'x', { mandatory })));
    for (const [index, mandatory] of unroutable.entries()) {
      if (mandatory) await connection.expectContent('basic.return');
      const confirm = await connection.expect('basic.ack', 1);
      expect([confirm.longlong(), confirm.octet()]).toEqual([BigInt(index + 1), 0]);
    }
  });

  it('name what is routed to no queue by itself, also among others that are routed', async () => {
    await using connection = await openRawChannel();
    const queue = `${freshPrefix()}confirms`;
    connection.write(declareQueue(1, queue), method(1, 'confirm.select', bits(false)));
    await connection.expect('queue.declare-ok', 1);
    await connection.expect('confirm.select-ok', 1);
    connection.write(...[queue, queue, 'nowhere', queue].map((key) => publish(1, key, 'x')));
    const tags: bigint[] = [];
    while (!tags.includes(4n)) tags.push((await connection.expect('basic.ack', 1)).longlong());
    expect(tags.filter((tag) => tag === 3n)).toHaveLength(1);
    expect(tags.indexOf(3n)).toBeLessThan(tags.indexOf(4n));
  });

  it('may be asked for twice, and count from where they were', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await scene.connection.createChannel();
    const confirms = (count: number) =>
      new Promise<number[]>((resolve) => {
        const tags: number[] = [];
        channel.on('ack', ({ deliveryTag }: Confirm) => {
          if (tags.push(deliveryTag) === count) resolve(tags);
        });
      });
    channel.sendToQueue(queue, Buffer.from('before'));
    await confirmSelect(channel);
    const one = confirms(1);
    channel.sendToQueue(queue, Buffer.from('first'));
    expect(await one).toEqual([1]);
    await confirmSelect(channel);
    channel.removeAllListeners('ack');
    const two = confirms(1);
    channel.sendToQueue(queue, Buffer.from('second'));
    expect(await two).toEqual([2]);
  });

  it('and transactions exclude each other', async () => {
    await using scene = await openScene();
    const confirmsFirst = async (channel: Channel) => {
      await confirmSelect(channel);
      await txSelect(channel);
    };
    expect(await scene.refusal(confirmsFirst)).toBe(
      'channel 406 tx.select: PRECONDITION_FAILED - cannot switch from confirm to tx mode',
    );
    const transactionsFirst = async (channel: Channel) => {
      await txSelect(channel);
      await confirmSelect(channel);
    };
    expect(await scene.refusal(transactionsFirst)).toBe(
      'channel 406 confirm.select: PRECONDITION_FAILED - cannot switch from tx to confirm mode',
    );
  });
});
