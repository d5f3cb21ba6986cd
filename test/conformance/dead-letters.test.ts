/** Where dead letters go, and what they then say of their deaths. */
import type { ConsumeMessage } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { receive } from '../support/broker.js';
import { openScene, type Scene } from './support/scene.js';
import { takeMessage } from './support/take-message.js';

interface Death {
  readonly count: number;
  readonly reason: string;
  readonly queue: string;
  readonly exchange: string;
  readonly 'routing-keys': readonly string[];
  readonly time: { readonly value: number };
  readonly 'original-expiration'?: string;
}

const deathsOf = ({ properties }: ConsumeMessage) => (properties.headers?.['x-death'] ?? []) as readonly Death[];

/** Takes the next message of a queue and rejects it without requeueing. */
async function rejectOne(scene: Scene, queue: string): Promise<void> {
  const channel = await scene.connection.createChannel();
  await channel.prefetch(1);
  await new Promise<void>((resolve, reject) => {
    const rejecting = (message: ConsumeMessage | null) => {
      if (message) channel.reject(message, false);
      resolve();
    };
    channel.consume(queue, rejecting).catch(reject);
  });
  await channel.close();
}

describe('a dead letter', () => {
  it('is published to the exchange with its own key, or with the key of the queue', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    const dead = await scene.queue();
    await scene.channel.bindQueue(dead, exchange, 'of the queue');
    const kept = await scene.queue({ deadLetterExchange: exchange });
    const keyed = await scene.queue({ deadLetterExchange: exchange, deadLetterRoutingKey: 'of the queue' });
    await scene.channel.bindQueue(dead, exchange, kept);
    scene.send(kept, ['one'], { expiration: '0' });
    expect(await receive(scene, dead, 1)).toMatchObject([{ fields: { exchange, routingKey: kept } }]);
    scene.send(keyed, ['two'], { expiration: '0' });
    expect(await receive(scene, dead, 1)).toMatchObject([{ fields: { exchange, routingKey: 'of the queue' } }]);
  });

  it('keeps its body and properties, but for the expiration', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: dead });
    const properties = {
      messageId: 'id',
      type: 'type',
      deliveryMode: 2,
      priority: 3,
      correlationId: 'c',
      replyTo: 'r',
    };
    scene.send(queue, ['body'], { ...properties, expiration: '1', headers: { mine: [1, 'two'] } });
    const [letter] = await receive(scene, dead, 1);
    expect(letter?.content.toString()).toBe('body');
    expect(letter?.properties).toMatchObject({ ...properties, headers: { mine: [1, 'two'] }, expiration: undefined });
    expect(deathsOf(letter!)).toMatchObject([{ 'original-expiration': '1' }]);
  });

  it('without a way on is dropped', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ deadLetterExchange: scene.name('no such exchange') });
    scene.send(queue, ['gone'], { expiration: '0' });
    scene.send(queue, ['here']);
    expect(await scene.bodies(queue)).toEqual(['here']);
  });

  it('goes to every queue that the exchange routes it to, of an exchange that was declared later too', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ deadLetterExchange: scene.name('later') });
    const exchange = await scene.exchange('fanout', { name: 'later' });
    const [one, two] = [await scene.queue(), await scene.queue()];
    await scene.channel.bindQueue(one, exchange, '');
    await scene.channel.bindQueue(two, exchange, '');
    scene.send(queue, ['x'], { expiration: '0' });
    expect(await receive(scene, one, 1)).toHaveLength(1);
    expect(await receive(scene, two, 1)).toHaveLength(1);
  });

  it('is none of a message that is acknowledged, requeued, purged or deleted with its queue', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: dead });
    scene.send(queue, ['acknowledged', 'requeued', 'purged']);
    expect(await scene.channel.get(queue, { noAck: true })).toBeTruthy();
    scene.channel.nack(await takeMessage(scene.channel, queue));
    await scene.channel.purgeQueue(queue);
    scene.send(queue, ['deleted']);
    await scene.channel.deleteQueue(queue);
    expect(await scene.bodies(dead)).toEqual([]);
  });
});

describe('the x-death header', () => {
  it('tells reason, queue, exchange, keys, time and count', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('topic');
    const dead = await scene.queue();
    const queue = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: dead });
    await scene.channel.bindQueue(queue, exchange, '#');
    const second = Math.floor(Date.now() / 1000);
    scene.channel.publish(exchange, 'some.key', Buffer.from('x'));
    await rejectOne(scene, queue);
    const [letter] = await receive(scene, dead, 1);
    const [death, ...others] = deathsOf(letter!);
    expect(others).toEqual([]);
    expect(death).toEqual({
      count: 1,
      reason: 'rejected',
      queue,
      exchange,
      'routing-keys': ['some.key'],
      time: { '!': 'timestamp', value: expect.any(Number) },
    });
    expect(death!.time.value).toBeGreaterThanOrEqual(second - 1);
    expect(death!.time.value).toBeLessThanOrEqual(Date.now() / 1000 + 1);
    expect(letter?.properties.headers).toMatchObject({
      'x-first-death-reason': 'rejected',
      'x-first-death-queue': queue,
      'x-first-death-exchange': exchange,
    });
  });

  it('lists the last death first, and keeps what was the first', async () => {
    await using scene = await openScene();
    const last = await scene.queue();
    const middle = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: last });
    const first = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: middle });
    scene.send(first, ['x'], { expiration: '0' });
    await rejectOne(scene, middle);
    const [letter] = await receive(scene, last, 1);
    expect(deathsOf(letter!)).toMatchObject([
      { queue: middle, reason: 'rejected', count: 1, exchange: '', 'routing-keys': [middle] },
      { queue: first, reason: 'expired', count: 1, exchange: '', 'routing-keys': [first] },
    ]);
    expect(letter?.properties.headers).toMatchObject({
      'x-first-death-reason': 'expired',
      'x-first-death-queue': first,
    });
  });

  it('counts the deaths of one queue and reason, and puts the last of them first', async () => {
    await using scene = await openScene();
    const waiting = await scene.queue({
      name: 'waiting',
      messageTtl: 1,
      deadLetterExchange: '',
      deadLetterRoutingKey: scene.name('work'),
    });
    const work = await scene.queue({ name: 'work', deadLetterExchange: '', deadLetterRoutingKey: waiting });
    scene.send(work, ['x']);
    for (let round = 0; round < 3; round++) await rejectOne(scene, work);
    const [letter] = await receive(scene, work, 1);
    expect(deathsOf(letter!)).toMatchObject([
      { queue: waiting, reason: 'expired', count: 3 },
      { queue: work, reason: 'rejected', count: 3 },
    ]);
    expect(letter?.properties.headers).toMatchObject({
      'x-first-death-reason': 'rejected',
      'x-first-death-queue': work,
    });
  });

  it('tells two reasons of one queue apart', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', deadLetterExchange: '', deadLetterRoutingKey: scene.name('back') });
    const back = await scene.queue({ name: 'back' });
    scene.send(queue, ['x']);
    await rejectOne(scene, queue);
    const [rejected] = await receive(scene, back, 1);
    const headers = rejected!.properties.headers ?? {};
    scene.send(queue, ['x'], { headers, expiration: '0' });
    const [expired] = await receive(scene, back, 1);
    expect(deathsOf(expired!)).toMatchObject([
      { queue, reason: 'expired', count: 1, 'original-expiration': '0' },
      { queue, reason: 'rejected', count: 1 },
    ]);
  });

  it('of a wrong type from the publisher is begun anew', async () => {
    await using scene = await openScene();
    const dead = await scene.queue();
    const queue = await scene.queue({ deadLetterExchange: '', deadLetterRoutingKey: dead });
    scene.send(queue, ['x'], { headers: { 'x-death': 'text', other: 1 }, expiration: '0' });
    const [letter] = await receive(scene, dead, 1);
    expect(deathsOf(letter!)).toMatchObject([{ queue, reason: 'expired', count: 1 }]);
    expect(letter?.properties.headers).toMatchObject({ other: 1 });
    expect(letter?.properties.headers).not.toHaveProperty('x-first-death-queue');
  });
});

describe('a circle of dead letters', () => {
  it('of expiries alone is cut where it would close', async () => {
    await using scene = await openScene();
    const watch = await scene.queue();
    const exchange = await scene.exchange('fanout');
    const queue = await scene.queue({ messageTtl: 0, deadLetterExchange: exchange });
    await scene.channel.bindQueue(queue, exchange, '');
    await scene.channel.bindQueue(watch, exchange, '');
    scene.send(queue, ['x']);
    const [once] = await receive(scene, watch, 1);
    expect(deathsOf(once!)).toMatchObject([{ queue, count: 1 }]);
    scene.send(queue, ['y']);
    // The first message did not come a second time.
    expect((await receive(scene, watch, 1)).map(({ content }) => content.toString())).toEqual(['y']);
  });

  it('over two queues is cut as well', async () => {
    await using scene = await openScene();
    const watch = await scene.queue();
    const exchange = await scene.exchange('fanout');
    const two = await scene.queue({ messageTtl: 0, deadLetterExchange: exchange });
    const one = await scene.queue({ messageTtl: 0, deadLetterExchange: '', deadLetterRoutingKey: two });
    await scene.channel.bindQueue(one, exchange, '');
    await scene.channel.bindQueue(watch, exchange, '');
    scene.send(one, ['x']);
    const [once] = await receive(scene, watch, 1);
    expect(deathsOf(once!)).toMatchObject([
      { queue: two, count: 1 },
      { queue: one, count: 1 },
    ]);
    scene.send(one, ['y']);
    expect((await receive(scene, watch, 1)).map(({ content }) => content.toString())).toEqual(['y']);
  });

  it('with a rejection in it goes on', async () => {
    await using scene = await openScene();
    const queue = await scene.queue({ name: 'q', deadLetterExchange: '', deadLetterRoutingKey: scene.name('q') });
    scene.send(queue, ['x']);
    for (let round = 0; round < 4; round++) await rejectOne(scene, queue);
    const [letter] = await receive(scene, queue, 1);
    expect(deathsOf(letter!)).toMatchObject([{ queue, reason: 'rejected', count: 4 }]);
  });
});

describe('a dead letter with CC and BCC headers', () => {
  it('goes to all of its keys, unless the queue has one', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    const [main, copy, blind, keyed] = [
      await scene.queue(),
      await scene.queue(),
      await scene.queue(),
      await scene.queue(),
    ];
    for (const [queue, key] of [
      [main, 'main'],
      [copy, 'copy'],
      [blind, 'blind'],
      [keyed, 'keyed'],
    ] as const) {
      await scene.channel.bindQueue(queue, exchange, key);
    }
    const source = await scene.exchange('direct');
    const dying = await scene.queue({ deadLetterExchange: exchange });
    await scene.channel.bindQueue(dying, source, 'main');
    scene.channel.publish(source, 'main', Buffer.from('x'), { CC: ['copy'], BCC: ['blind'] });
    await rejectOne(scene, dying);
    const [letter] = await receive(scene, main, 1);
    expect(letter?.properties.headers).toMatchObject({ CC: ['copy'] });
    expect(deathsOf(letter!)).toMatchObject([{ 'routing-keys': ['main', 'copy'] }]);
    expect(await receive(scene, copy, 1)).toHaveLength(1);
    expect(await receive(scene, blind, 1)).toHaveLength(1);

    const renamed = await scene.queue({ deadLetterExchange: exchange, deadLetterRoutingKey: 'keyed' });
    await scene.channel.bindQueue(renamed, source, 'other');
    scene.channel.publish(source, 'other', Buffer.from('y'), { CC: ['copy'], BCC: ['blind'] });
    await rejectOne(scene, renamed);
    const [other] = await receive(scene, keyed, 1);
    expect(other?.properties.headers).not.toHaveProperty('CC');
    expect(deathsOf(other!)).toMatchObject([{ 'routing-keys': ['other', 'copy'] }]);
    expect([await scene.bodies(copy), await scene.bodies(blind)]).toEqual([[], []]);
  });
});
