import { describe, expect, it } from 'vitest';
import { messageOf } from './messages.js';
import { drain, Scene, tableOf } from './scene.js';

const DURABLE = { durable: true };

function names(all: Scene): string[] {
  return Array.from(all.vhost.queues, ({ name }) => name);
}

describe('a virtual host', () => {
  it('gives a queue without a name one of its own', () => {
    const all = new Scene();
    expect([all.queue('').name, all.queue('').name]).toEqual(['amq.gen-id-1', 'amq.gen-id-2']);
  });

  it('finds the same queue when it is declared again', () => {
    const all = new Scene();
    expect(all.queue('q')).toBe(all.queue('q'));
    expect(() => all.queue('q', DURABLE)).toThrow('PRECONDITION_FAILED');
  });

  it('keeps the exclusive queues of a connection for that one, and drops them with it', () => {
    const all = new Scene();
    const queue = all.queue('q', { exclusive: true, durable: true });
    all.publish('', 'q', 'a');
    expect(() => all.vhost.queues.get('q', {})).toThrow('RESOURCE_LOCKED');
    expect(() => all.vhost.deleteQueue('q', {}, { ifUnused: false, ifEmpty: false })).toThrow('RESOURCE_LOCKED');
    expect(all.store.take()).toEqual([]);
    all.vhost.releaseOwner({});
    expect(all.vhost.queues.find('q')).toBe(queue);
    all.vhost.releaseOwner(all.owner);
    expect([names(all), all.memory.used]).toEqual([[], 0]);
  });

  it('lets a deleted queue and one of its name be two', () => {
    const all = new Scene();
    const first = all.queue('q', DURABLE);
    all.publish('', 'q', 'old', { persistent: true });
    all.vhost.expire(first);
    const second = all.queue('q', DURABLE);
    all.vhost.expire(first);
    expect([all.vhost.queues.find('q'), second.id]).toEqual([second, 2]);
  });

  it('deletes a queue on condition', () => {
    const all = new Scene();
    const queue = all.queue('q');
    all.consume(queue, { prefetch: 1 });
    const remove = (ifUnused: boolean, ifEmpty: boolean) =>
      all.vhost.deleteQueue('q', all.owner, { ifUnused, ifEmpty });
    for (const body of ['a', 'b', 'c']) all.publish('', 'q', body);
    expect(() => remove(true, false)).toThrow("PRECONDITION_FAILED - queue 'q' in vhost '/' in use");
    expect(() => remove(false, true)).toThrow("PRECONDITION_FAILED - queue 'q' in vhost '/' not empty");
    expect([remove(false, false), remove(false, false)]).toEqual([2, 0]);
  });

  it('tells the store of durable things only', () => {
    const all = new Scene();
    all.exchange('lasting', 'direct', DURABLE);
    all.exchange('passing', 'direct');
    all.queue('kept', DURABLE);
    all.queue('lost');
    for (const source of ['lasting', 'passing'])
      for (const destination of ['kept', 'lost']) all.bind(source, destination, { routingKey: 'k' });
    expect(all.store.take()).toEqual(['exchange / lasting', 'queue / 1 kept', 'binding / lasting -k-> kept']);
    all.unbind('lasting', 'kept', { routingKey: 'k' });
    all.vhost.deleteExchange('lasting', false);
    all.vhost.deleteExchange('passing', false);
    expect(all.store.take()).toEqual(['remove binding / lasting -k-> kept', 'remove exchange / lasting']);
  });

  it('knows a binding by all of its parts', () => {
    const all = new Scene();
    const [odd, plain] = [all.queue('a\0b'), all.queue('a')];
    all.exchange('x', 'direct');
    all.bind('x', 'a\0b', { routingKey: 'c' });
    all.bind('x', 'a', { routingKey: 'b\0c' });
    all.bind('x', 'a', { routingKey: 'b\0c', arguments: tableOf({ some: 'argument' }) });
    all.publish('x', 'c', 'one');
    all.publish('x', 'b\0c', 'two');
    expect([drain(odd), drain(plain)]).toEqual([['one'], ['two']]);
    all.unbind('x', 'a', { routingKey: 'b\0c' });
    all.publish('x', 'b\0c', 'three');
    expect(drain(plain)).toEqual(['three']);
  });

  it('sets no timer that outlives it', () => {
    const all = new Scene();
    all.queue('q', { arguments: { 'x-expires': 1_000, 'x-message-ttl': 10 } });
    all.publish('', 'q', 'a');
    all.vhost.stopTimers();
    expect(all.clock.timerCount).toBe(0);
  });
});

describe('what becomes of a message', () => {
  function scene() {
    const all = new Scene();
    all.exchange('x', 'fanout');
    const add = (name: string, options: Parameters<Scene['queue']>[1] = {}) => {
      all.queue(name, options);
      all.bind('x', name);
    };
    const outcome = () => all.publish('x', '', 'a', { persistent: true });
    return { all, add, outcome };
  }
  const FULL = { arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } };

  it('is nothing where no queue wants it', () => {
    const { all, outcome } = scene();
    expect([outcome(), all.publish('', 'nowhere', 'a')]).toEqual(['unroutable', 'unroutable']);
  });

  it('is that it is kept where all queues are transient', () => {
    const { add, outcome } = scene();
    add('one');
    expect(outcome()).toBe('kept');
  });

  it('is that it is stored where one of its queues stores it', () => {
    const { add, outcome } = scene();
    add('one');
    add('two', DURABLE);
    add('three');
    expect(outcome()).toBe('stored');
  });

  it('is that it was refused where one of its queues is full, and the others have it', () => {
    const { all, add, outcome } = scene();
    add('one', DURABLE);
    add('two', FULL);
    add('three', DURABLE);
    expect(outcome()).toBe('refused');
    expect(Array.from(all.vhost.queues, ({ messageCount }) => messageCount)).toEqual([1, 0, 1]);
  });

  it('leaves out queues that have gone in the meantime', () => {
    const { all, add } = scene();
    add('one');
    add('two', DURABLE);
    const message = messageOf('a', { persistent: true });
    const queues = all.vhost.route(all.vhost.exchanges.get('x'), message, ['']);
    all.vhost.deleteQueue('two', all.owner, { ifUnused: false, ifEmpty: false });
    expect(all.vhost.deliver(message, queues)).toBe('kept');
    all.vhost.deleteQueue('one', all.owner, { ifUnused: false, ifEmpty: false });
    expect(all.vhost.deliver(message, queues)).toBe('unroutable');
  });

  it('is the same for each queue but for its own settings', () => {
    const { all, add, outcome } = scene();
    add('one');
    add('two', { arguments: { 'x-message-ttl': 10 } });
    outcome();
    all.clock.advance(10);
    expect(Array.from(all.vhost.queues, ({ messageCount }) => messageCount)).toEqual([1, 0]);
  });
});

describe('an auto-delete exchange', () => {
  it('goes with its last binding, and so do those before it', () => {
    const all = new Scene();
    for (const name of ['a', 'b', 'c']) all.exchange(name, 'fanout', { durable: true, autoDelete: true });
    all.queue('q', DURABLE);
    all.bind('a', 'b', { destinationType: 'exchange' });
    all.bind('b', 'c', { destinationType: 'exchange' });
    all.bind('c', 'q');
    all.store.take();
    all.vhost.deleteQueue('q', all.owner, { ifUnused: false, ifEmpty: false });
    expect(['a', 'b', 'c'].map((name) => all.vhost.exchanges.find(name))).toEqual([undefined, undefined, undefined]);
    expect(all.store.take()).toEqual([
      'remove queue 1',
      'remove binding / c --> q',
      'remove exchange / c',
      'remove binding / b --> c',
      'remove exchange / b',
      'remove binding / a --> b',
      'remove exchange / a',
    ]);
  });

  it('stays while it leads anywhere, and before it led somewhere', () => {
    const all = new Scene();
    all.exchange('x', 'direct', { autoDelete: true });
    for (const name of ['one', 'two']) all.queue(name);
    expect(all.vhost.exchanges.find('x')).toBeDefined();
    for (const name of ['one', 'two']) all.bind('x', name);
    all.unbind('x', 'one');
    expect(all.vhost.exchanges.find('x')).toBeDefined();
    all.unbind('x', 'two');
    expect(all.vhost.exchanges.find('x')).toBeUndefined();
  });

  it('goes once where exchanges lead to each other', () => {
    const all = new Scene();
    for (const name of ['a', 'b']) all.exchange(name, 'fanout', { autoDelete: true });
    all.queue('q');
    all.bind('a', 'b', { destinationType: 'exchange' });
    all.bind('b', 'a', { destinationType: 'exchange' });
    all.bind('b', 'q');
    all.vhost.deleteExchange('a', false);
    expect(all.vhost.exchanges.find('b')).toBeDefined();
    all.unbind('b', 'q');
    expect(all.vhost.exchanges.find('b')).toBeUndefined();
  });

  it('is not deleted on condition while it leads somewhere', () => {
    const all = new Scene();
    all.exchange('x', 'direct');
    all.queue('q');
    all.bind('x', 'q');
    expect(() => all.vhost.deleteExchange('x', true)).toThrow("PRECONDITION_FAILED - exchange 'x' in vhost '/' in use");
    all.vhost.deleteExchange('x', false);
    all.exchange('x', 'fanout');
    expect(all.publish('x', '', 'a')).toBe('unroutable');
  });
});

describe('an alternate exchange', () => {
  it('takes what no binding wants, and nothing else', () => {
    const all = new Scene();
    all.exchange('other', 'fanout');
    all.exchange('x', 'direct', { arguments: tableOf({ 'alternate-exchange': 'other' }) });
    const [wanted, rest] = [all.queue('wanted'), all.queue('rest')];
    all.bind('x', 'wanted', { routingKey: 'k' });
    all.bind('other', 'rest');
    all.publish('x', 'k', 'a');
    all.publish('x', 'l', 'b');
    expect([drain(wanted), drain(rest)]).toEqual([['a'], ['b']]);
  });

  it('may be missing, or lead back', () => {
    const all = new Scene();
    all.exchange('x', 'direct', { arguments: tableOf({ 'alternate-exchange': 'y' }) });
    expect(all.publish('x', 'k', 'a')).toBe('unroutable');
    all.exchange('y', 'direct', { arguments: tableOf({ 'alternate-exchange': 'x' }) });
    expect(all.publish('x', 'k', 'a')).toBe('unroutable');
  });
});
