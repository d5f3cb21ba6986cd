/** Bindings between exchanges and to queues, and where messages go that no binding takes. */
import type { Channel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { comesBack } from './support/comes-back.js';
import { openScene, type Scene } from './support/scene.js';
import { bindQueueNowait } from './support/unlisted-methods.js';

describe('a binding', () => {
  it('made twice is one, which one unbind removes', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, exchange, 'a');
    await scene.channel.bindQueue(queue, exchange, 'a');
    await scene.channel.unbindQueue(queue, exchange, 'a');
    expect(await comesBack(scene, exchange, 'a')).toBe(true);
  });

  it('is told from others by its arguments too', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, exchange, 'a', { one: 1, two: 2 });
    await scene.channel.unbindQueue(queue, exchange, 'a');
    await scene.channel.unbindQueue(queue, exchange, 'a', { one: 1 });
    expect(await comesBack(scene, exchange, 'a')).toBe(false);
    // The order of the arguments says nothing.
    await scene.channel.unbindQueue(queue, exchange, 'a', { two: 2, one: 1 });
    expect(await comesBack(scene, exchange, 'a')).toBe(true);
  });

  it('without a reply takes effect', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct');
    const queue = await scene.queue();
    bindQueueNowait(scene.channel, queue, exchange, 'a');
    scene.channel.publish(exchange, 'a', Buffer.from('x'));
    expect(await scene.bodies(queue)).toEqual(['x']);
  });

  it('goes with its queue, and a new queue of the name has none', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('fanout');
    const queue = await scene.queue({ name: 'q' });
    await scene.channel.bindQueue(queue, exchange, '');
    await scene.channel.deleteQueue(queue);
    await scene.queue({ name: 'q' });
    expect(await comesBack(scene, exchange, 'a')).toBe(true);
  });

  it('of a durable exchange to a transient queue, and of a transient exchange to a durable queue, are fine', async () => {
    await using scene = await openScene();
    const [durable, transient] = [await scene.exchange('fanout', { durable: true }), await scene.exchange('fanout')];
    const [kept, lost] = [await scene.queue({ exclusive: false }), await scene.queue()];
    await scene.channel.bindQueue(lost, durable, '');
    await scene.channel.bindQueue(kept, transient, '');
    scene.channel.publish(durable, '', Buffer.from('one'));
    scene.channel.publish(transient, '', Buffer.from('two'));
    expect([await scene.bodies(lost), await scene.bodies(kept)]).toEqual([['one'], ['two']]);
  });

  const MISSING: readonly (readonly [
    string,
    (channel: Channel, scene: Scene, x: string, q: string) => unknown,
    string,
  ])[] = [
    [
      'a missing queue',
      (channel, scene, x) => channel.bindQueue(scene.name('none'), x, 'a'),
      "404 queue.bind: NOT_FOUND - no queue 'none' in vhost '/'",
    ],
    [
      'a queue to a missing exchange',
      (channel, scene, _x, q) => channel.bindQueue(q, scene.name('none'), 'a'),
      "404 queue.bind: NOT_FOUND - no exchange 'none' in vhost '/'",
    ],
    [
      'an exchange to a missing one',
      (channel, scene, x) => channel.bindExchange(x, scene.name('none'), 'a'),
      "404 exchange.bind: NOT_FOUND - no exchange 'none' in vhost '/'",
    ],
    [
      'a missing exchange to one',
      (channel, scene, x) => channel.bindExchange(scene.name('none'), x, 'a'),
      "404 exchange.bind: NOT_FOUND - no exchange 'none' in vhost '/'",
    ],
    [
      'a missing queue to a missing exchange',
      (channel, scene) => channel.bindQueue(scene.name('no-queue'), scene.name('no-exchange'), 'a'),
      "404 queue.bind: NOT_FOUND - no exchange 'no-exchange' in vhost '/'",
    ],
  ];

  it.each(MISSING)('of %s is refused', async (_what, operation, text) => {
    await using scene = await openScene();
    const [exchange, queue] = [await scene.exchange('direct', { name: 'x' }), await scene.queue({ name: 'q' })];
    expect(await scene.refusal((channel) => operation(channel, scene, exchange, queue))).toBe(`channel ${text}`);
  });
});

describe('an unbind', () => {
  it('of a binding that is not there is fine, be it of the queue, the exchange or neither', async () => {
    await using scene = await openScene();
    const [exchange, queue] = [await scene.exchange('direct'), await scene.queue()];
    const none = scene.name('none');
    await scene.channel.unbindQueue(queue, exchange, 'a');
    await scene.channel.unbindExchange(exchange, exchange, 'a');
    await scene.channel.unbindQueue(none, exchange, 'a');
    await scene.channel.unbindQueue(queue, none, 'a');
    await scene.channel.unbindExchange(none, exchange, 'a');
  });
});

describe('exchanges bound to exchanges', () => {
  it('route along each binding by the rules of its source', async () => {
    await using scene = await openScene();
    const [topic, direct] = [await scene.exchange('topic'), await scene.exchange('direct')];
    const queue = await scene.queue();
    await scene.channel.bindExchange(direct, topic, 'a.*');
    await scene.channel.bindQueue(queue, direct, 'a.b');
    for (const key of ['a.b', 'a.c', 'b.a']) scene.channel.publish(topic, key, Buffer.from(key));
    expect(await scene.bodies(queue)).toEqual(['a.b']);

    await scene.channel.unbindExchange(direct, topic, 'a.*');
    expect(await comesBack(scene, topic, 'a.b')).toBe(true);
  });

  it('deliver once to a queue that several ways lead to', async () => {
    await using scene = await openScene();
    const source = await scene.exchange('fanout');
    const ways = await Promise.all([1, 2, 3].map(() => scene.exchange('fanout')));
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, source, '');
    for (const way of ways) {
      await scene.channel.bindExchange(way, source, '');
      await scene.channel.bindQueue(queue, way, '');
    }
    scene.channel.publish(source, '', Buffer.from('x'));
    expect(await scene.bodies(queue)).toEqual(['x']);
  });

  it('in a circle, and bound to themselves, route and end', async () => {
    await using scene = await openScene();
    const ring = await Promise.all([1, 2, 3].map(() => scene.exchange('fanout')));
    const queues = await Promise.all(ring.map(() => scene.queue()));
    for (const [index, exchange] of ring.entries()) {
      await scene.channel.bindExchange(ring[(index + 1) % ring.length]!, exchange, '');
      await scene.channel.bindExchange(exchange, exchange, '');
      await scene.channel.bindQueue(queues[index]!, exchange, '');
    }
    scene.channel.publish(ring[1]!, '', Buffer.from('x'));
    for (const queue of queues) expect(await scene.bodies(queue)).toEqual(['x']);
  });

  it('keep the name of the exchange that was published to', async () => {
    await using scene = await openScene();
    const [source, target] = [await scene.exchange('fanout'), await scene.exchange('fanout')];
    const queue = await scene.queue();
    await scene.channel.bindExchange(target, source, '');
    await scene.channel.bindQueue(queue, target, '');
    scene.channel.publish(source, 'key', Buffer.from('x'));
    const message = await scene.channel.get(queue, { noAck: true });
    expect(message).toMatchObject({ fields: { exchange: source, routingKey: 'key' } });
  });
});

describe('an alternate exchange', () => {
  it('takes what its exchange cannot route, and that only', async () => {
    await using scene = await openScene();
    const alternate = await scene.exchange('fanout');
    const exchange = await scene.exchange('direct', { alternateExchange: alternate });
    const [routed, rest] = [await scene.queue(), await scene.queue()];
    await scene.channel.bindQueue(routed, exchange, 'a');
    await scene.channel.bindQueue(rest, alternate, '');
    expect(await comesBack(scene, exchange, 'a')).toBe(false);
    expect(await comesBack(scene, exchange, 'b')).toBe(false);
    expect([await scene.bodies(routed), await scene.bodies(rest)]).toEqual([['a'], ['b']]);
  });

  it('that cannot route either hands on to its own, and at the end the message comes back', async () => {
    await using scene = await openScene();
    const last = await scene.exchange('direct');
    const middle = await scene.exchange('direct', { alternateExchange: last });
    const first = await scene.exchange('direct', { alternateExchange: middle });
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, last, 'a');
    expect(await comesBack(scene, first, 'a')).toBe(false);
    expect(await scene.bodies(queue)).toEqual(['a']);
    expect(await comesBack(scene, first, 'b')).toBe(true);
  });

  it('need not exist, and may come later', async () => {
    await using scene = await openScene();
    const exchange = await scene.exchange('direct', { alternateExchange: scene.name('later') });
    expect(await comesBack(scene, exchange, 'a')).toBe(true);
    const later = await scene.exchange('fanout', { name: 'later' });
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, later, '');
    expect(await comesBack(scene, exchange, 'a')).toBe(false);
    expect(await scene.bodies(queue)).toEqual(['a']);
  });

  it('may lead back to the exchange itself, and routing ends', async () => {
    await using scene = await openScene();
    const one = await scene.exchange('direct', { name: 'one', alternateExchange: scene.name('two') });
    const two = await scene.exchange('direct', { name: 'two', alternateExchange: one });
    const queue = await scene.queue();
    await scene.channel.bindQueue(queue, two, 'a');
    expect(await comesBack(scene, one, 'a')).toBe(false);
    expect(await comesBack(scene, one, 'b')).toBe(true);
    expect(await scene.bodies(queue)).toEqual(['a']);
  });

  it('serves an exchange in the middle of a way, though another binding took the message', async () => {
    await using scene = await openScene();
    const [alternate, source] = [await scene.exchange('fanout'), await scene.exchange('fanout')];
    const dead = await scene.exchange('direct', { alternateExchange: alternate });
    const [routed, rest] = [await scene.queue(), await scene.queue()];
    await scene.channel.bindQueue(routed, source, '');
    await scene.channel.bindExchange(dead, source, '');
    await scene.channel.bindQueue(rest, alternate, '');
    scene.channel.publish(source, 'a', Buffer.from('x'));
    expect([await scene.bodies(routed), await scene.bodies(rest)]).toEqual([['x'], ['x']]);
  });
});
