/** Queues that hold so many messages or bytes, and what they do with more. */
import { describe, expect, it } from 'vitest';
import { receive } from '../support/broker.js';
import { openScene, type Scene } from './support/scene.js';
import { takeMessages } from './support/take-message.js';

/** Publishes to a queue and says of each body whether it was confirmed. */
async function confirmations(scene: Scene, queue: string, bodies: readonly string[]): Promise<boolean[]> {
  const channel = await scene.connection.createConfirmChannel();
  const publish = (body: string) =>
    new Promise<boolean>((resolve) => {
      channel.sendToQueue(queue, Buffer.from(body), {}, (error) => resolve(error === null));
    });
  const confirmed = await Promise.all(bodies.map(publish));
  await channel.close();
  return confirmed;
}

const FIVE = ['1', '2', '3', '4', '5'] as const;

describe('x-max-length', () => {
  it('drops the oldest messages, and confirms all', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxLength: 3 });
    expect(await confirmations(scene, queue, FIVE)).toEqual([true, true, true, true, true]);
    expect(await scene.bodies(queue)).toEqual(['3', '4', '5']);
  });

  it('counts no messages that are delivered', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxLength: 2 });
    scene.send(queue, ['1', '2']);
    const taken = await takeMessages(scene.channel, queue, 2);
    await scene.sendConfirmed(queue, ['3', '4']);
    expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 2 });
    // What comes back stands at the head, and is what goes first.
    for (const message of taken) scene.channel.nack(message);
    scene.send(queue, ['5']);
    expect(await scene.bodies(queue)).toEqual(['4', '5']);
  });

  it('of 0 delivers to a consumer that waits and keeps nothing', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxLength: 0 });
    await scene.sendConfirmed(queue, ['nobody waits']);
    expect(await scene.bodies(queue)).toEqual([]);
    const received = receive(scene, queue, 1);
    await expect.poll(() => scene.channel.checkQueue(queue), { timeout: 10_000 }).toMatchObject({ consumerCount: 1 });
    scene.send(queue, ['waited for']);
    expect((await received).map(({ content }) => content.toString())).toEqual(['waited for']);
  });

  it('dead-letters what it drops, with the reason maxlen', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await scene.queue({ maxLength: 1, deadLetterExchange: '', deadLetterRoutingKey: dead });
    scene.send(queue, ['1', '2', '3']);
    const letters = await receive(scene, dead, 2);
    expect(letters.map(({ content }) => content.toString())).toEqual(['1', '2']);
    expect(letters[0]?.properties.headers).toMatchObject({ 'x-first-death-reason': 'maxlen' });
    expect(await scene.bodies(queue)).toEqual(['3']);
  });
});

describe('x-max-length-bytes', () => {
  it('counts the bytes of bodies alone', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ arguments: { 'x-max-length-bytes': 10 } });
    await scene.sendConfirmed(queue, ['aaaa', 'bbb', 'ccc'], {
      headers: { some: 'header'.repeat(10) },
      messageId: 'id',
    });
    expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 3 });
    scene.send(queue, ['d']);
    expect(await scene.bodies(queue)).toEqual(['bbb', 'ccc', 'd']);
  });

  it('drops as many as it takes, even the new one when that alone is too much', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ arguments: { 'x-max-length-bytes': 5 } });
    scene.send(queue, ['a', 'bb', 'cc', 'dddd']);
    expect(await scene.bodies(queue)).toEqual(['dddd']);
    scene.send(queue, ['a', 'eeeeee']);
    expect(await scene.bodies(queue)).toEqual([]);
  });

  it('and a length hold at once', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxLength: 2, arguments: { 'x-max-length-bytes': 5 } });
    await scene.sendConfirmed(queue, ['a', 'b', 'c']);
    expect(await scene.channel.checkQueue(queue)).toMatchObject({ messageCount: 2 });
    scene.send(queue, ['dddd']);
    expect(await scene.bodies(queue)).toEqual(['c', 'dddd']);
  });
});

describe('x-overflow reject-publish', () => {
  it('keeps the oldest messages, and nacks the others', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ maxLength: 3, overflow: 'reject-publish' });
    expect(await confirmations(scene, queue, FIVE)).toEqual([true, true, true, false, false]);
    expect(await scene.bodies(queue)).toEqual(['1', '2', '3']);
    expect(await confirmations(scene, queue, ['6'])).toEqual([true]);
  });

  it('counts bytes too', async () => {
    await using scene = await openScene();
    const options = { overflow: 'reject-publish', arguments: { 'x-max-length-bytes': 5 } };
    const queue = await scene.queue(options);
    expect(await confirmations(scene, queue, ['aaa', 'bb', 'c'])).toEqual([true, true, false]);
    expect(await scene.bodies(queue)).toEqual(['aaa', 'bb']);
  });

  it('drops in silence what comes without confirms, and dead-letters nothing', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const options = { overflow: 'reject-publish', deadLetterExchange: '', deadLetterRoutingKey: dead };
    const queue = await scene.queue({ maxLength: 1, ...options });
    scene.send(queue, ['1', '2']);
    expect(await confirmations(scene, queue, ['3'])).toEqual([false]);
    expect([await scene.bodies(queue), await scene.bodies(dead)]).toEqual([['1'], []]);
  });

  it('nacks a message that one of several queues rejects, though the others keep it', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('fanout');
    const [full, open] = [await scene.queue({ maxLength: 0, overflow: 'reject-publish' }), await scene.queue()];
    await scene.channel.bindQueue(full, exchange, '');
    await scene.channel.bindQueue(open, exchange, '');
    const channel = await scene.connection.createConfirmChannel();
    channel.publish(exchange, '', Buffer.from('x'));
    await expect(channel.waitForConfirms()).rejects.toThrow('message nacked');
    expect(await scene.bodies(open)).toEqual(['x']);
  });
});

describe('x-overflow reject-publish-dlx', () => {
  it('nacks what it rejects, and dead-letters it with the reason maxlen', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const options = { overflow: 'reject-publish-dlx', deadLetterExchange: '', deadLetterRoutingKey: dead };
    const queue = await scene.queue({ maxLength: 3, ...options });
    expect(await confirmations(scene, queue, FIVE)).toEqual([true, true, true, false, false]);
    expect(await scene.bodies(queue)).toEqual(['1', '2', '3']);
    const letters = await receive(scene, dead, 2);
    expect(letters.map(({ content }) => content.toString())).toEqual(['4', '5']);
    expect(letters[0]?.properties.headers).toMatchObject({ 'x-first-death-reason': 'maxlen' });
  });
});
