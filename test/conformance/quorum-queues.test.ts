/** Queues of type quorum, by what a client sees of them. Few are declared, since RabbitMQ takes its time for each. */
import type { Channel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { queueState, receive } from '../support/broker.js';
import { startConsumption } from './support/consumption.js';
import { openScene, type QueueOptions, type Scene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';

/** Declares a durable quorum queue. */
async function quorum(scene: Scene, args: Readonly<Record<string, unknown>> = {}, name?: string): Promise<string> {
  const options: QueueOptions = { exclusive: false, arguments: { 'x-queue-type': 'quorum', ...args } };
  return await scene.queue(name === undefined ? options : { ...options, name });
}

describe('a quorum queue is refused', () => {
  const REFUSED: readonly (readonly [string, options: object, text: string])[] = [
    ['when exclusive', { exclusive: true }, "invalid property 'exclusive-owner' for queue 'q' in vhost '/'"],
    ['when transient', { durable: false }, "invalid property 'non-durable' for queue 'q' in vhost '/'"],
    ['when auto-delete', { autoDelete: true }, "invalid property 'auto-delete' for queue 'q' in vhost '/'"],
    [
      'with all three, for the first',
      { exclusive: true, autoDelete: true },
      "invalid property 'auto-delete' for queue 'q' in vhost '/'",
    ],
  ];

  it.each(REFUSED)('%s', async (_when, options, text) => {
    await using scene = await openScene();
    const declare = { ...options, arguments: { 'x-queue-type': 'quorum' } };
    expect(await scene.refusal((channel) => channel.assertQueue(scene.name('q'), declare))).toBe(
      `channel 406 queue.declare: PRECONDITION_FAILED - ${text}`,
    );
  });

  it.each(['x-max-priority', 'x-queue-mode', 'x-queue-version', 'x-max-age'])('with %s', async (argument) => {
    await using scene = await openScene();
    const declare = { arguments: { 'x-queue-type': 'quorum', [argument]: 5 } };
    expect(await scene.refusal((channel) => channel.assertQueue(scene.name('q'), declare))).toBe(
      `channel 406 queue.declare: PRECONDITION_FAILED - invalid arg '${argument}' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue`,
    );
  });

  const INVALID: readonly (readonly [argument: string, value: unknown, text: string])[] = [
    ['x-dead-letter-strategy', 'sometimes', 'invalid_dlx_strategy'],
    ['x-dead-letter-strategy', 1, '{unacceptable_type,byte}'],
    ['x-quorum-initial-group-size', 0, '{value_zero,0}'],
    ['x-max-in-memory-length', -1, '{value_negative,-1}'],
    ['x-message-ttl', -1, '{value_negative,-1}'],
    ['x-queue-leader-locator', 'somewhere', 'invalid_queue_locator_arg'],
  ];

  it.each(INVALID)('with %s: %j', async (argument, value, text) => {
    await using scene = await openScene();
    const declare = { arguments: { 'x-queue-type': 'quorum', [argument]: value } };
    expect(await scene.refusal((channel) => channel.assertQueue(scene.name('q'), declare))).toBe(
      `channel 406 queue.declare: PRECONDITION_FAILED - invalid arg '${argument}' for queue 'q' in vhost '/': ${text}`,
    );
  });

  it('without a name', async () => {
    await using scene = await openScene();
    const declare = { arguments: { 'x-queue-type': 'quorum' } };
    expect(await scene.refusal((channel) => channel.assertQueue('', declare))).toBe(
      'channel 406 queue.declare: PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue',
    );
  });
});

describe('a quorum queue', () => {
  it('gives in order, and requeues at the back', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene);
    await scene.sendConfirmed(queue, ['1', '2', '3', '4'], { persistent: true, messageId: 'id' });
    expect(await queueState(scene, queue)).toEqual({ messages: 4, consumers: 0 });
    const first = await takeMessage(scene.channel, queue);
    expect(first).toMatchObject({ fields: { redelivered: false, messageCount: 3 }, properties: { messageId: 'id' } });
    scene.channel.nack(first);
    const all = await receive(scene, queue, 4);
    expect(all.map(({ content }) => content.toString())).toEqual(['2', '3', '4', '1']);
    expect(await scene.channel.get(queue)).toBe(false);
  });

  it('with a delivery limit requeues at the front, and so does any when a channel closes', async () => {
    await using scene = await openScene();
    const [limited, unlimited] = [await quorum(scene, { 'x-delivery-limit': 5 }), await quorum(scene)];
    for (const queue of [limited, unlimited]) await scene.sendConfirmed(queue, ['1', '2', '3', '4']);
    const taken = [await takeMessage(scene.channel, limited), await takeMessage(scene.channel, limited)];
    for (const message of taken) scene.channel.nack(message);
    expect(await scene.bodies(limited)).toEqual(['1', '2', '3', '4']);

    const channel = await scene.connection.createChannel();
    for (let count = 0; count < 2; count++) await takeMessage(channel, unlimited);
    await channel.close();
    await expect.poll(() => queueState(scene, unlimited), { timeout: 10_000 }).toMatchObject({ messages: 4 });
    expect(await scene.bodies(unlimited)).toEqual(['1', '2', '3', '4']);
  });

  it('delivers to a consumer without x-delivery-count at first', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene);
    await scene.sendConfirmed(queue, ['x']);
    const [first] = await receive(scene, queue, 1);
    expect(first?.properties.headers).toEqual({});
  });

  it('counts the deliveries before this one, in x-delivery-count', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene);
    await scene.sendConfirmed(queue, ['x'], { headers: { mine: 1 } });
    const counts: unknown[] = [];
    const redelivered: boolean[] = [];
    for (let round = 0; round < 3; round++) {
      const message = await takeMessage(scene.channel, queue);
      counts.push(message.properties.headers?.['x-delivery-count']);
      redelivered.push(message.fields.redelivered);
      if (round === 1) scene.channel.reject(message, true);
      else scene.channel.nack(message);
    }
    // The loss of the channel counts as a requeue does.
    const lost = await scene.connection.createChannel();
    await takeMessage(lost, queue);
    await lost.close();
    const [last] = await receive(scene, queue, 1);
    counts.push(last?.properties.headers?.['x-delivery-count']);
    expect(counts).toEqual([0, 1, 2, 4]);
    expect(redelivered).toEqual([false, true, true]);
    expect(last?.properties.headers).toMatchObject({ mine: 1 });
  });

  it('drops a message that was delivered more often than x-delivery-limit, or dead-letters it', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await quorum(scene, {
      'x-delivery-limit': 2,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    });
    await scene.sendConfirmed(queue, ['x']);
    for (let delivery = 1; delivery <= 3; delivery++) scene.channel.nack(await takeMessage(scene.channel, queue));
    const [letter] = await receive(scene, dead, 1);
    expect(letter?.properties.headers).toMatchObject({
      'x-first-death-reason': 'delivery_limit',
      'x-death': [{ queue, reason: 'delivery_limit', count: 1 }],
    });
    expect(letter?.properties.headers).not.toHaveProperty('x-delivery-count');
    expect(await queueState(scene, queue)).toMatchObject({ messages: 0 });
  });

  it('refuses a global prefetch, if-unused and if-empty', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene, {}, 'q');
    const consume = async (channel: Channel) => {
      await channel.prefetch(1, true);
      await channel.consume(queue, () => {});
    };
    expect(await scene.refusal(consume, 'elsewhere')).toBe(
      "connection 540 basic.consume: NOT_IMPLEMENTED - queue 'q' in vhost '/' does not support global qos",
    );
    expect(await scene.refusal((channel) => channel.deleteQueue(queue, { ifUnused: true }), 'elsewhere')).toBe(
      "connection 540 queue.delete: NOT_IMPLEMENTED - cannot delete queue 'q' in vhost '/'. queue.delete operations with if-unused flag set are not supported by quorum queues",
    );
    expect(await scene.refusal((channel) => channel.deleteQueue(queue, { ifEmpty: true }), 'elsewhere')).toBe(
      "connection 540 queue.delete: NOT_IMPLEMENTED - cannot delete queue 'q' in vhost '/'. queue.delete operations with if-empty flag set are not supported by quorum queues",
    );
  });

  it('is told from a classic queue when it is declared again', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene, { 'x-delivery-limit': 3 }, 'q');
    const declare = (args: object) => scene.refusal((channel) => channel.assertQueue(queue, { arguments: args }));
    const inequivalent = (text: string) => `channel 406 queue.declare: PRECONDITION_FAILED - inequivalent arg ${text}`;
    expect(await declare({ 'x-queue-type': 'quorum', 'x-delivery-limit': 3 })).toBe('accepted');
    expect(await declare({ 'x-delivery-limit': 3 })).toBe(
      inequivalent(
        "'x-queue-type' for queue 'q' in vhost '/': received none but current is the value 'quorum' of type 'longstr'",
      ),
    );
    expect(await declare({ 'x-queue-type': 'quorum' })).toBe(
      inequivalent(
        "'x-delivery-limit' for queue 'q' in vhost '/': received none but current is the value '3' of type 'byte'",
      ),
    );
    expect(await declare({ 'x-queue-type': 'quorum', 'x-delivery-limit': 4 })).toBe(
      inequivalent("'x-delivery-limit' for queue 'q' in vhost '/': received '4' but current is '3'"),
    );
  });

  it('ends messages after x-message-ttl and expiration, with a dead letter', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await quorum(scene, {
      'x-message-ttl': 100,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    });
    await scene.sendConfirmed(queue, ['a', 'b']);
    await scene.sendConfirmed(queue, ['c'], { expiration: '1' });
    const letters = await receive(scene, dead, 3);
    expect(letters.map(({ content }) => content.toString())).toEqual(['a', 'b', 'c']);
    expect(letters[2]?.properties.headers).toMatchObject({
      'x-death': [{ queue, reason: 'expired', count: 1, 'original-expiration': '1' }],
    });
  });

  it('drops its head when it is longer than x-max-length', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene, { 'x-max-length': 2 });
    await scene.sendConfirmed(queue, ['1', '2', '3']);
    expect(await scene.bodies(queue)).toEqual(['2', '3']);
  });

  it('is emptied and deleted with the count of what it held', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene);
    await scene.sendConfirmed(queue, ['1', '2', '3']);
    expect(await scene.channel.purgeQueue(queue)).toEqual({ messageCount: 3 });
    await scene.sendConfirmed(queue, ['4', '5']);
    expect(await scene.channel.deleteQueue(queue)).toEqual({ messageCount: 2 });
  });

  it('with a single active consumer is not got from, and delivers to the first', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene, { 'x-single-active-consumer': true }, 'q');
    expect(await scene.refusal((channel) => channel.get(queue))).toBe(
      "channel 405 basic.get: RESOURCE_LOCKED - cannot obtain access to locked queue 'q' in vhost '/'. basic.get operations are not supported by quorum queues with single active consumer",
    );
    const [one, two] = [await scene.connection.createChannel(), await scene.connection.createChannel()];
    await Promise.all([one.prefetch(1), two.prefetch(1)]);
    const first = await startConsumption(one, queue);
    const second = await startConsumption(two, queue);
    await scene.sendConfirmed(queue, ['a', 'b']);
    one.ack((await first.until(1))[0]!);
    await first.until(2);
    expect(second.deliveries).toEqual([]);
    await one.close();
    expect(await second.bodies(1)).toEqual(['b']);
  });

  it('with the strategy at-least-once dead-letters once the dead letter is in its queue', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await quorum(scene, {
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    });
    await scene.sendConfirmed(queue, ['x']);
    scene.channel.reject(await takeMessage(scene.channel, queue), false);
    const [letter] = await receive(scene, dead, 1);
    expect(letter?.properties.headers).toMatchObject({ 'x-death': [{ queue, reason: 'rejected', count: 1 }] });
  });

  it('keeps the oldest and nacks the others with reject-publish, give or take a few', async () => {
    await using scene = await openScene();
    const queue = await quorum(scene, { 'x-max-length': 2, 'x-overflow': 'reject-publish' });
    const channel = await scene.connection.createConfirmChannel();
    const outcomes: boolean[] = [];
    // One by one, since the limit of a quorum queue takes effect a moment after it is reached.
    for (let index = 0; index < 40 && !outcomes.includes(false); index++) {
      const confirmed = new Promise<boolean>((resolve) => {
        channel.sendToQueue(queue, Buffer.from(`${index}`), {}, (error) => resolve(error === null));
      });
      outcomes.push(await confirmed);
    }
    expect(outcomes.slice(0, 2)).toEqual([true, true]);
    expect(outcomes.at(-1)).toBe(false);
    expect((await scene.bodies(queue)).slice(0, 2)).toEqual(['0', '1']);
  });
});
