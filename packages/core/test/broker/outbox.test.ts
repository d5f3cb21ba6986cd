import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createEntry, Outbox, type OutboxEntry } from '../../src/broker/outbox.js';

interface Numbered extends OutboxEntry {
  readonly number: number;
}

function entry(number: number, bytes = 1): Numbered {
  const message = { properties: {}, body: Buffer.alloc(bytes) };
  const request = { exchange: '', routingKey: 'q', message, timeoutMs: undefined, onEnd: () => undefined };
  return { number, ...createEntry(request) };
}

const UNBOUNDED = { messages: 1_000_000, bytes: 1_000_000 };

it('gives what waits in the order of its coming, whatever ended, was written and came back', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('add' as const) },
    { weight: 4, arbitrary: fc.constant('write' as const) },
    { weight: 1, arbitrary: fc.constant('rewind' as const) },
    { weight: 3, arbitrary: fc.nat() },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const outbox = new Outbox(UNBOUNDED);
      const live: Numbered[] = [];
      let count = 0;
      for (const next of steps) {
        if (next === 'add') {
          const added = entry(count++, 3);
          live.push(added);
          outbox.add(added);
        } else if (next === 'write') {
          const first = outbox.peek();
          if (first !== undefined) outbox.markWritten(first);
        } else if (next === 'rewind') {
          outbox.rewind();
          expect(live.every(({ state }) => state === 'waiting')).toBe(true);
        } else if (live.length > 0) {
          const [ended] = live.splice(next % live.length, 1);
          if (ended !== undefined) outbox.end(ended);
        }
        const waiting = live.filter(({ state }) => state === 'waiting');
        const written = live.filter(({ state }) => state === 'written');
        expect((outbox.peek() as Numbered | undefined)?.number).toBe(waiting[0]?.number);
        expect([...outbox.written()]).toEqual(written);
        expect(outbox.entries()).toEqual([...written, ...waiting]);
        expect([outbox.size, outbox.bytes, outbox.writtenCount]).toEqual([
          live.length,
          3 * live.length,
          written.length,
        ]);
      }
    }),
    { numRuns: 300 },
  );
});

it('keeps the order over thousands of entries and a rewind in the middle', () => {
  const outbox = new Outbox(UNBOUNDED);
  for (let number = 0; number < 5_000; number++) outbox.add(entry(number));
  const takeNext = () => {
    const next = outbox.peek() as Numbered;
    outbox.markWritten(next);
    return next;
  };
  const first = Array.from({ length: 3_000 }, takeNext);
  for (const written of first.slice(0, 2_500)) outbox.end(written);
  outbox.rewind();
  const rest = Array.from({ length: 2_500 }, takeNext).map(({ number }) => number);
  expect(rest).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 2_500));
  expect(outbox.peek()).toBeUndefined();
});

it('remembers that an entry was written, and forgets that it was returned, when it comes back', () => {
  const outbox = new Outbox(UNBOUNDED);
  const [written, waiting] = [entry(0), entry(1)];
  outbox.add(written);
  outbox.add(waiting);
  outbox.markWritten(written);
  written.state = 'returned';
  written.returned = { code: 312, text: 'NO_ROUTE' };
  outbox.rewind();
  expect(written).toMatchObject({ state: 'waiting', returned: undefined, everWritten: true });
  expect(waiting.everWritten).toBe(false);
});

it('has room until it holds so many messages or so many bytes, and again when one ends', () => {
  const two = new Outbox({ messages: 2, bytes: 1_000 });
  const first = entry(0);
  two.add(first);
  expect(two.hasRoom()).toBe(true);
  two.add(entry(1));
  expect(two.hasRoom()).toBe(false);
  // What is on the channel counts as well: only its end makes room.
  two.markWritten(first);
  expect(two.hasRoom()).toBe(false);
  two.end(first);
  expect(two.hasRoom()).toBe(true);

  const small = new Outbox({ messages: 1_000, bytes: 10 });
  const big = entry(0, 64);
  expect(small.hasRoom()).toBe(true);
  small.add(big);
  expect(small.hasRoom()).toBe(false);
  small.end(big);
  expect(small.hasRoom()).toBe(true);
});

it('does not keep what ended behind an entry that waits for ever', () => {
  const outbox = new Outbox(UNBOUNDED);
  outbox.add(entry(0));
  const bodies: WeakRef<Buffer>[] = [];
  for (let number = 1; number <= 10_000; number++) {
    const short = entry(number);
    bodies.push(new WeakRef(short.request.message.body));
    outbox.add(short);
    outbox.end(short);
  }
  // A weak reference holds until the turn that made it is over.
  return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    const kept = bodies.filter((body) => body.deref() !== undefined).length;
    expect(kept).toBeLessThan(2_000);
    expect(outbox.size).toBe(1);
  });
});
