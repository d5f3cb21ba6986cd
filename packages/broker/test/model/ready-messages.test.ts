import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEVER, QueueEntry } from '../../src/model/queue-entry.js';
import { ReadyMessages } from '../../src/model/ready-messages.js';
import { messageOf } from './messages.js';

function entryAt(position: number, priority = 0, body = 'four'): QueueEntry {
  return new QueueEntry(messageOf(body), position, priority, NEVER, false);
}

function positions(ready: ReadyMessages): number[] {
  const found: number[] = [];
  for (let entry = ready.shift(); entry !== undefined; entry = ready.shift()) found.push(entry.position);
  return found;
}

describe('the messages that are ready', () => {
  it('leave in the order in which they came', () => {
    const ready = new ReadyMessages(0, 'position');
    for (const position of [0, 1, 2]) ready.push(entryAt(position));
    expect(ready.peek()?.position).toBe(0);
    expect(positions(ready)).toEqual([0, 1, 2]);
  });

  it('leave by priority first', () => {
    const ready = new ReadyMessages(2, 'position');
    ready.push(entryAt(0, 0));
    ready.push(entryAt(1, 2));
    ready.push(entryAt(2, 1));
    ready.push(entryAt(3, 2));
    expect(ready.peek()?.position).toBe(1);
    expect(positions(ready)).toEqual([1, 3, 2, 0]);
  });

  it('go back to their old places, in whatever order they return', () => {
    const ready = new ReadyMessages(0, 'position');
    for (const position of [0, 1, 2, 3]) ready.push(entryAt(position));
    const [first, second, third] = [ready.shift(), ready.shift(), ready.shift()] as [
      QueueEntry,
      QueueEntry,
      QueueEntry,
    ];
    for (const entry of [third, first, second]) ready.giveBack(entry);
    expect(positions(ready)).toEqual([0, 1, 2, 3]);
  });

  it('go back behind those that returned before them, where the order is that of returning', () => {
    const ready = new ReadyMessages(0, 'arrival');
    for (const position of [0, 1, 2]) ready.push(entryAt(position));
    const [first, second] = [ready.shift(), ready.shift()] as [QueueEntry, QueueEntry];
    for (const entry of [second, first]) ready.giveBack(entry);
    expect(positions(ready)).toEqual([1, 0, 2]);
  });

  it('are counted, in messages and in bytes of their bodies', () => {
    const ready = new ReadyMessages(1, 'position');
    ready.push(entryAt(0, 1, '12345'));
    ready.push(entryAt(1, 0, '1'));
    expect([ready.count, ready.bodyBytes]).toEqual([2, 6]);
    ready.giveBack(ready.shift() as QueueEntry);
    expect([ready.count, ready.bodyBytes]).toEqual([2, 6]);
    ready.shift();
    expect([ready.count, ready.bodyBytes]).toEqual([1, 1]);
    expect(ready.takeAll().map(({ position }) => position)).toEqual([1]);
    expect([ready.count, ready.bodyBytes, ready.peek(), ready.shift()]).toEqual([0, 0, undefined, undefined]);
  });

  it('are all taken at once, the fresh ones and those that returned', () => {
    const ready = new ReadyMessages(1, 'position');
    for (const position of [0, 1, 2]) ready.push(entryAt(position, position % 2));
    ready.giveBack(ready.shift() as QueueEntry);
    expect(ready.takeAll().map(({ position }) => position)).toHaveLength(3);
    expect(ready.count).toBe(0);
  });

  it('leave like a list that is sorted by priority and position, however they come, leave and return', () => {
    const step = fc.oneof(
      fc.record({ push: fc.nat(3) }),
      fc.constant('take' as const),
      fc.record({ giveBack: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const ready = new ReadyMessages(3, 'position');
        const taken: QueueEntry[] = [];
        let waiting: QueueEntry[] = [];
        let next = 0;
        const wait = (entry: QueueEntry) => {
          waiting = [...waiting, entry].sort((a, b) => b.priority - a.priority || a.position - b.position);
        };
        for (const what of steps) {
          if (what === 'take') {
            const entry = ready.shift();
            expect(entry).toBe(waiting.shift());
            if (entry !== undefined) taken.push(entry);
          } else if ('push' in what) {
            const entry = entryAt(next++, what.push);
            ready.push(entry);
            wait(entry);
          } else {
            const [entry] = taken.splice(what.giveBack % Math.max(taken.length, 1), 1);
            if (entry === undefined) continue;
            ready.giveBack(entry);
            wait(entry);
          }
          expect([ready.count, ready.peek()]).toEqual([waiting.length, waiting[0]]);
        }
      }),
    );
  });
});
