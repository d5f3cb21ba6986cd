import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../../src/model/store.js';
import { messageOf } from './messages.js';
import { type Arguments, drain, queueDefinition, Scene } from './scene.js';

interface Stored extends Partial<StoredMessage> {
  readonly position: number;
  readonly priority?: number;
}

/** A virtual host that was restored with one queue of id 7, and an empty queue `dead`. */
function restored(
  messages: readonly Stored[],
  delivered: Readonly<Record<number, number>> = {},
  queueArguments: Arguments = {},
) {
  const stored = messages.map(
    ({ position, priority = 0, expiresAt, deliveryCount = 0 }) =>
      [
        7,
        position,
        { message: messageOf(`${position}`, { persistent: true, priority }), expiresAt, deliveryCount },
      ] as const,
  );
  const marks = new Map(Object.entries(delivered).map(([priority, position]) => [Number(priority), position]));
  const queues = [
    { id: 7, definition: queueDefinition('q', { durable: true, arguments: queueArguments }), delivered: marks },
    { id: 8, definition: queueDefinition('dead', { durable: true }), delivered: new Map() },
  ];
  const vhosts = new Map([['/', { exchanges: [], bindings: [], queues }]]);
  const all = new Scene(undefined, { nextQueueId: 9, nextPosition: 10, vhosts, messages: stored });
  const find = (name: string) => all.vhost.queues.get(name, all.owner);
  return { all, queue: find('q'), dead: find('dead') };
}

const DEAD = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

describe('a queue that was restored', () => {
  it('has its messages in order, counted, and goes on behind them', () => {
    const { all, queue } = restored([{ position: 3 }, { position: 5 }]);
    expect([queue.messageCount, all.memory.used > 0]).toEqual([2, true]);
    all.publish('', 'q', 'new', { persistent: true });
    expect(all.store.take()).toEqual(['save 7/10 new']);
    expect(drain(queue)).toEqual(['3', '5', 'new']);
    expect(all.memory.used).toBe(0);
  });

  it('knows which messages had been delivered', () => {
    const { all, queue } = restored([{ position: 3 }, { position: 4 }, { position: 5 }], { 0: 4 });
    const taker = all.consume(queue);
    expect(taker.entries.map(({ redelivered }) => redelivered)).toEqual([true, true, false]);
  });

  it('knows it for each priority', () => {
    const messages = [
      { position: 1, priority: 0 },
      { position: 2, priority: 1 },
      { position: 3, priority: 1 },
    ];
    const { all, queue } = restored(messages, { 1: 2 }, { 'x-max-priority': 1 });
    const taker = all.consume(queue);
    expect(taker.entries.map(({ position, redelivered }) => [position, redelivered])).toEqual([
      [2, true],
      [3, false],
      [1, false],
    ]);
  });

  it('counts the crash as a return of what was delivered from a quorum queue, once', () => {
    const messages = [{ position: 1, deliveryCount: 2 }, { position: 2 }, { position: 3 }];
    const { all, queue } = restored(messages, { 0: 2 }, { 'x-queue-type': 'quorum' });
    const taker = all.consume(queue);
    expect(taker.entries.map(({ deliveryCount }) => deliveryCount)).toEqual([2, 1, 0]);
  });

  it('lets go of what expired meanwhile, and of the rest in time', () => {
    const now = new Scene().clock.wall();
    const messages = [
      { position: 1, expiresAt: now - 5_000 },
      { position: 2, expiresAt: now + 1_000 },
    ];
    const { all, queue, dead } = restored(messages, {}, DEAD);
    expect([queue.messageCount, drain(dead)]).toEqual([1, ['1']]);
    all.clock.advance(1_000);
    expect([queue.messageCount, drain(dead)]).toEqual([0, ['2']]);
  });

  it('tells the store only of what changes', () => {
    const { all, queue } = restored([{ position: 1 }, { position: 2 }], { 0: 1 });
    expect(all.store.take()).toEqual([]);
    const taker = all.consume(queue);
    expect(all.store.take()).toEqual(['delivered 7 p0 2']);
    taker.acknowledge();
    expect(all.store.take()).toEqual(['remove 1']);
  });
});
