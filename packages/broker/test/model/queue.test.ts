import { describe, expect, it } from 'vitest';
import { messageOf } from './messages.js';
import { drain, type QueueOptions, Scene } from './scene.js';

function scene(options: QueueOptions = {}) {
  const all = new Scene();
  const queue = all.queue('q', options);
  const send = (...bodies: string[]) => bodies.map((body) => all.publish('', 'q', body));
  return { all, queue, send };
}

describe('a queue', () => {
  it('keeps messages in order until they are got', () => {
    const { queue, send } = scene();
    expect(send('a', 'b')).toEqual(['kept', 'kept']);
    expect(queue.messageCount).toBe(2);
    expect(drain(queue)).toEqual(['a', 'b']);
    expect([queue.messageCount, queue.get(true)]).toEqual([0, undefined]);
  });

  it('hands a message over at once where a consumer waits', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue);
    send('a');
    expect([taker.bodies, queue.messageCount, queue.unacknowledgedCount]).toEqual([['a'], 0, 1]);
  });

  it('hands what has been waiting to the first consumer that comes, in order', () => {
    const { all, queue, send } = scene();
    send('a', 'b', 'c');
    expect(all.consume(queue).bodies).toEqual(['a', 'b', 'c']);
  });

  it('serves its consumers in turn, those with a higher priority first', () => {
    const { all, queue, send } = scene();
    const [low, one, two] = [-1, 1, 1].map((priority) => all.consume(queue, { priority, prefetch: 2 }));
    send('a', 'b', 'c', 'd', 'e');
    expect([one?.bodies, two?.bodies, low?.bodies]).toEqual([['a', 'c'], ['b', 'd'], ['e']]);
  });

  it('gives a consumer no more than its prefetch, and goes on as each is settled', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { prefetch: 2 });
    send('a', 'b', 'c', 'd', 'e');
    expect(taker.bodies).toEqual(['a', 'b']);
    taker.acknowledge();
    expect(taker.bodies).toEqual(['b', 'c']);
    taker.discard();
    expect(taker.bodies).toEqual(['c', 'd']);
    taker.giveBack(['d']);
    expect([taker.bodies, queue.messageCount]).toEqual([['c', 'd'], 1]);
  });

  it('waits for a consumer without room, and goes on when it is woken', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue);
    taker.hasRoom = false;
    send('a', 'b');
    taker.hasRoom = true;
    expect([taker.bodies, queue.messageCount]).toEqual([[], 2]);
    queue.wake(taker.consumer);
    send('c');
    expect(taker.bodies).toEqual(['a', 'b', 'c']);
  });

  it('forgets what it gives to a consumer that does not acknowledge', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { noAck: true });
    send('a', 'b');
    expect([taker.bodies, queue.unacknowledgedCount, all.memory.used]).toEqual([['a', 'b'], 0, 0]);
  });

  it('counts what basic.get takes as delivered, until it is settled', () => {
    const { all, queue, send } = scene();
    send('a', 'b', 'c');
    const [first, second, third] = [queue.get(false), queue.get(false), queue.get(false)];
    expect([queue.messageCount, queue.unacknowledgedCount, first?.redelivered]).toEqual([0, 3, false]);
    if (first !== undefined) queue.acknowledge(first, undefined);
    if (second !== undefined) queue.discard(second, undefined);
    if (third !== undefined) queue.giveBack([[third, undefined]], 'requeued');
    expect([queue.messageCount, queue.unacknowledgedCount]).toEqual([1, 0]);
    expect(queue.get(true)?.redelivered).toBe(true);
    expect(all.memory.used).toBe(0);
  });
});

describe('messages that are given back', () => {
  it('go to their old places, as redelivered ones', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { prefetch: 3 });
    send('a', 'b', 'c', 'd');
    taker.hasRoom = false;
    taker.giveBack(['c']);
    taker.giveBack(['a']);
    const got = Array.from({ length: 3 }, () => queue.get(true));
    expect(got.map((entry) => [entry?.position, entry?.redelivered])).toEqual([
      [0, true],
      [2, true],
      [3, false],
    ]);
  });

  it('go to other consumers in their order when their own is gone', () => {
    const { all, queue, send } = scene();
    const first = all.consume(queue);
    send('a', 'b', 'c');
    const second = all.consume(queue);
    first.leave();
    expect(second.bodies).toEqual(['a', 'b', 'c']);
    expect(second.entries.every(({ redelivered }) => redelivered)).toBe(true);
  });

  it('stay behind those of a higher priority', () => {
    const { all, queue, send } = scene({ arguments: { 'x-max-priority': 5 } });
    const taker = all.consume(queue, { prefetch: 2 });
    send('low', 'lower');
    taker.hasRoom = false;
    all.publish('', 'q', 'high', { priority: 9 });
    taker.giveBack();
    expect(drain(queue)).toEqual(['high', 'low', 'lower']);
  });
});

describe('a queue with priorities', () => {
  it('gives out the highest first, up to its own highest', () => {
    const { all, queue } = scene({ arguments: { 'x-max-priority': 2 } });
    for (const [body, priority] of Object.entries({ a: 0, b: 1, c: 200, d: 2, e: 1 })) {
      all.publish('', 'q', body, { priority });
    }
    expect(drain(queue)).toEqual(['c', 'd', 'b', 'e', 'a']);
  });

  it('counts all of them as one when it has none', () => {
    const { all, queue } = scene();
    all.publish('', 'q', 'a', { priority: 0 });
    all.publish('', 'q', 'b', { priority: 9 });
    expect(drain(queue)).toEqual(['a', 'b']);
  });
});

describe('a purge', () => {
  it('drops what is ready, and leaves what is delivered', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { prefetch: 1 });
    send('a', 'b', 'c');
    expect(queue.purge()).toBe(2);
    expect([queue.messageCount, queue.unacknowledgedCount]).toEqual([0, 1]);
    taker.giveBack();
    expect(taker.bodies).toEqual(['a']);
    taker.acknowledge();
    expect(all.memory.used).toBe(0);
  });
});

describe('the end of a queue', () => {
  it('is told to its consumers, and its messages are gone', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { prefetch: 1 });
    send('a', 'b');
    all.vhost.expire(queue);
    expect([taker.cancelled, queue.messageCount, queue.consumerCount, all.vhost.queues.find('q')]).toEqual([
      true,
      0,
      0,
      undefined,
    ]);
  });

  it('lets what is still delivered be settled, without effect', () => {
    const { all, queue, send } = scene({
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' },
    });
    const dead = all.queue('dead');
    const taker = all.consume(queue, { prefetch: 3 });
    send('a', 'b', 'c', 'd');
    all.vhost.expire(queue);
    taker.acknowledge();
    taker.discard();
    taker.giveBack();
    expect([queue.messageCount, dead.messageCount, all.memory.used]).toEqual([0, 0, 0]);
  });

  it('leaves no timer behind', () => {
    const { all, queue, send } = scene({ arguments: { 'x-expires': 1_000, 'x-message-ttl': 500 } });
    const taker = all.consume(queue, { prefetch: 1 });
    send('a', 'b');
    all.vhost.expire(queue);
    taker.giveBack();
    expect(all.clock.timerCount).toBe(0);
  });

  it('takes nothing in any more', () => {
    const { all, queue } = scene();
    all.vhost.expire(queue);
    expect(all.vhost.deliver(messageOf('late'), [queue])).toBe('unroutable');
  });
});
