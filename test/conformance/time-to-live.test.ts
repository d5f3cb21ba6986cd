/** Messages and queues that end after a time. What expires is awaited where it is dead-lettered to. */
import { describe, expect, it } from 'vitest';
import { queueState, receive } from '../support/broker.js';
import { startConsumption } from './support/consumption.js';
import { openScene, type QueueOptions, type Scene } from './support/scene.js';

/** A queue whose dead letters go to the second queue. */
async function withDeadLetters(
  scene: Scene,
  options: QueueOptions = {},
): Promise<readonly [queue: string, dead: string]> {
  const dead = await scene.queue();
  const queue = await scene.queue({ ...options, deadLetterExchange: '', deadLetterRoutingKey: dead });
  return [queue, dead];
}

/** Resolves some 200 ms later, by the broker's clock: a message expires on the way. */
async function brokerTimePasses(scene: Scene): Promise<void> {
  const [queue, dead] = await withDeadLetters(scene, { messageTtl: 200 });
  scene.send(queue, ['tick']);
  await receive(scene, dead, 1);
}

async function bodiesOf(scene: Scene, queue: string, count: number): Promise<string[]> {
  return (await receive(scene, queue, count)).map(({ content }) => content.toString());
}

describe('x-message-ttl', () => {
  it('ends each message of the queue after that time, in order', async () => {
    await using scene = await openScene();
    const [queue, dead] = await withDeadLetters(scene, { messageTtl: 50 });
    const sent = Array.from({ length: 20 }, (_, index) => `${index}`);
    scene.send(queue, sent);
    expect(await bodiesOf(scene, dead, sent.length)).toEqual(sent);
    expect(await queueState(scene, queue)).toMatchObject({ messages: 0 });
  });

  it('leaves a message alone that is delivered in time', async () => {
    await using scene = await openScene();
    const [queue, dead] = await withDeadLetters(scene, { messageTtl: 100 });
    const consumption = await startConsumption(scene.channel, queue);
    scene.send(queue, ['x']);
    const [message] = await consumption.until(1);
    await brokerTimePasses(scene);
    scene.channel.ack(message!);
    expect(await scene.bodies(dead)).toEqual([]);
  });

  it('ends a delivered message whose time is over once it is requeued', async () => {
    await using scene = await openScene();
    const [queue, dead] = await withDeadLetters(scene, { messageTtl: 100 });
    const consumption = await startConsumption(scene.channel, queue);
    scene.send(queue, ['x']);
    const [message] = await consumption.until(1);
    await brokerTimePasses(scene);
    await scene.channel.cancel(consumption.consumerTag);
    scene.channel.nack(message!);
    expect(await bodiesOf(scene, dead, 1)).toEqual(['x']);
  });

  it('of 0 delivers to a consumer that waits, and ends what cannot be delivered at once', async () => {
    await using scene = await openScene();
    const [queue, dead] = await withDeadLetters(scene, { messageTtl: 0 });
    await scene.sendConfirmed(queue, ['nobody waits']);
    expect(await scene.channel.get(queue)).toBe(false);
    expect(await bodiesOf(scene, dead, 1)).toEqual(['nobody waits']);

    await scene.channel.prefetch(1);
    const delivered = new Promise<string>((resolve) => {
      scene.channel.once('delivery', ({ content }) => resolve(content.toString()));
    });
    await scene.channel.consume(queue, () => {});
    scene.send(queue, ['one', 'two']);
    expect(await delivered).toBe('one');
    expect(await bodiesOf(scene, dead, 1)).toEqual(['two']);
  });
});

describe('the expiration of a message', () => {
  it('ends it after that many milliseconds, and the shorter of message and queue counts', async () => {
    await using scene = await openScene();
    const [queue, dead] = await withDeadLetters(scene, { messageTtl: 60_000 });
    scene.send(queue, ['short'], { expiration: '50' });
    expect(await bodiesOf(scene, dead, 1)).toEqual(['short']);

    const [hasty, end] = await withDeadLetters(scene, { messageTtl: 50 });
    scene.send(hasty, ['long'], { expiration: '60000' });
    expect(await bodiesOf(scene, end, 1)).toEqual(['long']);
  });

  it('takes effect only at the head of the queue', async () => {
    await using scene = await openScene();
    const [queue, dead] = await withDeadLetters(scene);
    scene.send(queue, ['long'], { expiration: '60000' });
    scene.send(queue, ['short', 'shorter'], { expiration: '1' });
    await brokerTimePasses(scene);
    expect(await queueState(scene, queue)).toMatchObject({ messages: 3 });
    expect(await queueState(scene, dead)).toMatchObject({ messages: 0 });
    // Whoever takes the head lets the others go.
    expect(await scene.bodies(queue)).toEqual(['long']);
    expect(await bodiesOf(scene, dead, 2)).toEqual(['short', 'shorter']);
  });

  it('of 0 ends a message that nobody waits for', async () => {
    await using scene = await openScene();
    const queue = await scene.queue();
    scene.send(queue, ['gone'], { expiration: '0' });
    scene.send(queue, ['stays']);
    expect(await scene.bodies(queue)).toEqual(['stays']);
  });

  const INVALID = [
    ['abc', 'no_integer'],
    ['', 'no_integer'],
    ['1.5', '{leftover_string,".5"}'],
    ['10s', '{leftover_string,"s"}'],
    ['-1', '{value_negative,-1}'],
    ['315360000001', '{value_too_large,315360000001}'],
  ] as const;

  it.each(INVALID)('"%s" is refused', async (expiration, text) => {
    await using scene = await openScene();
    const publish = (queue: string) =>
      scene.refusal((channel) => channel.sendToQueue(queue, Buffer.from('x'), { expiration }));
    expect(await publish(await scene.queue())).toBe(
      `channel 406 basic.publish: PRECONDITION_FAILED - invalid expiration '${expiration}': ${text}`,
    );
  });

  it.each(['+60000', '060000', '315360000000'])('"%s" is a number', async (expiration) => {
    await using scene = await openScene();
    const queue = await scene.queue();
    scene.send(queue, ['x'], { expiration });
    expect(await scene.channel.get(queue, { noAck: true })).toMatchObject({ properties: { expiration } });
  });
});

describe('x-expires', () => {
  /** A queue that expires, and what tells whether it is there without using it: an exchange that goes with it. */
  async function expiring(
    scene: Scene,
    expires: number,
  ): Promise<readonly [queue: string, isThere: () => Promise<boolean>]> {
    const queue = await scene.queue({ exclusive: false, durable: false, expires });
    const exchange = await scene.exchange('fanout', { autoDelete: true });
    await scene.channel.bindQueue(queue, exchange, '');
    const isThere = async () => (await scene.refusal((channel) => channel.checkExchange(exchange))) === 'accepted';
    return [queue, isThere];
  }

  const untilGone = (isThere: () => Promise<boolean>) =>
    expect.poll(isThere, { timeout: 20_000, interval: 50 }).toBe(false);

  it('deletes an unused queue with its messages, which are no dead letters', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const options = { deadLetterExchange: '', deadLetterRoutingKey: dead };
    const queue = await scene.queue({ exclusive: false, durable: false, expires: 500, ...options });
    const exchange = await scene.exchange('fanout', { autoDelete: true });
    await scene.channel.bindQueue(queue, exchange, '');
    scene.send(queue, ['x']);
    await untilGone(async () => (await scene.refusal((channel) => channel.checkExchange(exchange))) === 'accepted');
    expect(await queueState(scene, queue)).toBeUndefined();
    expect(await scene.bodies(dead)).toEqual([]);
  });

  it('does not delete a queue with a consumer, before that goes', async () => {
    await using scene = await openScene();
    const [used, usedIsThere] = await expiring(scene, 500);
    const { consumerTag } = await scene.channel.consume(used, () => {});
    const [, otherIsThere] = await expiring(scene, 1000);
    await untilGone(otherIsThere);
    expect(await usedIsThere()).toBe(true);
    await scene.channel.cancel(consumerTag);
    await untilGone(usedIsThere);
  });

  it('begins anew with each declare and get, and not with a publish', async () => {
    await using scene = await openScene();
    const [declared, declaredIsThere] = await expiring(scene, 1000);
    const [got, gotIsThere] = await expiring(scene, 1000);
    const [published, publishedIsThere] = await expiring(scene, 1000);
    const [, otherIsThere] = await expiring(scene, 2500);
    await untilGone(async () => {
      await scene.channel.checkQueue(declared);
      await scene.channel.get(got);
      scene.send(published, ['x']);
      return await otherIsThere();
    });
    expect([await declaredIsThere(), await gotIsThere(), await publishedIsThere()]).toEqual([true, true, false]);
  });
});
