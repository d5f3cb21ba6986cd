import { describe, expect, it } from 'vitest';
import { messageOf } from './messages.js';
import { type QueueOptions, Scene } from './scene.js';

const PERSISTENT = { persistent: true };

/** A queue with id 1, and what the store was told in each step. */
function scene(options: QueueOptions = { durable: true }) {
  const all = new Scene();
  const queue = all.queue('q', options);
  all.store.take();
  const send = (body: string) => all.publish('', 'q', body, PERSISTENT);
  const told = (step: () => unknown) => {
    step();
    return all.store.take();
  };
  return { all, queue, send, told };
}

describe('what the store is told', () => {
  it('is a message that waits, its delivery and its end', () => {
    const { all, queue, send, told } = scene();
    expect(told(() => send('a'))).toEqual(['save 1/0 a']);
    const taker = all.consume(queue);
    expect(all.store.take()).toEqual(['delivered 1 p0 0']);
    expect(told(() => taker.acknowledge())).toEqual(['remove 0']);
  });

  it('is a message that is delivered at once, in the same step', () => {
    const { all, queue, send, told } = scene();
    all.consume(queue);
    expect(told(() => send('a'))).toEqual(['save 1/0 a', 'delivered 1 p0 0']);
  });

  it('is nothing of a message that goes to a consumer without acknowledgements', () => {
    const { all, queue, send, told } = scene();
    all.consume(queue, { noAck: true });
    expect(told(() => expect(send('a')).toBe('kept'))).toEqual([]);
  });

  it('is nothing of transient messages, whatever becomes of them', () => {
    const { all, queue, told } = scene();
    const steps = () => {
      for (const body of ['a', 'b', 'c', 'd']) expect(all.publish('', 'q', body)).toBe('kept');
      const taker = all.consume(queue, { prefetch: 3 });
      taker.acknowledge();
      taker.discard();
      taker.leave();
      queue.get(true);
    };
    expect(told(steps)).toEqual([]);
  });

  it('is nothing of a transient queue, not even its end', () => {
    const { all, queue, send, told } = scene({ durable: false });
    const steps = () => {
      send('a');
      queue.get(false);
      send('b');
      queue.purge();
      all.vhost.expire(queue);
    };
    expect(told(steps)).toEqual([]);
  });

  it('is how far each priority was delivered', () => {
    const { all, queue, told } = scene({ durable: true, arguments: { 'x-max-priority': 2 } });
    all.publish('', 'q', 'low', PERSISTENT);
    all.publish('', 'q', 'high', { ...PERSISTENT, priority: 2 });
    all.store.take();
    expect(told(() => all.consume(queue))).toEqual(['delivered 1 p2 1', 'delivered 1 p0 0']);
  });

  it('is a delivery only when it is the first, so that the mark never goes back', () => {
    const { all, queue, send, told } = scene();
    const taker = all.consume(queue);
    for (const body of ['a', 'b', 'c']) send(body);
    all.store.take();
    expect(told(() => taker.giveBack(['a']))).toEqual([]);
    expect(taker.bodies).toEqual(['b', 'c', 'a']);
  });

  it('is the end of a message that expires, is discarded, or is got without acknowledgement', () => {
    const { all, queue, send, told } = scene();
    all.publish('', 'q', 'a', { ...PERSISTENT, expiration: '10' });
    for (const body of ['b', 'c']) send(body);
    all.store.take();
    expect(told(() => all.clock.advance(10))).toEqual(['remove 0']);
    expect(told(() => queue.get(true))).toEqual(['remove 1']);
    const taker = all.consume(queue);
    all.store.take();
    expect(told(() => taker.discard())).toEqual(['remove 2']);
  });

  it('is a dead letter in the same step as the end of the message', () => {
    const all = new Scene();
    const dlx = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    const queue = all.queue('q', { durable: true, arguments: dlx });
    all.queue('dead', { durable: true });
    all.publish('', 'q', 'a', PERSISTENT);
    const taker = all.consume(queue);
    all.store.take();
    taker.discard();
    expect(all.store.take()).toEqual(['save 2/1 a', 'remove 0']);
  });

  it('is all at once when a purge leaves nothing, and each by itself beside what is delivered', () => {
    const { all, queue, send, told } = scene();
    for (const body of ['a', 'b']) send(body);
    all.store.take();
    expect(told(() => queue.purge())).toEqual(['clear 1: 0 1']);
    all.consume(queue, { prefetch: 1 });
    for (const body of ['c', 'd', 'e']) send(body);
    all.store.take();
    expect(told(() => queue.purge())).toEqual(['remove 3', 'remove 4']);
  });

  it('is a purge of a queue only when it had messages that are stored', () => {
    const { all, queue, told } = scene();
    all.publish('', 'q', 'transient');
    expect(told(() => queue.purge())).toEqual([]);
  });

  it('is the end of a queue with what waits in it, then that of each message that was delivered', () => {
    const { all, queue, send, told } = scene();
    const taker = all.consume(queue, { prefetch: 3 });
    for (const body of ['a', 'b', 'c', 'd']) send(body);
    all.store.take();
    expect(told(() => all.vhost.expire(queue))).toEqual(['remove queue 1: 3']);
    const settle = () => {
      taker.acknowledge();
      taker.discard();
      taker.giveBack();
      all.vhost.deliver(messageOf('late', PERSISTENT), [queue]);
    };
    expect(told(settle)).toEqual(['remove 0', 'remove 1', 'remove 2']);
  });

  it('is each later delivery from a quorum queue, with the count of its return, and the new place of what goes to the back', () => {
    const limited = scene({ durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 } });
    const taker = limited.all.consume(limited.queue);
    limited.send('a');
    limited.all.store.take();
    expect(limited.told(() => taker.giveBack())).toEqual(['save 1/0 a x2']);
    const unlimited = scene({ durable: true, arguments: { 'x-queue-type': 'quorum' } });
    const other = unlimited.all.consume(unlimited.queue);
    unlimited.send('a');
    unlimited.all.store.take();
    expect(unlimited.told(() => other.giveBack())).toEqual(['remove 0', 'save 1/1 a x1', 'save 1/1 a x2']);
  });
});
