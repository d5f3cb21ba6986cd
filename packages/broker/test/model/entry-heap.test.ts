import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntryHeap } from '../../src/model/entry-heap.js';
import { NEVER, QueueEntry } from '../../src/model/queue-entry.js';
import { messageOf } from './messages.js';

const MESSAGE = messageOf('');

function entryAt(position: number): QueueEntry {
  return new QueueEntry(MESSAGE, position, 0, NEVER, false);
}

describe('a heap of entries', () => {
  it('gives out the entry with the lowest position first', () => {
    const heap = new EntryHeap();
    for (const position of [3, 1, 2]) heap.push(entryAt(position));
    expect(heap.peek()?.position).toBe(1);
    expect([heap.shift(), heap.shift(), heap.shift()].map((entry) => entry?.position)).toEqual([1, 2, 3]);
    expect([heap.shift(), heap.peek(), heap.size]).toEqual([undefined, undefined, 0]);
  });

  it('is empty once it was cleared', () => {
    const heap = new EntryHeap();
    heap.push(entryAt(1));
    heap.clear();
    expect([heap.size, heap.shift()]).toEqual([0, undefined]);
  });

  it('does what a sorted array does, however it is used', () => {
    const operation = fc.option(fc.nat(1_000), { nil: undefined });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const heap = new EntryHeap();
        let sorted: number[] = [];
        for (const position of operations) {
          if (position === undefined) {
            expect(heap.shift()?.position).toBe(sorted.shift());
          } else {
            heap.push(entryAt(position));
            sorted = [...sorted, position].sort((a, b) => a - b);
          }
          expect([heap.size, heap.peek()?.position]).toEqual([sorted.length, sorted[0]]);
        }
        expect(Array.from(heap, (entry) => entry.position).sort((a, b) => a - b)).toEqual(sorted);
      }),
    );
  });
});
