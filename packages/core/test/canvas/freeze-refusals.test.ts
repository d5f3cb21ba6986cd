import { describe, expect, it } from 'vitest';
import { chain } from '../../src/canvas/chain.js';
import { chord } from '../../src/canvas/chord.js';
import type { PublishError } from '../../src/errors.js';
import type { AnyCanvas } from '../../src/task/canvas.js';
import { errorOf, freezing, tasksOf } from './freezing.js';

const { group } = freezing();

describe('what is wrong with a step', () => {
  it('is said with its place and task, and with the code of a call’s error', () => {
    const { fib, sum, freeze } = freezing();
    const wrong = (canvas: AnyCanvas) => errorOf(() => freeze(canvas));
    const bad = { priority: 300 };
    const text = 'priority: expected a whole number from 0 to 255, found 300.';
    expect(wrong(fib.s(1).set(bad))).toBe(`'fib': ${text}`);
    expect(wrong(chain(fib.s(1), fib.s().set(bad)))).toBe(`chain step 2 ('fib'): ${text}`);
    expect(wrong(chain(fib.s(1), group(fib.s(), chain(fib.s(), fib.s().set(bad)))))).toBe(
      `chain step 2 > group member 2 > chain step 2 ('fib'): ${text}`,
    );
    expect(wrong(chord([fib.s(1), fib.s(2).set(bad)], sum.s()))).toBe(`chord header member 2 ('fib'): ${text}`);
    expect(wrong(chord([fib.s(1)], sum.s().set(bad)))).toBe(`chord body ('sum'): ${text}`);
    expect(wrong(fib.s(1).link(fib.s().set(bad)))).toBe(`link 1 ('fib'): ${text}`);
    expect(wrong(chain(fib.s(1), fib.s()).linkError(fib.si(1).set(bad)))).toBe(
      `chain step 2 > errback 1 ('fib'): ${text}`,
    );
    expect(wrong(fib.map([1]).set(bad))).toBe(`'fib': ${text}`);
    expect(() => freeze(chain(fib.s(1), fib.s().set(bad)))).toThrow(
      expect.objectContaining({
        name: 'PublishError',
        code: 'invalid-option',
        fields: expect.objectContaining({ task: 'fib', step: "chain step 2 ('fib')" }),
      } satisfies Partial<PublishError>),
    );
  });

  it.each([
    [{ quueue: 'math' }, "unknown option 'quueue'. Did you mean 'queue'?"],
    [{ countdown: -1 }, 'countdown (ms): expected a whole number from 0'],
    [{ eta: new Date(1), countdown: 1 }, 'countdown: expected none beside an eta, found both'],
    [{ eta: new Date('2999-01-01') }, 'eta: expected a start within '],
    [{ expires: 0 }, 'expires (ms): expected a whole number from 1'],
    [{ timeLimit: 0 }, 'timeLimit (ms): expected'],
    [{ retry: { maxRetries: -1 } }, 'retry.maxRetries: expected'],
    [{ queue: '' }, 'queue: expected a name, found none.'],
    [{ queue: 'q'.repeat(300) }, 'queue: expected a name of at most'],
    [{ exchange: 'x'.repeat(300) }, 'exchange and routingKey: expected texts of at most 255 bytes'],
    [{ routingKey: 'x' }, 'exchange: expected the name of an exchange, found a routingKey without one'],
    [{ headers: { id: 'x' } }, "headers: 'id' belongs to the protocol"],
    [{ onFailure: 3 }, 'onFailure: expected a task'],
    [{ taskId: '' }, 'taskId: expected text of 1 to 255 bytes'],
  ])('is what is wrong with a call: %o', (options, text) => {
    const { fib, freeze } = freezing();
    const found = errorOf(() => freeze(chain(fib.s(1), fib.s().set(options as object))));
    expect(found).toContain(`chain step 2 ('fib'): `);
    expect(found).toContain(text);
  });

  it('is that a route has no answer', () => {
    const routes = [
      () => {
        throw new Error('no way');
      },
    ];
    const { fib, freeze } = freezing({ routes });
    expect(() => freeze(chain(fib.s(1), fib.s()))).toThrow(expect.objectContaining({ code: 'route-failed' }));
  });

  it('is that its task is of another app, or takes the messages of plain programs', () => {
    const { task, fib, freeze } = freezing();
    const other = freezing();
    expect(errorOf(() => freeze(chain(fib.s(1), other.fib.s())))).toMatch(
      /^chain step 2 \('fib'\): expected a task of the app that the first task .*app\.declareTask/,
    );
    const plain = task('plain', (body: string) => body, { wire: 'plain', queue: 'plain' });
    expect(errorOf(() => freeze(plain.s('x')))).toMatch(
      /^'plain': expected a task that takes calls alone, found .*plain/,
    );
  });
});

describe('what no worker could go on with', () => {
  it('is a chord where Python workers may run its members', () => {
    const { fib, sum, freeze } = freezing({ preset: 'celery' });
    expect(errorOf(() => freeze(chain(fib.s(1), group([fib.s()]), sum.s())))).toMatch(
      /^chain step 2: expected no chord under preset: 'celery', found one/,
    );
    expect(errorOf(() => freeze(group([chord([fib.s(1)], sum.s())])))).toMatch(/^group member 1: expected no chord/);
    expect(errorOf(() => freeze(chain(fib.s(1), group([fib.s()]))))).toBe('nothing was thrown');
  });

  it('is what stands in one another too often', () => {
    const { fib, sum, open, freeze } = freezing();
    const nested = (levels: number, one: AnyCanvas = fib.s(1)): AnyCanvas =>
      levels === 0 ? one : nested(levels - 1, group(one));
    expect(errorOf(() => freeze(nested(90)))).toBe('nothing was thrown');
    expect(errorOf(() => freeze(nested(102)))).toMatch(/^canvas: expected at most 100 parts in one another/);
    expect(errorOf(() => freeze(nested(5_000)))).toMatch(/^canvas: expected at most 100 parts in one another/);
    const inTurn = (groups: number) => {
      const steps = Array.from({ length: groups }, () => [group([open.s(), open.s()]), sum.si([])]).flat();
      return (chain as (...steps: unknown[]) => AnyCanvas)(fib.s(1), ...steps);
    };
    expect(errorOf(() => freeze(inTurn(20)))).toBe('nothing was thrown');
    expect(errorOf(() => freeze(inTurn(2_000)))).toMatch(/^canvas: expected steps at most 100 levels in one another/);
    let linked = open.si(1);
    for (let count = 0; count < 3_000; count++) linked = open.si(1).link(linked);
    expect(errorOf(() => freeze(linked))).toMatch(/^canvas: expected at most 100 parts in one another/);
    let failing = open.si(1);
    for (let count = 0; count < 3_000; count++) failing = open.si(1).linkError(failing);
    expect(errorOf(() => freeze(failing))).toMatch(/^canvas: expected at most 100 parts in one another/);
  });

  it('is not what is only large', () => {
    const { fib, sum, failed, root } = freezing();
    const members = root(group(Array.from({ length: 10_000 }, (_, n) => fib.s(n))).linkError(failed));
    expect(new Set(tasksOf(members).map(({ id }) => id)).size).toBe(10_000);
    const [first, ...rest] = Array.from({ length: 1_000 }, (_, n) => (n === 0 ? fib.s(1) : fib.s()));
    expect(tasksOf(root(chain(first as never, ...(rest as never[])).linkError(failed)))).toHaveLength(1_000);
    const grown = rest.reduce((before, step) => chain(before as never, step as never) as never, first as never);
    expect(tasksOf(root(grown))).toHaveLength(1_000);
    const joined = root(
      chord(
        Array.from({ length: 10_000 }, (_, n) => fib.s(n)),
        sum.s(),
      ),
    );
    expect(tasksOf(joined)).toHaveLength(10_001);
  });
});
