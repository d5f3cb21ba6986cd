import { describe, expect, it } from 'vitest';
import { Scene } from './scene.js';

describe('the only consumer of a queue', () => {
  it('lets nobody else in', () => {
    const all = new Scene();
    const queue = all.queue('q');
    all.consume(queue, { exclusive: true });
    expect(() => all.consume(queue)).toThrow("ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use");
  });

  it('cannot be where another one is', () => {
    const all = new Scene();
    const queue = all.queue('q');
    const first = all.consume(queue);
    expect(() => all.consume(queue, { exclusive: true })).toThrow('in exclusive use');
    first.leave();
    all.consume(queue, { exclusive: true });
    expect(queue.consumerCount).toBe(1);
  });

  it('is one of many on a quorum queue', () => {
    const all = new Scene();
    const queue = all.queue('q', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    all.consume(queue, { exclusive: true });
    all.consume(queue, { exclusive: true });
    expect(queue.consumerCount).toBe(2);
  });
});

describe('a single active consumer', () => {
  function scene() {
    const all = new Scene();
    const queue = all.queue('q', { arguments: { 'x-single-active-consumer': true } });
    return { all, queue, send: (body: string) => all.publish('', 'q', body) };
  }

  it('gets all messages, even while it has no room', () => {
    const { all, queue, send } = scene();
    const active = all.consume(queue, { prefetch: 1 });
    const waiting = all.consume(queue, { priority: 10 });
    send('a');
    send('b');
    expect([active.bodies, waiting.bodies, queue.messageCount]).toEqual([['a'], [], 1]);
  });

  it('is followed by the one that came next, which takes over what waits', () => {
    const { all, queue, send } = scene();
    const [first, second, third] = [1, 1, 1].map((prefetch) => all.consume(queue, { prefetch }));
    for (const body of ['a', 'b', 'c']) send(body);
    first?.leave();
    expect([second?.bodies, third?.bodies]).toEqual([['b'], []]);
    second?.acknowledge();
    expect(second?.bodies).toEqual(['a']);
  });

  it('is followed by nobody when one that waited leaves', () => {
    const { all, queue, send } = scene();
    const active = all.consume(queue);
    all.consume(queue).leave();
    send('a');
    expect(active.bodies).toEqual(['a']);
  });

  it('goes on when it was woken, while the others stay asleep', () => {
    const { all, queue, send } = scene();
    const active = all.consume(queue);
    const waiting = all.consume(queue);
    active.hasRoom = false;
    send('a');
    queue.wake(waiting.consumer);
    expect(waiting.bodies).toEqual([]);
    active.hasRoom = true;
    queue.wake(active.consumer);
    expect(active.bodies).toEqual(['a']);
  });
});

describe('an auto-delete queue', () => {
  it('goes with its last consumer, and not before it had one', () => {
    const all = new Scene();
    const queue = all.queue('q', { autoDelete: true });
    const [first, second] = [all.consume(queue), all.consume(queue)];
    first.leave();
    expect(all.vhost.queues.find('q')).toBe(queue);
    second.leave();
    expect(all.vhost.queues.find('q')).toBeUndefined();
  });

  it('stays when a consumer leaves twice', () => {
    const all = new Scene();
    const queue = all.queue('q', { autoDelete: true });
    const gone = all.consume(queue);
    all.consume(queue);
    gone.leave();
    gone.leave();
    expect(all.vhost.queues.find('q')).toBe(queue);
  });
});
