import { describe, expect, it } from 'vitest';
import { type Arguments, drain, Scene } from './scene.js';

const DEAD: Arguments = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

function scene(queueArguments: Arguments = {}) {
  const all = new Scene();
  const dead = all.queue('dead');
  const queue = all.queue('q', { durable: true, arguments: { 'x-queue-type': 'quorum', ...queueArguments } });
  const send = (...bodies: string[]) => bodies.map((body) => all.publish('', 'q', body));
  return { all, dead, queue, send };
}

describe('a quorum queue', () => {
  it('stores every message, persistent or not', () => {
    expect(scene().send('a')).toEqual(['stored']);
  });

  it('counts how often a message came back', () => {
    const { all, queue, send } = scene({ 'x-delivery-limit': 9 });
    const taker = all.consume(queue);
    send('a');
    expect(taker.entries.map(({ deliveryCount }) => deliveryCount)).toEqual([0]);
    taker.giveBack();
    taker.giveBack();
    expect(taker.entries.map(({ deliveryCount, redelivered }) => [deliveryCount, redelivered])).toEqual([[2, true]]);
  });

  it('takes a message back up to its limit, and then makes it a dead letter', () => {
    const { all, dead, queue, send } = scene({ ...DEAD, 'x-delivery-limit': 2 });
    const taker = all.consume(queue);
    send('a');
    for (let count = 0; count < 2; count++) taker.giveBack();
    expect([taker.bodies, dead.messageCount]).toEqual([['a'], 0]);
    taker.giveBack();
    expect([taker.bodies, drain(dead), all.memory.used]).toEqual([[], ['a'], 0]);
  });

  it('counts the loss of a consumer as a return', () => {
    const { all, dead, queue, send } = scene({ ...DEAD, 'x-delivery-limit': 0 });
    const taker = all.consume(queue);
    send('a');
    taker.leave();
    expect([queue.messageCount, drain(dead)]).toEqual([0, ['a']]);
  });

  it('drops a message at its limit where it has no dead-letter exchange', () => {
    const { all, queue, send } = scene({ 'x-delivery-limit': 0 });
    const taker = all.consume(queue);
    send('a');
    taker.giveBack();
    expect([queue.messageCount, queue.unacknowledgedCount, all.memory.used]).toEqual([0, 0, 0]);
  });

  it('puts what comes back before the fresh ones, in the order of coming back, where it has a limit', () => {
    const { all, queue, send } = scene({ 'x-delivery-limit': 9 });
    const taker = all.consume(queue, { prefetch: 2 });
    send('a', 'b', 'c');
    taker.hasRoom = false;
    taker.giveBack(['b']);
    taker.giveBack(['a']);
    expect(drain(queue)).toEqual(['b', 'a', 'c']);
  });

  it('puts what is given back behind all others where it has no limit', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { prefetch: 1 });
    send('a', 'b');
    taker.giveBack();
    expect(taker.bodies).toEqual(['b']);
    taker.acknowledge();
    expect(taker.entries.map(({ deliveryCount, redelivered }) => [deliveryCount, redelivered])).toEqual([[1, true]]);
  });

  it('puts what a lost consumer held before all others, also where it has no limit', () => {
    const { all, queue, send } = scene();
    const taker = all.consume(queue, { prefetch: 2 });
    send('a', 'b', 'c');
    taker.leave();
    expect(drain(queue)).toEqual(['a', 'b', 'c']);
  });
});
