import { describe, expect, it } from 'vitest';
import { chain } from '../../src/canvas/chain.js';
import { chord } from '../../src/canvas/chord.js';
import { type Lazy, stepOf } from '../../src/protocol/canvas/wire-step.js';
import { errorOf, freezing, tasksOf } from './freezing.js';

const { group } = freezing();

/** The options of all its tasks that say something. */
function optionsOf(step: Lazy): object[] {
  return tasksOf(step).map(({ options }) =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  );
}

describe('where steps go', () => {
  it('is a queue by its full name: their own, their task’s, or the app’s', () => {
    const { fib, sum, root } = freezing({ prefix: 'test.', queue: 'work' });
    const canvas = chain(fib.s(1), fib.s().set({ queue: 'own' }), group([fib.s()]), sum.s());
    expect(optionsOf(root(canvas))).toEqual(
      ['test.work', 'test.own', 'test.work', 'test.math'].map((queue) => ({ queue })),
    );
  });

  it('follows the app’s routes, which see the arguments that are bound', () => {
    const asked: unknown[] = [];
    const routes = [
      ({ task, args }: { task: string; args: readonly unknown[] }) => void asked.push([task, args]),
      { task: 'text', to: { exchange: 'words', routingKey: 'new', priority: 2 } },
      { task: 'fi*', to: 'numbers' },
    ];
    const { fib, text, sum, add, root } = freezing({ prefix: 'p.', routes });
    const canvas = chain(add.s(2), fib.s(), text.s(), sum.si([]), fib.map([1]));
    expect(optionsOf(root(canvas, [1]))).toEqual([
      { queue: 'p.tq' },
      { queue: 'p.numbers' },
      { exchange: 'p.words', routingKey: 'new', priority: 2 },
      { queue: 'p.math' },
      { queue: 'p.numbers' },
    ]);
    expect(asked.reverse()).toEqual([
      ['add', [1, 2]],
      ['fib', []],
      ['text', []],
      ['sum', [[]]],
      ['fib', []],
    ]);
  });
});

describe('options of a part of a canvas', () => {
  it('are those of every step in it that does not say otherwise', () => {
    const { fib, sum, root } = freezing();
    const inner = chain(fib.s(), fib.s().set({ priority: 9, headers: { a: '1' } })).set({ priority: 5 });
    const canvas = chain(fib.s(1).set({ queue: 'own' }), inner, group([fib.s()]), sum.s()).set({
      queue: 'all',
      headers: { a: '0', b: '0' },
      retry: { maxRetries: 1 },
    });
    const retry = { maxRetries: 1 };
    const headers = { a: '0', b: '0' };
    expect(optionsOf(root(canvas))).toEqual([
      { queue: 'own', headers, retry },
      { queue: 'all', headers, retry, priority: 5 },
      { queue: 'all', headers: { a: '1', b: '0' }, retry, priority: 9 },
      { queue: 'all', headers, retry },
      { queue: 'all', headers, retry },
    ]);
  });

  it('hold for the call too, and give way to what is set', () => {
    const { fib, text, root } = freezing();
    const canvas = chain(fib.s(1), text.s().set({ priority: 1 }));
    expect(optionsOf(root(canvas, [], { priority: 7, ignoreResult: true, timeLimit: 5_000 }))).toEqual([
      { queue: 'tq', priority: 7, ignoreResult: true, limits: { timeLimit: 5_000, softTimeLimit: undefined } },
      { queue: 'tq', priority: 1, ignoreResult: true, limits: { timeLimit: 5_000, softTimeLimit: undefined } },
    ]);
  });

  it('say when its first steps start, and no other', () => {
    const { fib, sum, open, root } = freezing();
    const countdowns = (...order: Parameters<typeof root>) =>
      tasksOf(root(...order)).map(({ options }) => options.countdown);
    const delayed = { countdown: 100 };
    expect(countdowns(chain(fib.s(1), fib.s(), fib.s()), [], delayed)).toEqual([100, undefined, undefined]);
    expect(countdowns(chain(fib.s(1), chain(fib.s(), fib.s()).set(delayed)))).toEqual([undefined, 100, undefined]);
    expect(countdowns(group(fib.s(1), chain(fib.s(1), fib.s())), [], delayed)).toEqual([100, 100, undefined]);
    expect(countdowns(chord([fib.s(1), fib.s(1)], sum.s()), [], delayed)).toEqual([100, 100, undefined]);
    expect(countdowns(chord([], open.s()), [], delayed)).toEqual([100]);
    expect(countdowns(chain(fib.s(1), group([fib.s()]).set(delayed), sum.s()))).toEqual([undefined, 100, undefined]);
    const own = fib.s(1).set({ countdown: 7 });
    expect(countdowns(group(own, fib.s(1)), [], delayed)).toEqual([7, 100]);
    const eta = new Date('2026-01-01');
    const [step] = tasksOf(root(own, [], { eta }));
    expect([step?.options.countdown, step?.options.eta]).toEqual([7, undefined]);
    expect(tasksOf(root(chain(fib.s(1), fib.s().set({ eta }))))[1]?.options.eta).toBe(eta.getTime());
  });

  it('may be an expiry: at a time, or so long after each step is sent', () => {
    const { fib, root } = freezing();
    const at = new Date('2999-01-01');
    const canvas = chain(fib.s(1), fib.s().set({ expires: at }));
    expect(optionsOf(root(canvas, [], { expires: 60_000 }))).toEqual([
      { queue: 'tq', expiresIn: 60_000 },
      { queue: 'tq', expires: at.getTime() },
    ]);
  });

  it('replace each other where they are set again', () => {
    const { fib, root } = freezing();
    const set = fib.s(1).set({ queue: 'a', countdown: 5, headers: { a: 'a' } });
    const again = set.set({ exchange: 'x', eta: new Date(1), headers: { b: 'b' }, priority: undefined });
    expect(optionsOf(root(again))).toEqual([{ exchange: 'x', routingKey: '', eta: 1, headers: { a: 'a', b: 'b' } }]);
    expect(optionsOf(root(set))).toEqual([{ queue: 'tq'.replace('tq', 'a'), countdown: 5, headers: { a: 'a' } }]);
  });

  it('of the call alone say how long sending it may take', () => {
    const { fib, freeze } = freezing();
    const { signal } = new AbortController();
    expect(freeze(chain(fib.s(1), fib.s()), [], { deadline: 5, signal })).toMatchObject({ deadline: 5, signal });
    expect(errorOf(() => freeze(chain(fib.s(1), fib.s()).set({ deadline: 5 } as object)))).toBe(
      "chain step 2 ('fib'): deadline: expected among the options of apply(…), found in set(…).",
    );
  });
});

describe('what is called on failure', () => {
  /** The tasks that have one, and how often. */
  const errbacks = (step: Lazy) => tasksOf(step).map(({ linkError }) => linkError.length);

  it('is called by each step of a chain, of which only one fails', () => {
    const { fib, failed, root } = freezing();
    const canvas = chain(fib.s(1), fib.s().linkError(failed), fib.s()).linkError(failed.s().set({ queue: 'failures' }));
    const frozen = root(canvas);
    expect(errbacks(frozen)).toEqual([1, 2, 1]);
    expect(tasksOf(frozen)[0]?.linkError.map((step) => stepOf(step))).toMatchObject([
      { task: 'failed', args: '[]', options: { queue: 'failures', takesFailure: true } },
    ]);
  });

  it('is called by a chord’s body alone, whichever fails, and by each member of a group', () => {
    const { fib, sum, open, failed, root } = freezing();
    expect(errbacks(root(chord([fib.s(1), fib.s(1)], sum.s()).linkError(failed)))).toEqual([0, 0, 1]);
    expect(errbacks(root(chain(fib.s(1), group(fib.s(), fib.s()), sum.s()).linkError(failed)))).toEqual([1, 0, 0, 1]);
    expect(errbacks(root(chain(fib.s(1), group(fib.s(), fib.s())).linkError(failed)))).toEqual([1, 1, 1]);
    expect(errbacks(root(group(fib.s(1), group(fib.s(1)), chord([fib.s(1)], sum.s())).linkError(failed)))).toEqual([
      1, 1, 0, 1,
    ]);
    // A chain in a chain calls it by a collector between its group and what comes after that.
    const inner = chain(fib.s(1), group(fib.s(), fib.s())).linkError(failed);
    expect(errbacks(root(chain(inner, sum.s())))).toEqual([1, 0, 0, 1, 0]);
    const own = group([fib.s(1), fib.s(1)]).linkError(failed);
    expect(errbacks(root(chain(own, sum.s(), open.s())))).toEqual([1, 1, 0, 0]);
    expect(errbacks(root(chord(own, sum.s()).linkError(failed)))).toEqual([1, 1, 1]);
  });

  it('gets nothing where it is immutable', () => {
    const { fib, open, root } = freezing();
    const [step] = tasksOf(root(fib.s(1).linkError(open.si('x'))));
    const errback = stepOf(step?.linkError[0] ?? '');
    expect(errback).toMatchObject({ immutable: true, args: '["x"]' });
    expect(errback).not.toHaveProperty('options.takesFailure');
  });
});

describe('what is linked', () => {
  it('is started by the last step, with ids of its own and nothing of the options around', () => {
    const { fib, sum, text, root } = freezing();
    const links = (step: Lazy) => tasksOf(step).map(({ link }) => link.length);
    const callback = chain(fib.s(), text.s());
    expect(links(root(chain(fib.s(1), fib.s()).link(callback)))).toEqual([0, 1]);
    expect(links(root(chain(chain(fib.s(1), fib.s()).link(callback), fib.s())))).toEqual([0, 1, 0]);
    expect(links(root(chord([fib.s(1)], sum.s().link(callback)).link(callback)))).toEqual([0, 2]);
    const frozen = root(chain(fib.s(1)).link(callback).set({ queue: 'q', countdown: 5 }));
    const linked = tasksOf(tasksOf(frozen)[0]?.link[0] ?? '');
    expect(linked.map(({ task, id, options }) => [task, typeof id, options.queue, options.countdown])).toEqual([
      ['fib', 'string', 'tq', undefined],
      ['text', 'string', 'tq', undefined],
    ]);
  });
});
