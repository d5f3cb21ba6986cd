import { describe, expect, it } from 'vitest';
import { chain } from '../../src/canvas/chain.js';
import { chord } from '../../src/canvas/chord.js';
import { groupOn } from '../../src/canvas/group.js';
import { createTask } from '../../src/task/task.js';
import { errorOf, OrderBook } from './freezing.js';

const fallback = new OrderBook();
const group = groupOn(() => fallback);

function tasks() {
  const host = new OrderBook();
  const fib = createTask(host, 'fib', (n: number): number => n, {});
  const add = createTask(host, 'add', (n: number, more: number) => n + more, {});
  return { host, fib, add };
}

/** For programs without types. */
const untyped = { chain, group, chord } as unknown as Record<
  'chain' | 'group' | 'chord',
  (...parts: unknown[]) => never
>;

describe('a canvas', () => {
  it('is sent by the app of its first task, with what it is started with and its options', () => {
    const { host, fib, add } = tasks();
    const other = tasks();
    chain(fib.s(), other.fib.s()).delay(1);
    group([chain(fib.s(1), fib.s())]).apply([], { priority: 3 });
    chord([], fib.si(1)).delay();
    add.chunks([], 5).delay();
    expect(host.orders.map(({ part, previous, options }) => [part.kind, previous, options])).toEqual([
      ['chain', [1], {}],
      ['group', [], { priority: 3 }],
      ['chord', [], {}],
      ['group', [], {}],
    ]);
    expect(other.host.orders).toEqual([]);
  });

  it('without a task in it is sent by the default app', () => {
    fallback.orders.length = 0;
    group().delay();
    chain(group()).delay();
    expect(fallback.orders).toHaveLength(2);
  });

  it('never changes: what its methods give is another one', () => {
    const { host, fib } = tasks();
    const step = fib.s();
    const steps = [step];
    const members = group(steps);
    const whole = chain(step, step);
    steps.push(step);
    const changed = [step.set({ priority: 1 }), step.link(step), step.linkError({ ...fib, delay: () => undefined })];
    whole.set({ priority: 1 });
    expect([members.length, whole.length]).toEqual([1, 2]);
    step.delay(1);
    whole.delay(1);
    for (const { part } of host.orders) expect(part).toMatchObject({ options: {}, link: [], linkError: [] });
    for (const one of changed) expect(one).not.toBe(step);
  });

  it('tells what it is', () => {
    const { fib } = tasks();
    const joined = chord([fib.s(1), fib.s(2)], fib.si(1));
    expect([fib.s(1), chain(fib.s(1)), group(), joined].map(({ kind }) => kind)).toEqual([
      'signature',
      'chain',
      'group',
      'chord',
    ]);
    expect([fib.s(1).task, chain(chain(fib.s(1), fib.s()), fib.s()).length, joined.length]).toEqual(['fib', 3, 2]);
  });

  it('refuses what is no part of one, and says what to write', () => {
    const { fib } = tasks();
    expect(errorOf(() => untyped.chain(fib.s(1), fib))).toBe(
      "chain step 2: expected a signature, a chain, a group or a chord, found the task 'fib'; write its .s(…).",
    );
    expect(errorOf(() => untyped.chain())).toBe('chain: expected at least one step, found none.');
    expect(errorOf(() => untyped.chain([fib.s(1)]))).toContain('chain step 1: expected a signature');
    expect(errorOf(() => untyped.group(fib.s(1), null))).toContain('group member 2: expected a signature, a chain');
    expect(errorOf(() => untyped.group([fib.s(1), 3]))).toContain('found something else (number).');
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(errorOf(() => untyped.group(cyclic))).toContain('group member 1: expected a signature, a chain, a group');
    expect(errorOf(() => untyped.chord(fib.s(1), fib.s()))).toBe(
      "chord header: expected a group or a list of its members, found 'fib'.",
    );
    expect(errorOf(() => untyped.chord([fib.s(1)], undefined))).toContain('chord body: expected a signature');
    expect(errorOf(() => untyped.chord([fib], fib.s()))).toContain('chord header member 1: expected a signature');
  });

  it('links nothing to the results of a group, and calls one task on failure', () => {
    const { fib } = tasks();
    const link = (part: unknown) => (part as ReturnType<typeof fib.s>).link(fib.s() as never);
    expect(errorOf(() => link(group(fib.s(1))))).toBe(
      'link: expected what ends in one task, found a group that ends in a group; to go on with the list of its results, put it into chain(…).',
    );
    expect(errorOf(() => link(chain(fib.s(1), group(fib.s()))))).toContain('found a chain that ends in a group');
    expect(errorOf(() => link(chord([fib.s(1)], group(fib.si(1)))))).toContain('found a chord that ends in a group');
    const linkError = (errback: unknown) => fib.s(1).linkError(errback as never);
    expect(errorOf(() => linkError(chain(fib.s(1))))).toContain(
      'linkError: expected a task or a signature, found a chain',
    );
    expect(errorOf(() => linkError(undefined))).toContain('found undefined');
    expect(errorOf(() => fib.s(1).link(undefined as never))).toContain('link: expected a signature');
  });

  it('maps lists, and chunks of a size', () => {
    const { add, fib } = tasks();
    const { chunks, starmap, map } = { ...add, map: fib.map } as unknown as Record<
      string,
      (...given: unknown[]) => never
    >;
    expect(errorOf(() => map?.('abc'))).toBe('fib.map: expected a list, found string.');
    expect(errorOf(() => starmap?.([[1, 2], 3]))).toBe(
      'add.starmap: expected a list of lists of arguments, found number at 1.',
    );
    expect(errorOf(() => chunks?.([[1, 2]], 0))).toContain('add.chunks: size: expected a whole number from 1');
    expect(
      add.chunks(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        2,
      ).length,
    ).toBe(2);
  });
});
