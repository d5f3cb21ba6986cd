/** How queues come to be, are looked up, emptied and deleted. */
import { describe, expect, it } from 'vitest';
import { queueState } from '../support/broker.js';
import { openScene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';
import { declareQueue, declareQueueNowait, deleteQueueNowait, purgeQueueNowait } from './support/unlisted-methods.js';

describe('a queue name', () => {
  it('is made by the broker when none is given, another each time', async () => {
    await using scene = await openScene();
    const [one, two] = [
      await scene.channel.assertQueue('', { exclusive: true }),
      await scene.channel.assertQueue('', { exclusive: true }),
    ];
    expect(one.queue).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
    expect(two.queue).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
    expect(one.queue).not.toBe(two.queue);
    expect(one).toEqual({ queue: one.queue, messageCount: 0, consumerCount: 0 });
  });

  it('made by the broker may be looked for, but not declared again', async () => {
    await using scene = await openScene();
    const { queue } = await scene.channel.assertQueue('', { exclusive: true });
    await scene.channel.checkQueue(queue);
    expect(await scene.refusal((channel) => channel.assertQueue(queue, { exclusive: true }))).toBe(
      `channel 403 queue.declare: ACCESS_REFUSED - queue name '${queue}' contains reserved prefix 'amq.*'`,
    );
  });

  it('when empty means the last queue that the channel declared', async () => {
    await using scene = await openScene();
    const { channel } = scene;
    const exchange = await scene.exchange('direct');
    const first = await scene.queue();
    const last = await scene.queue();
    await channel.bindQueue('', exchange, 'key');
    channel.publish(exchange, 'key', Buffer.from('one'));
    expect(await channel.get('')).toMatchObject({ fields: { exchange, routingKey: 'key' } });
    // With an empty key too, the key is the name.
    await channel.bindQueue('', exchange, '');
    channel.publish(exchange, last, Buffer.from('two'));
    const { consumerTag } = await channel.consume('', () => {});
    expect(await queueState(scene, last)).toMatchObject({ consumers: 1 });
    await channel.cancel(consumerTag);
    await channel.recover();
    expect(await channel.purgeQueue('')).toEqual({ messageCount: 2 });
    await channel.unbindQueue('', exchange, 'key');
    await channel.checkQueue(first);
    await channel.deleteQueue('');
    expect(await queueState(scene, first)).toBeUndefined();
    expect(await queueState(scene, last)).toBeDefined();
  });

  it('when empty is refused on a channel that declared none', async () => {
    await using scene = await openScene();
    const refused = (method: string) => `channel 404 ${method}: NOT_FOUND - no previously declared queue`;
    expect(await scene.refusal((channel) => channel.consume('', () => {}))).toBe(refused('basic.consume'));
    expect(await scene.refusal((channel) => channel.get(''))).toBe(refused('basic.get'));
    expect(await scene.refusal((channel) => channel.purgeQueue(''))).toBe(refused('queue.purge'));
    expect(await scene.refusal((channel) => channel.deleteQueue(''))).toBe(refused('queue.delete'));
    expect(await scene.refusal((channel) => channel.bindQueue('', 'amq.direct', 'a'))).toBe(refused('queue.bind'));
    expect(await scene.refusal((channel) => channel.unbindQueue('', 'amq.direct', 'a'))).toBe(refused('queue.unbind'));
  });

  it('that begins with amq. is reserved', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.assertQueue('amq.tq-test', { exclusive: true }))).toBe(
      "channel 403 queue.declare: ACCESS_REFUSED - queue name 'amq.tq-test' contains reserved prefix 'amq.*'",
    );
  });

  it('may hold any character and 255 bytes, and loses line breaks', async () => {
    await using scene = await openScene();
    for (const suffix of ['ü ☃ /\\"\'', '\tx', 'x'.repeat(255 - scene.name('').length)]) {
      const queue = await scene.queue({ name: suffix });
      scene.send(queue, [suffix]);
      expect(await scene.bodies(queue)).toEqual([suffix]);
    }
    const { queue } = await scene.channel.assertQueue(scene.name('a\r\nb\n'), { exclusive: true });
    expect(queue).toBe(scene.name('ab'));
  });
});

describe('a declare', () => {
  it('of a queue that is there tells what it holds', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', autoDelete: true });
    scene.send(queue, ['one', 'two', 'three']);
    await scene.channel.get(queue);
    const options = { exclusive: true, durable: false, autoDelete: true };
    const found = { queue, messageCount: 2, consumerCount: 0 };
    expect(await scene.channel.assertQueue(queue, options)).toEqual(found);
    expect(await scene.channel.checkQueue(queue)).toEqual(found);
  });

  it('counts each consumer, and only messages that are ready', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(1);
    const delivered = new Promise((resolve) => scene.channel.once('delivery', resolve));
    await scene.channel.consume(queue, () => {});
    await scene.channel.consume(queue, () => {});
    await scene.sendConfirmed(queue, ['one', 'two', 'three']);
    await delivered;
    await expect.poll(() => queueState(scene, queue), { timeout: 10_000 }).toEqual({ messages: 1, consumers: 2 });
  });

  it('that is passive finds the queue whatever comes with it', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await declareQueue(scene.channel, { queue, passive: true, durable: true, autoDelete: true, arguments: { a: 1 } });
  });

  it('that is passive is refused when there is no such queue', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.checkQueue(scene.name('q')))).toBe(
      "channel 404 queue.declare: NOT_FOUND - no queue 'q' in vhost '/'",
    );
    expect(await scene.refusal((channel) => channel.checkQueue(''))).toBe(
      "channel 404 queue.declare: NOT_FOUND - no queue '' in vhost '/'",
    );
  });

  it('without a reply takes effect, and is refused as one with a reply', async () => {
    await using scene = await openScene();
    const queue = scene.name('q');
    declareQueueNowait(scene.channel, { queue, exclusive: true });
    scene.send(queue, ['one']);
    expect(await scene.bodies(queue)).toEqual(['one']);
    expect(
      await scene.refusal((channel) => declareQueueNowait(channel, { queue, exclusive: true, autoDelete: true })),
    ).toBe(
      "channel 406 queue.declare: PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'q' in vhost '/': received 'true' but current is 'false'",
    );
  });

  it('with another durability or auto-delete is refused', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', exclusive: false, durable: false });
    const refused = (arg: string) =>
      `channel 406 queue.declare: PRECONDITION_FAILED - inequivalent arg '${arg}' for queue 'q' in vhost '/': received 'true' but current is 'false'`;
    expect(await scene.refusal((channel) => channel.assertQueue(queue, { durable: true }))).toBe(refused('durable'));
    const autoDelete = { durable: false, autoDelete: true };
    expect(await scene.refusal((channel) => channel.assertQueue(queue, autoDelete))).toBe(refused('auto_delete'));
  });

  it('of an exclusive queue takes no notice of its durability', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ durable: true });
    await scene.channel.assertQueue(queue, { exclusive: true, durable: false });
  });
});

describe('an auto-delete queue', () => {
  it('stays while it never had a consumer, and goes with its last one', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ exclusive: false, durable: false, autoDelete: true });
    scene.send(queue, ['one', 'two']);
    await scene.channel.get(queue, { noAck: true });
    const [first, second] = [
      await scene.channel.consume(queue, () => {}),
      await scene.channel.consume(queue, () => {}),
    ];
    await scene.channel.cancel(first.consumerTag);
    expect(await queueState(scene, queue)).toMatchObject({ consumers: 1 });
    await scene.channel.cancel(second.consumerTag);
    expect(await queueState(scene, queue)).toBeUndefined();
  });

  it('goes when the channel of its last consumer closes', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ exclusive: false, durable: false, autoDelete: true });
    const channel = await scene.connection.createChannel();
    await channel.consume(queue, () => {});
    await channel.close();
    // The queue hears of the channel's end on its own.
    await expect.poll(() => queueState(scene, queue), { timeout: 10_000 }).toBeUndefined();
  });
});

describe('a purge', () => {
  it('tells how many messages it removed, and leaves those that are delivered', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    scene.send(queue, ['one', 'two', 'three']);
    const one = await takeMessage(scene.channel, queue);
    expect(await scene.channel.purgeQueue(queue)).toEqual({ messageCount: 2 });
    expect(await scene.channel.purgeQueue(queue)).toEqual({ messageCount: 0 });
    scene.channel.nack(one);
    expect(await scene.bodies(queue)).toEqual(['one']);
  });

  it('without a reply takes effect', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    scene.send(queue, ['one']);
    purgeQueueNowait(scene.channel, queue);
    expect(await scene.bodies(queue)).toEqual([]);
  });

  it('of a queue that is not there is refused', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.purgeQueue(scene.name('q')))).toBe(
      "channel 404 queue.purge: NOT_FOUND - no queue 'q' in vhost '/'",
    );
  });
});

describe('a delete', () => {
  it('tells how many messages were ready, and forgets those that are delivered', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    scene.send(queue, ['one', 'two', 'three']);
    const one = await takeMessage(scene.channel, queue);
    expect(await scene.channel.deleteQueue(queue)).toEqual({ messageCount: 2 });
    // An ack for a queue that is gone is fine, and a new queue of the name is empty.
    scene.channel.ack(one);
    await scene.queue({ name: 'q' });
    expect(await scene.bodies(queue)).toEqual([]);
  });

  it('of a queue that is not there is fine', async () => {
    await using scene = await openScene();
    expect(await scene.channel.deleteQueue(scene.name('none'))).toEqual({ messageCount: 0 });
    expect(await scene.channel.deleteQueue(scene.name('none'), { ifUnused: true, ifEmpty: true })).toEqual({
      messageCount: 0,
    });
  });

  it('without a reply takes effect', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    deleteQueueNowait(scene.channel, queue);
    await scene.channel.checkExchange('amq.direct');
    expect(await queueState(scene, queue)).toBeUndefined();
  });

  it('with if-unused is refused while there is a consumer', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    const { consumerTag } = await scene.channel.consume(queue, () => {});
    const deletion = () => scene.refusal((channel) => channel.deleteQueue(queue, { ifUnused: true }));
    expect(await deletion()).toBe("channel 406 queue.delete: PRECONDITION_FAILED - queue 'q' in vhost '/' in use");
    await scene.channel.cancel(consumerTag);
    expect(await deletion()).toBe('accepted');
  });

  it('with if-empty is refused while a message is ready', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    await scene.sendConfirmed(queue, ['one']);
    const deletion = () => scene.refusal((channel) => channel.deleteQueue(queue, { ifEmpty: true }));
    expect(await deletion()).toBe("channel 406 queue.delete: PRECONDITION_FAILED - queue 'q' in vhost '/' not empty");
    await scene.channel.get(queue);
    expect(await deletion()).toBe('accepted');
  });
});
