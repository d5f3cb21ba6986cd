/** How consumers come, share a queue and go. */
import type { Channel, ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { queueState } from '../support/broker.js';
import { startConsumption } from './support/consumption.js';
import { openScene } from './support/scene.js';
import { cancelNowait, consumeNowait } from './support/unlisted-methods.js';

describe('a consumer tag', () => {
  it('is made by the broker when none is given', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const [one, two] = [await startConsumption(scene.channel, queue), await startConsumption(scene.channel, queue)];
    expect(one.consumerTag).toMatch(/^amq\.ctag-[A-Za-z0-9_-]{22}$/);
    expect(two.consumerTag).not.toBe(one.consumerTag);
  });

  it('belongs to its channel: another may have the same, its own may not', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const consume = (channel: Channel) => startConsumption(channel, queue, { consumerTag: 'mine' });
    expect(await consume(scene.channel)).toMatchObject({ consumerTag: 'mine' });
    expect(await consume(await scene.connection.createChannel())).toMatchObject({ consumerTag: 'mine' });
    const twice = async (channel: Channel) => {
      const { queue: own } = await channel.assertQueue('', { exclusive: true });
      await channel.consume(own, () => {}, { consumerTag: 'mine' });
      await channel.consume(own, () => {}, { consumerTag: 'mine' });
    };
    expect(await scene.refusal(twice, 'elsewhere')).toBe(
      "connection 530 basic.consume: NOT_ALLOWED - attempt to reuse consumer tag 'mine'",
    );
  });

  it('is free again once its consumer is cancelled, and one that is not there is cancelled as well', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const { consumerTag } = await startConsumption(scene.channel, queue, { consumerTag: 'mine' });
    await scene.channel.cancel(consumerTag);
    await scene.channel.cancel(consumerTag);
    await scene.channel.cancel('never there');
    await startConsumption(scene.channel, queue, { consumerTag: 'mine' });
  });
});

describe('consuming', () => {
  it('from a queue that is not there is refused', async () => {
    await using scene = await openScene();
    expect(await scene.refusal((channel) => channel.consume(scene.name('q'), () => {}))).toBe(
      "channel 404 basic.consume: NOT_FOUND - no queue 'q' in vhost '/'",
    );
  });

  it('delivers what is there and what comes, with tags that count up for the whole channel', async () => {
    await using scene = await openScene();
    const [one, two] = [await scene.queue(), await scene.queue()];
    scene.send(one, ['a', 'b']);
    const first = await startConsumption(scene.channel, one);
    expect(await first.bodies(2)).toEqual(['a', 'b']);
    const second = await startConsumption(scene.channel, two);
    scene.send(two, ['c']);
    await second.until(1);
    scene.send(one, ['d']);
    await first.until(3);
    const fields = [...first.deliveries, ...second.deliveries].map((message) => message.fields);
    expect(fields.map(({ deliveryTag }) => deliveryTag)).toEqual([1, 2, 4, 3]);
    expect(fields[3]).toEqual({
      consumerTag: second.consumerTag,
      deliveryTag: 3,
      redelivered: false,
      exchange: '',
      routingKey: two,
    });
  });

  it('without acknowledgement removes what it delivers', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await scene.connection.createChannel();
    const consumption = await startConsumption(channel, queue, { noAck: true });
    scene.send(queue, ['a', 'b']);
    await consumption.until(2);
    await channel.close();
    expect(await scene.bodies(queue)).toEqual([]);
  });

  it('shares a queue evenly between consumers that are ready', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const consumptions = await Promise.all([1, 2, 3].map(() => startConsumption(scene.channel, queue)));
    const channel = await scene.connection.createChannel();
    consumptions.push(await startConsumption(channel, queue));
    scene.send(
      queue,
      Array.from({ length: 40 }, (_, index) => `${index}`),
    );
    await Promise.all(consumptions.map(({ until }) => until(10)));
    expect(consumptions.map(({ deliveries }) => deliveries.length)).toEqual([10, 10, 10, 10]);
    for (const { deliveries } of consumptions) {
      const numbers = deliveries.map(({ content }) => Number(content.toString()));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  it('and cancelling without replies take effect', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const delivered = new Promise<ConsumeMessage | null>((resolve) => {
      consumeNowait(scene.channel, queue, 'mine', resolve);
    });
    scene.send(queue, ['a']);
    expect(await delivered).toMatchObject({ fields: { consumerTag: 'mine' } });
    cancelNowait(scene.channel, 'mine');
    await scene.channel.checkExchange('amq.direct');
    expect(await queueState(scene, queue)).toMatchObject({ consumers: 0 });
  });

  it('lets a no-local consumer have what its own connection published', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const consumption = await startConsumption(scene.channel, queue, { noLocal: true });
    scene.send(queue, ['own']);
    expect(await consumption.bodies(1)).toEqual(['own']);
  });
});

describe('an exclusive consumer', () => {
  const IN_USE = "channel 403 basic.consume: ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use";

  it('is the only one, until it goes', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    const { consumerTag } = await startConsumption(scene.channel, queue, { exclusive: true });
    expect(await scene.refusal((channel) => channel.consume(queue, () => {}))).toBe(IN_USE);
    expect(await scene.refusal((channel) => channel.consume(queue, () => {}, { exclusive: true }))).toBe(IN_USE);
    await scene.channel.cancel(consumerTag);
    expect(await scene.refusal((channel) => channel.consume(queue, () => {}))).toBe('accepted');
  });

  it('is refused where another consumer is', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    await startConsumption(scene.channel, queue);
    expect(await scene.refusal((channel) => channel.consume(queue, () => {}, { exclusive: true }))).toBe(IN_USE);
  });
});

describe('x-priority', () => {
  it('gives messages to the highest consumer that is ready, and shares among equals', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const consume = async (priority?: number) => {
      const channel = await scene.connection.createChannel();
      await channel.prefetch(2);
      return await startConsumption(channel, queue, priority === undefined ? {} : { priority });
    };
    const [low, none] = [await consume(-1), await consume()];
    const [high, equal] = [await consume(10), await consume(10)];
    await scene.sendConfirmed(queue, ['1', '2', '3', '4', '5']);
    await Promise.all([high.until(2), equal.until(2), none.until(1)]);
    expect([...high.deliveries, ...equal.deliveries].map(({ content }) => content.toString()).sort()).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
    expect(await none.bodies(1)).toEqual(['5']);
    await scene.sendConfirmed(queue, ['6', '7']);
    expect(await none.bodies(2)).toEqual(['5', '6']);
    expect(await low.bodies(1)).toEqual(['7']);
  });

  it('that is no integer is refused', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    const consume = (channel: Channel) => channel.consume(queue, () => {}, { arguments: { 'x-priority': 'high' } });
    expect(await scene.refusal(consume)).toBe(
      "channel 406 basic.consume: PRECONDITION_FAILED - invalid arg 'x-priority' for queue 'q' in vhost '/': \"expected integer, got longstr\"",
    );
  });
});

describe('a cancel', () => {
  it('ends deliveries, and leaves what was delivered to be acknowledged', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(2);
    scene.send(queue, ['a', 'b', 'c']);
    const consumption = await startConsumption(scene.channel, queue);
    const [a, b] = await consumption.until(2);
    await scene.channel.cancel(consumption.consumerTag);
    scene.channel.ack(a!);
    scene.channel.nack(b!);
    expect(await scene.bodies(queue)).toEqual(['b', 'c']);
    expect(consumption.deliveries).toHaveLength(2);
  });

  it('comes from the broker when the queue is deleted, to each consumer', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q' });
    const other = await scene.connection.createChannel();
    const [one, two, three] = [
      await startConsumption(scene.channel, queue, { consumerTag: 'one' }),
      await startConsumption(scene.channel, queue),
      await startConsumption(other, queue),
    ];
    await scene.channel.deleteQueue(queue);
    await Promise.all([one.cancelled, two.cancelled, three.cancelled]);
    // The tag is free again, and the channels go on.
    await scene.queue({ name: 'q' });
    const again = await startConsumption(other, queue, { consumerTag: 'one' });
    scene.send(queue, ['x']);
    expect(await again.bodies(1)).toEqual(['x']);
  });
});

describe('the end of a channel', () => {
  it('ends its consumers, and requeues what it did not acknowledge, in place', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    const channel = await scene.connection.createChannel();
    await channel.prefetch(3);
    scene.send(queue, ['a', 'b', 'c', 'd', 'e']);
    const consumption = await startConsumption(channel, queue);
    const [, b] = await consumption.until(3);
    channel.ack(b!);
    await consumption.until(4);
    await channel.close();
    await expect.poll(() => queueState(scene, queue), { timeout: 10_000 }).toEqual({ messages: 4, consumers: 0 });
    const again = await startConsumption(scene.channel, queue);
    const messages = await again.until(4);
    const seen = messages.map(({ content, fields }) => `${content} ${fields.redelivered}`);
    expect(seen).toEqual(['a true', 'c true', 'd true', 'e false']);
  });
});
