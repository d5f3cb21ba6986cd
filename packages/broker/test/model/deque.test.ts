import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deque } from '../../src/model/deque.js';

describe('a deque', () => {
  it('gives out what was put in first', () => {
    const deque = new Deque<string>();
    deque.push('a');
    deque.push('b');
    expect([deque.peek(), deque.shift(), deque.shift(), deque.shift()]).toEqual(['a', 'a', 'b', undefined]);
  });

  it('is empty in the beginning and once it was cleared', () => {
    const deque = new Deque<string>();
    expect([deque.size, deque.peek()]).toEqual([0, undefined]);
    deque.push('a');
    deque.clear();
    expect([deque.size, deque.peek(), deque.shift(), ...deque]).toEqual([0, undefined, undefined]);
  });

  it('drops what is not to be kept', () => {
    const deque = new Deque<number>();
    for (const element of [1, 2, 3, 4]) deque.push(element);
    deque.keep((element) => element % 2 === 0);
    expect([deque.size, ...deque]).toEqual([2, 2, 4]);
  });

  it('does what an array does, however it is used', () => {
    const operation = fc.oneof(
      fc.record({ push: fc.nat() }),
      fc.constantFrom('shift', 'peek', 'list'),
      fc.constant('clear'),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const deque = new Deque<number>();
        let array: number[] = [];
        for (const step of operations) {
          if (typeof step === 'object') {
            deque.push(step.push);
            array.push(step.push);
          } else if (step === 'shift') {
            expect(deque.shift()).toBe(array.shift());
          } else if (step === 'peek') {
            expect(deque.peek()).toBe(array[0]);
          } else if (step === 'list') {
            expect([...deque]).toEqual(array);
          } else {
            deque.clear();
            array = [];
          }
          expect(deque.size).toBe(array.length);
        }
      }),
    );
  });

  it('keeps its order while it grows and shrinks by much', () => {
    const deque = new Deque<number>();
    let [next, expected] = [0, 0];
    for (const size of [5_000, 100, 9_000, 0]) {
      while (deque.size < size) deque.push(next++);
      while (deque.size > size) expect(deque.shift()).toBe(expected++);
    }
    expect(expected).toBe(next);
  });
});
