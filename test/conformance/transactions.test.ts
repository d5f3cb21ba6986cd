/** Transactions: publishes and acknowledgements that happen together or not at all. */
import type { Channel, Message } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { openScene, type Scene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';
import { ackTag, txCommit, txRollback, txSelect } from './support/unlisted-methods.js';

/** A transactional channel. */
async function transactional(scene: Scene): Promise<Channel> {
  const channel = await scene.connection.createChannel();
  await txSelect(channel);
  return channel;
}

describe('a transaction', () => {
  it('holds publishes until it is committed', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await transactional(scene);
    channel.sendToQueue(queue, Buffer.from('a'));
    channel.sendToQueue(queue, Buffer.from('b'), { persistent: true });
    await channel.checkQueue(queue);
    expect(await scene.channel.get(queue)).toBe(false);
    await txCommit(channel);
    expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 2 });
    expect(await scene.bodies(queue)).toEqual(['a', 'b']);
  });

  it('forgets publishes that are rolled back', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await transactional(scene);
    channel.sendToQueue(queue, Buffer.from('a'));
    await txRollback(channel);
    channel.sendToQueue(queue, Buffer.from('b'));
    await txCommit(channel);
    expect(await scene.bodies(queue)).toEqual(['b']);
  });

  it('holds acknowledgements until it is committed', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const [committed, lost] = [await transactional(scene), await transactional(scene)];
    await scene.sendConfirmed(queue, ['a', 'b']);
    committed.ack(await takeMessage(committed, queue));
    lost.ack(await takeMessage(lost, queue));
    await txCommit(committed);
    await committed.close();
    await lost.close();
    await expect.poll(() => scene.channel.checkQueue(queue), { timeout: 10_000 }).toMatchObject({ messageCount: 1 });
    expect(await scene.bodies(queue)).toEqual(['b']);
  });

  it('after a rollback has its deliveries to acknowledge again', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await transactional(scene);
    await scene.sendConfirmed(queue, ['a', 'b', 'c']);
    const [a, b, c] = [
      await takeMessage(channel, queue),
      await takeMessage(channel, queue),
      await takeMessage(channel, queue),
    ];
    channel.ack(a);
    channel.nack(b);
    channel.reject(c, false);
    await txRollback(channel);
    // Nothing was requeued, and every tag counts again.
    expect(await channel.get(queue)).toBe(false);
    channel.ack(a);
    channel.ack(b);
    channel.nack(c);
    await txCommit(channel);
    expect(await takeMessage(scene.channel, queue)).toMatchObject({ fields: { redelivered: true } });
    expect(await scene.channel.get(queue)).toBe(false);
  });

  it('requeues and rejects with the commit', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: dead });
    const channel = await transactional(scene);
    await scene.sendConfirmed(queue, ['requeued', 'rejected']);
    channel.nack(await takeMessage(channel, queue));
    channel.reject(await takeMessage(channel, queue), false);
    await channel.checkQueue(queue);
    expect(await scene.channel.get(queue)).toBe(false);
    expect(await scene.channel.get(dead)).toBe(false);
    await txCommit(channel);
    expect(await scene.bodies(queue)).toEqual(['requeued']);
    expect(await scene.bodies(dead)).toEqual(['rejected']);
  });

  it('moves a message: publish and acknowledgement at once', async () => {
    await using scene = await openScene();
    const [from, to] = [await scene.queue(), await scene.queue()];
    const channel = await transactional(scene);
    await scene.sendConfirmed(from, ['x']);
    const message = await takeMessage(channel, from);
    channel.sendToQueue(to, message.content);
    channel.ack(message);
    await txCommit(channel);
    expect(await scene.bodies(to)).toEqual(['x']);
    await channel.close();
    expect(await scene.channel.get(from)).toBe(false);
  });

  it('refuses an unknown tag at once, and loses what it held with the channel', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const wrong = async (channel: Channel) => {
      await txSelect(channel);
      channel.sendToQueue(queue, Buffer.from('lost'));
      ackTag(channel, 5);
    };
    expect(await scene.refusal(wrong)).toBe('channel 406 basic.ack: PRECONDITION_FAILED - unknown delivery tag 5');
    expect(await scene.channel.get(queue)).toBe(false);
  });

  it('refuses a publish to a missing exchange at once', async () => {
    await using scene = await openScene();
    const wrong = async (channel: Channel) => {
      await txSelect(channel);
      channel.publish(scene.name('x'), '', Buffer.from('x'));
    };
    expect(await scene.refusal(wrong)).toBe("channel 404 basic.publish: NOT_FOUND - no exchange 'x' in vhost '/'");
  });

  it('routes when a message is published, and returns it when the transaction is committed', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('fanout');
    const queue = await scene.queue();
    const channel = await transactional(scene);
    const events: string[] = [];
    channel.on('return', ({ content }: Message) => events.push(`return ${content}`));
    channel.publish(exchange, '', Buffer.from('too early'), { mandatory: true });
    await channel.bindQueue(queue, exchange, '');
    channel.publish(exchange, '', Buffer.from('x'), { mandatory: true });
    await channel.checkQueue(queue);
    expect(events).toEqual([]);
    await txCommit(channel);
    expect(events).toEqual(['return too early']);
    expect(await scene.bodies(queue)).toEqual(['x']);
  });

  it('that a queue rejects a message of is refused, and what other queues took is there', async () => {
    await using scene = await openScene();
    const [full, open] = [await scene.queue({ maxLength: 0, overflow: 'reject-publish' }), await scene.queue()];
    const commit = async (channel: Channel) => {
      await txSelect(channel);
      channel.sendToQueue(open, Buffer.from('x'));
      channel.sendToQueue(full, Buffer.from('y'));
      await txCommit(channel);
    };
    expect(await scene.refusal(commit)).toBe('channel 406 tx.commit: PRECONDITION_FAILED - partial tx completion');
    expect(await scene.bodies(open)).toEqual(['x']);
  });

  it('may be empty, and tx.select be repeated', async () => {
    await using scene = await openScene();
    const channel = await transactional(scene);
    await txCommit(channel);
    await txRollback(channel);
    await txSelect(channel);
    await txCommit(channel);
  });

  it('is neither committed nor rolled back on a channel without transactions', async () => {
    await using scene = await openScene();
    const refused = (method: string) => `channel 406 ${method}: PRECONDITION_FAILED - channel is not transactional`;
    expect(await scene.refusal((channel) => txCommit(channel))).toBe(refused('tx.commit'));
    expect(await scene.refusal((channel) => txRollback(channel))).toBe(refused('tx.rollback'));
  });
});
