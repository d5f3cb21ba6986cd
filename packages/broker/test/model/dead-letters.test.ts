import { describe, expect, it } from 'vitest';
import { field, longString } from '../../src/field-value.js';
import { array } from './field-values.js';
import { type Arguments, drain, Scene, takeMessage } from './scene.js';

const DEAD: Arguments = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
const AT_LEAST_ONCE: Arguments = {
  'x-queue-type': 'quorum',
  'x-overflow': 'reject-publish',
  'x-dead-letter-exchange': 'dlx',
  'x-dead-letter-strategy': 'at-least-once',
};

describe('a dead letter, at most once,', () => {
  it('is gone when nobody takes it', () => {
    const all = new Scene();
    const queue = all.queue('q', { arguments: { 'x-dead-letter-exchange': 'nowhere' } });
    const taker = all.consume(queue);
    all.publish('', 'q', 'a');
    taker.discard();
    expect([queue.unacknowledgedCount, all.memory.used, all.clock.timerCount]).toEqual([0, 0, 0]);
  });

  it('may come back to its own queue, to the consumer that rejected it', () => {
    const all = new Scene();
    const queue = all.queue('q', { arguments: { 'x-dead-letter-exchange': '' } });
    const taker = all.consume(queue, { prefetch: 1 });
    all.publish('', 'q', 'a');
    all.publish('', 'q', 'b');
    taker.discard();
    expect([taker.bodies, queue.messageCount]).toEqual([['b'], 1]);
    expect(taker.entries.map(({ redelivered }) => redelivered)).toEqual([false]);
    taker.acknowledge();
    expect(taker.bodies).toEqual(['a']);
  });

  it('is dropped where it would go round for ever', () => {
    const all = new Scene();
    const queue = all.queue('q', { arguments: { 'x-dead-letter-exchange': '', 'x-message-ttl': 10 } });
    all.publish('', 'q', 'a');
    all.clock.advance(1_000);
    expect([queue.messageCount, all.memory.used, all.clock.timerCount]).toEqual([0, 0, 0]);
  });

  it('keeps the keys of its CC header, unless its queue gives it another key', () => {
    const all = new Scene();
    all.queue('copy');
    all.queue('dead');
    all.exchange('dlx', 'direct');
    for (const name of ['copy', 'dead']) all.bind('dlx', name, { routingKey: name });
    const plain = all.queue('plain', { arguments: { 'x-dead-letter-exchange': 'dlx' } });
    const keyed = all.queue('keyed', {
      arguments: { 'x-dead-letter-exchange': 'dlx', 'x-dead-letter-routing-key': 'dead' },
    });
    for (const queue of [plain, keyed]) {
      const taker = all.consume(queue);
      all.publish('', queue.name, queue.name, { headers: [['CC', array(longString('copy'))]] });
      taker.discard();
    }
    const drained = ['copy', 'dead'].map((name) => drain(all.vhost.queues.get(name, all.owner)));
    expect(drained).toEqual([['plain'], ['keyed']]);
  });

  it('goes by its key alone when a second CC header makes no sense', () => {
    const all = new Scene();
    const last = all.queue('last');
    all.queue('dead', { arguments: { 'x-message-ttl': 10, 'x-dead-letter-exchange': 'onwards' } });
    all.queue('q', { arguments: { ...DEAD, 'x-message-ttl': 10 } });
    all.exchange('onwards', 'fanout');
    all.bind('onwards', 'last');
    const headers = [
      ['CC', array()],
      ['CC', longString('no array')],
    ] as const;
    all.publish('', 'q', 'a', { headers });
    all.clock.advance(10);
    all.clock.advance(10);
    expect(field(takeMessage(last).content.headers(), 'CC')).toEqual(longString('no array'));
  });
});

describe('a dead letter, at least once,', () => {
  function scene() {
    const all = new Scene();
    const queue = all.queue('q', { durable: true, arguments: AT_LEAST_ONCE });
    const reject = (...bodies: string[]) => {
      const taker = all.consume(queue);
      for (const body of bodies) {
        all.publish('', 'q', body);
        taker.discard();
      }
      taker.leave();
    };
    return { all, queue, reject };
  }

  it('goes at once where somebody takes it', () => {
    const { all, queue, reject } = scene();
    all.exchange('dlx', 'fanout');
    const dead = all.queue('dead');
    all.bind('dlx', 'dead');
    reject('a');
    expect([drain(dead), queue.unacknowledgedCount, all.memory.used, all.clock.timerCount]).toEqual([['a'], 0, 0, 0]);
  });

  it('is held until it has somewhere to go', () => {
    const { all, queue, reject } = scene();
    reject('a');
    expect([queue.messageCount, all.memory.used > 0]).toEqual([0, true]);
    all.clock.advance(5_000);
    all.exchange('dlx', 'fanout');
    const dead = all.queue('dead');
    all.bind('dlx', 'dead');
    all.clock.advance(0);
    expect([drain(dead), all.memory.used, all.clock.timerCount]).toEqual([['a'], 0, 0]);
  });

  it('is held until a full queue has room', () => {
    const { all, reject } = scene();
    all.exchange('dlx', 'fanout');
    const dead = all.queue('dead', { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } });
    all.bind('dlx', 'dead');
    reject('a', 'b', 'c');
    expect(drain(dead)).toEqual(['a']);
    all.clock.advance(1_000);
    expect(drain(dead)).toEqual(['b']);
    all.clock.advance(1_000);
    expect(drain(dead)).toEqual(['c']);
  });

  it('goes once to each of its queues, also when one of them takes it late', () => {
    const { all, reject } = scene();
    all.exchange('dlx', 'fanout');
    const full = all.queue('full', { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } });
    const roomy = all.queue('roomy');
    for (const name of ['full', 'roomy']) all.bind('dlx', name);
    all.publish('', 'full', 'in the way');
    reject('a');
    all.clock.advance(10_000);
    expect(drain(roomy)).toEqual(['a']);
    expect(drain(full)).toEqual(['in the way']);
    all.clock.advance(1_000);
    expect([drain(full), drain(roomy), all.memory.used]).toEqual([['a'], [], 0]);
  });

  it('is stored with its old queue until its new one has it', () => {
    const { all, queue, reject } = scene();
    reject('a');
    expect(all.store.take()).toEqual(['queue / 1 q', 'save 1/0 a', 'delivered 1 p0 0']);
    all.exchange('dlx', 'fanout');
    const dead = all.queue('dead', { durable: true });
    all.bind('dlx', 'dead');
    expect(queue.purge()).toBe(0);
    all.store.take();
    all.clock.advance(0);
    expect(all.store.take()).toEqual(['remove 0']);
    expect(dead.messageCount).toBe(1);
  });

  it('goes with its queue', () => {
    const { all, queue, reject } = scene();
    reject('a');
    all.vhost.expire(queue);
    expect(all.memory.used).toBe(0);
    all.clock.advance(10_000);
    expect(all.clock.timerCount).toBe(0);
  });

  it('is tried with few others at a time, each in its turn', () => {
    const { all, reject } = scene();
    let asked = 0;
    const find = all.vhost.exchanges.find.bind(all.vhost.exchanges);
    reject(...Array.from({ length: 100 }, (_, index) => `${index}`));
    all.vhost.exchanges.find = (name) => {
      asked += 1;
      return find(name);
    };
    for (const total of [32, 64, 96, 128]) {
      all.clock.advance(1_000);
      expect(asked).toBe(total);
    }
    all.exchange('dlx', 'fanout');
    const dead = all.queue('dead');
    all.bind('dlx', 'dead');
    all.clock.advance(0);
    expect(dead.messageCount).toBe(100);
  });
});
