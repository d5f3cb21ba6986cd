import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AckLedger } from '../../src/broker/ack-ledger.js';

/** RabbitMQ's side of one channel: what is delivered and not acknowledged, and the rules for acknowledging it. */
class UnackedSet {
  readonly unacked = new Set<number>();
  #last = 0;

  deliver(): number {
    this.unacked.add(++this.#last);
    return this.#last;
  }

  /** Refuses, as RabbitMQ does with a 406, a tag that is not outstanding. Returns what it took. */
  ack(tag: number, multiple: boolean): number[] {
    if (!this.unacked.has(tag)) throw new Error(`406: unknown delivery tag ${tag}`);
    const taken = multiple ? [...this.unacked].filter((other) => other <= tag) : [tag];
    for (const one of taken) this.unacked.delete(one);
    return taken;
  }
}

type Step = 'deliver' | 'flush' | { readonly settle: number; readonly how: 'ack' | 'give back' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>('deliver') },
  { weight: 1, arbitrary: fc.constant<Step>('flush') },
  {
    weight: 3,
    arbitrary: fc.record({
      settle: fc.nat(),
      how: fc.oneof(
        { weight: 4, arbitrary: fc.constant('ack' as const) },
        { weight: 1, arbitrary: fc.constant('give back' as const) },
      ),
    }),
  },
);

it('acks only what is outstanding and settled, and in the end all of it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const broker = new UnackedSet();
      const ledger = new AckLedger();
      const open: number[] = [];
      const settled = new Set<number>();
      const flush = () => {
        const { upTo, single } = ledger.flush();
        const taken = upTo === undefined ? [] : broker.ack(upTo, true);
        for (const tag of single) taken.push(...broker.ack(tag, false));
        for (const tag of taken) expect(settled).toContain(tag);
        // Nothing that is settled waits for a later flush.
        for (const tag of settled) expect(broker.unacked).not.toContain(tag);
      };
      const settle = (index: number, how: 'ack' | 'give back') => {
        const [tag] = open.splice(index % open.length, 1);
        if (tag === undefined) return;
        if (how === 'ack') {
          settled.add(tag);
          ledger.ack(tag);
        } else {
          broker.ack(tag, false);
          ledger.settledAlone(tag);
        }
      };
      for (const next of steps) {
        if (next === 'deliver') open.push(broker.deliver());
        else if (next === 'flush') flush();
        else if (open.length > 0) settle(next.settle, next.how);
      }
      while (open.length > 0) settle(0, 'ack');
      flush();
      expect(broker.unacked.size).toBe(0);
    }),
    { numRuns: 500 },
  );
});

it('covers any number of deliveries without a gap with one ack', () => {
  const ledger = new AckLedger();
  for (const tag of [2, 1, 4, 3]) ledger.ack(tag);
  expect(ledger.flush()).toEqual({ upTo: 4, single: [] });
  ledger.settledAlone(5);
  ledger.ack(6);
  expect(ledger.flush()).toEqual({ upTo: 6, single: [] });
  expect(ledger.flush()).toEqual({ upTo: undefined, single: [] });
});

it('is complete while nothing that was delivered is open', () => {
  const ledger = new AckLedger();
  expect(ledger.complete).toBe(true);
  for (const tag of [1, 2, 3]) ledger.delivered(tag);
  ledger.ack(3);
  ledger.ack(1);
  expect(ledger.complete).toBe(false);
  ledger.settledAlone(2);
  expect(ledger.complete).toBe(true);
  ledger.delivered(4);
  expect(ledger.complete).toBe(false);
});

it('acks alone what lies behind a gap, and never again when the gap closes', () => {
  const ledger = new AckLedger();
  for (const tag of [1, 3, 4]) ledger.ack(tag);
  expect(ledger.flush()).toEqual({ upTo: 1, single: [3, 4] });
  ledger.ack(2);
  expect(ledger.flush()).toEqual({ upTo: 2, single: [] });
});
