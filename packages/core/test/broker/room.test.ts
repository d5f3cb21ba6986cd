import { expect, it } from 'vitest';
import { Room } from '../../src/broker/room.js';

const MIB = 1_024 * 1_024;

it('takes messages until memory has enough of them, and none after the first that did not fit', () => {
  const room = new Room();
  const body = Buffer.alloc(10 * MIB);
  expect([room.take({}, body), room.take({}, body), room.take({}, body)]).toEqual([true, true, true]);
  expect(room.full).toBe(false);
  expect(room.take({}, body)).toBe(false);
  expect(room.full).toBe(true);
  expect(room.take({}, Buffer.alloc(1))).toBe(false);
});

it('takes one that is larger than all of it', () => {
  const room = new Room();
  expect(room.take(Buffer.alloc(64 * MIB))).toBe(true);
  expect(room.take(Buffer.alloc(1))).toBe(false);
});

it('counts headers, which can be most of a message', () => {
  const room = new Room();
  const headers = { 'tq-errors': Array.from({ length: 10 }, () => ({ attempt: 1, error: 'x'.repeat(300) })) };
  let taken = 0;
  while (room.take({ headers }, Buffer.from('[[],{},{}]'))) taken++;
  expect(taken).toBeGreaterThan(5_000);
  expect(taken).toBeLessThan(12_000);
});
