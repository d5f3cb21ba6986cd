/** How many unacknowledged messages a consumer, or a channel, may have. */
import { describe, expect, it } from 'vitest';
import { queueState } from '../support/broker.js';
import { startConsumption } from './support/consumption.js';
import { openScene } from './support/scene.js';
import { flow, qosOfBytes } from './support/unlisted-methods.js';

const TEN = Array.from({ length: 10 }, (_, index) => `${index}`);

it('without a prefetch everything is delivered', async () => {
  await using scene = await openScene();
  const queue = await scene.queue();
  scene.send(queue, TEN);
  const consumption = await startConsumption(scene.channel, queue);
  expect(await consumption.bodies(10)).toEqual(TEN);
});

describe('a prefetch for each consumer', () => {
  it('holds back more, until messages are acknowledged, rejected or requeued', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(2);
    scene.send(queue, ['a', 'b', 'c', 'd', 'e']);
    const consumption = await startConsumption(scene.channel, queue);
    await consumption.until(2);
    expect(await queueState(scene, queue)).toMatchObject({ messages: 3 });
    scene.channel.ack(consumption.deliveries[0]!);
    await consumption.until(3);
    scene.channel.reject(consumption.deliveries[1]!, false);
    await consumption.until(4);
    scene.channel.nack(consumption.deliveries[3]!, false, true);
    expect(await consumption.bodies(5)).toEqual(['a', 'b', 'c', 'd', 'd']);
    expect(await queueState(scene, queue)).toMatchObject({ messages: 1 });
  });

  it('counts for the consumers that come after it, each by itself', async () => {
    await using scene = await openScene();
    const [one, two, three] = [await scene.queue(), await scene.queue(), await scene.queue()];
    for (const queue of [one, two, three]) await scene.sendConfirmed(queue, TEN);
    await scene.channel.prefetch(1);
    const first = await startConsumption(scene.channel, one);
    await scene.channel.prefetch(3);
    const second = await startConsumption(scene.channel, two);
    await scene.channel.prefetch(0);
    const third = await startConsumption(scene.channel, three);
    await Promise.all([first.until(1), second.until(3), third.until(10)]);
    expect(await queueState(scene, one)).toMatchObject({ messages: 9 });
    expect(await queueState(scene, two)).toMatchObject({ messages: 7 });
    expect([first, second, third].map(({ deliveries }) => deliveries.length)).toEqual([1, 3, 10]);
  });

  it('does not count what is got, nor what needs no acknowledgement', async () => {
    await using scene = await openScene();
    const [one, two] = [await scene.queue(), await scene.queue()];
    scene.send(one, ['a', 'b', 'c']);
    scene.send(two, TEN);
    await scene.channel.prefetch(1);
    await scene.channel.get(one);
    const consumption = await startConsumption(scene.channel, one);
    await consumption.until(1);
    await scene.channel.get(one);
    expect(await queueState(scene, one)).toMatchObject({ messages: 0 });
    const all = await startConsumption(scene.channel, two, { noAck: true });
    expect(await all.bodies(10)).toEqual(TEN);
  });

  it('is freed by one acknowledgement of many', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(4);
    scene.send(queue, TEN);
    const consumption = await startConsumption(scene.channel, queue);
    await consumption.until(4);
    scene.channel.ack(consumption.deliveries[2]!, true);
    await consumption.until(7);
    scene.channel.ackAll();
    expect(await consumption.bodies(10)).toEqual(TEN);
  });
});

describe('a prefetch for the channel', () => {
  it('is shared by its consumers, of several queues, those from before too', async () => {
    await using scene = await openScene();
    const [one, two] = [await scene.queue(), await scene.queue()];
    const first = await startConsumption(scene.channel, one);
    await scene.channel.prefetch(3, true);
    const second = await startConsumption(scene.channel, two);
    await scene.sendConfirmed(one, ['a', 'b']);
    await first.until(2);
    await scene.sendConfirmed(two, ['c', 'd']);
    await second.until(1);
    expect(await queueState(scene, two)).toMatchObject({ messages: 1 });
    scene.channel.ack(first.deliveries[0]!);
    expect(await second.bodies(2)).toEqual(['c', 'd']);
  });

  it('is lifted by one for each consumer that follows', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(2, true);
    await scene.channel.prefetch(5, false);
    scene.send(queue, TEN);
    const consumption = await startConsumption(scene.channel, queue);
    await consumption.until(5);
    expect(await queueState(scene, queue)).toMatchObject({ messages: 5 });
  });

  it('that follows one for each consumer holds beside it', async () => {
    await using scene = await openScene();
    const [one, two] = [await scene.queue(), await scene.queue()];
    await scene.channel.prefetch(2, false);
    await scene.channel.prefetch(3, true);
    await scene.sendConfirmed(one, ['a', 'b', 'c']);
    await scene.sendConfirmed(two, ['d', 'e', 'f']);
    const first = await startConsumption(scene.channel, one);
    await first.until(2);
    const second = await startConsumption(scene.channel, two);
    await second.until(1);
    expect(await queueState(scene, one)).toMatchObject({ messages: 1 });
    expect(await queueState(scene, two)).toMatchObject({ messages: 2 });
  });

  it('of 0 lifts it, and delivers what waited', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(1, true);
    const consumption = await startConsumption(scene.channel, queue);
    scene.send(queue, TEN);
    await consumption.until(1);
    await scene.channel.prefetch(0, true);
    expect(await consumption.bodies(10)).toEqual(TEN);
  });

  it('may grow', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    await scene.channel.prefetch(1, true);
    const consumption = await startConsumption(scene.channel, queue);
    scene.send(queue, TEN);
    await consumption.until(1);
    await scene.channel.prefetch(4, true);
    expect(await consumption.bodies(4)).toEqual(['0', '1', '2', '3']);
    expect(await queueState(scene, queue)).toMatchObject({ messages: 6 });
  });
});

it('a window in bytes closes the connection', async () => {
  await using scene = await openScene();
  expect(await scene.refusal((channel) => qosOfBytes(channel, 1000), 'elsewhere')).toBe(
    'connection 540 basic.qos: NOT_IMPLEMENTED - prefetch_size!=0 (1000)',
  );
});

it('flow can be asked to go on, and not to stop', async () => {
  await using scene = await openScene();
  expect(await flow(scene.channel, true)).toBe(true);
  expect(await scene.refusal((channel) => flow(channel, false), 'elsewhere')).toBe(
    'connection 540 channel.flow: NOT_IMPLEMENTED - active=false',
  );
});
