import { describe, expect, it } from 'vitest';
import type { Queue } from '../../src/model/queue.js';
import { NEVER, QueueEntry } from '../../src/model/queue-entry.js';
import { Deliveries } from '../../src/session/deliveries.js';
import { Subscription } from '../../src/session/subscription.js';
import { messageOf } from '../model/messages.js';
import { Scene } from '../model/scene.js';

/** Deliveries with tags from 1 on: some to a consumer, and those named by `got` to basic.get. */
function scene(count: number, got: readonly number[] = []) {
  const queue: Queue = new Scene().queue('q');
  const host = { hasRoom: () => true, deliver: () => undefined, cancelled: () => undefined };
  const consumer = new Subscription(
    { tag: 't', queue, noAck: false, exclusive: false, priority: 0, prefetch: 0 },
    host,
  );
  const deliveries = new Deliveries();
  for (let tag = 1; tag <= count; tag++) {
    const entry = new QueueEntry(messageOf(''), tag, 0, NEVER, false);
    expect(deliveries.add(queue, entry, got.includes(tag) ? undefined : consumer)).toBe(tag);
  }
  const take = (tag: number, multiple = false) => deliveries.take(tag, multiple).map((delivery) => delivery.tag);
  const rest = () => deliveries.takeAll().map(({ tag }) => tag);
  return { deliveries, take, rest };
}

describe('the deliveries of a channel', () => {
  it('are taken by their tags, in any order', () => {
    const { take, rest } = scene(3);
    expect([take(2), take(1), rest()]).toEqual([[2], [1], [3]]);
  });

  it('are taken up to a tag, oldest first', () => {
    const { take, rest } = scene(5);
    take(2);
    expect([take(4, true), rest()]).toEqual([[1, 3, 4], [5]]);
  });

  it('are all taken with the tag 0, be it none at all', () => {
    const { take, rest } = scene(2);
    expect([take(0, true), take(0, true), rest()]).toEqual([[1, 2], [], []]);
  });

  it.each([
    ['one that was taken', 2, false],
    ['one that was taken, with those before it', 2, true],
    ['one that never was', 9, false],
    ['one that never was, with those before it', 9, true],
    ['0 without those before it', 0, false],
  ])('are not taken by the tag of %s', (_what, tag, multiple) => {
    const { take, rest } = scene(3);
    take(2);
    expect(() => take(tag, multiple)).toThrow(`PRECONDITION_FAILED - unknown delivery tag ${tag}`);
    expect(rest()).toEqual([1, 3]);
  });

  it('are counted for the prefetch unless they were got', () => {
    const { deliveries, take } = scene(4, [2]);
    expect([deliveries.size, deliveries.consumed]).toEqual([4, 3]);
    take(3, true);
    expect([deliveries.size, deliveries.consumed]).toEqual([1, 1]);
    deliveries.takeAll();
    expect([deliveries.size, deliveries.consumed]).toEqual([0, 0]);
  });

  it('go back to their places, and count again', () => {
    const { deliveries, rest } = scene(5, [2]);
    const [taken, more] = [deliveries.take(2, true), deliveries.take(4, false)];
    deliveries.putBack([...more, ...taken]);
    expect([deliveries.size, deliveries.consumed]).toEqual([5, 4]);
    expect(rest()).toEqual([1, 2, 3, 4, 5]);
  });

  it('have tags in a row with those that need no settlement', () => {
    const { deliveries } = scene(2);
    expect([deliveries.nextTag(), deliveries.nextTag(), deliveries.size]).toEqual([3, 4, 2]);
  });
});
