import { expect, it } from 'vitest';
import { composeOnion, type Layer } from '../../src/task/onion.js';

type Steps = string[];

function layer(name: string): Layer<Steps, string> {
  return async (steps, next) => {
    steps.push(`${name} in`);
    const result = await next();
    steps.push(`${name} out`);
    return `${name}(${result})`;
  };
}

it('runs the first layer outermost, and the core once, inside of all', async () => {
  const steps: Steps = [];
  const onion = composeOnion([layer('a'), layer('b')]);
  const result = await onion?.(steps, async () => {
    steps.push('core');
    return 'core';
  });
  expect(result).toBe('a(b(core))');
  expect(steps).toEqual(['a in', 'b in', 'core', 'b out', 'a out']);
});

it('is nothing without layers', () => {
  expect(composeOnion([])).toBeUndefined();
});

it('reaches the core at once when no layer waits before next()', () => {
  const steps: Steps = [];
  void composeOnion([layer('a'), layer('b')])?.(steps, async () => 'core');
  expect(steps).toEqual(['a in', 'b in']);
});

it('runs many at a time, each with a context of its own', async () => {
  const onion = composeOnion([layer('a')]);
  const runs = [1, 2, 3].map(async (n) => onion?.([], async () => String(n)));
  expect(await Promise.all(runs)).toEqual(['a(1)', 'a(2)', 'a(3)']);
});

it('leaves out what is inside of a layer that does not call next()', async () => {
  const inside: string[] = [];
  const onion = composeOnion<Steps, string>([() => 'short', layer('b')]);
  expect(await onion?.(inside, async () => 'core')).toBe('short');
  expect(inside).toEqual([]);
});

it('gives a failure of the core outwards, where a layer may turn it into a result', async () => {
  const broken = async () => Promise.reject(new Error('broken'));
  await expect(composeOnion([layer('a')])?.([], broken)).rejects.toThrow('broken');
  const mending: Layer<Steps, string> = (_, next) => next().catch((error: Error) => `mended ${error.message}`);
  expect(await composeOnion([layer('a'), mending, layer('b')])?.([], broken)).toBe('a(mended broken)');
});

it('rejects and does not throw when a layer throws at once', async () => {
  const onion = composeOnion<Steps, string>([
    () => {
      throw new Error('refused');
    },
  ]);
  await expect(onion?.([], async () => 'core')).rejects.toThrow('refused');
});

it('refuses a second next(), and one that comes too late', async () => {
  let calls = 0;
  const core = async () => String(++calls);
  const twice: Layer<Steps, string> = async (_, next) => (await next()) + (await next());
  await expect(composeOnion([twice])?.([], core)).rejects.toMatchObject({
    code: 'next-misused',
    message: expect.stringContaining('found a second one'),
  });
  let late: () => unknown = () => undefined;
  const early: Layer<Steps, string> = (_, next) => {
    late = next;
    return 'early';
  };
  expect(await composeOnion([early])?.([], core)).toBe('early');
  expect(late).toThrow(expect.objectContaining({ code: 'next-misused' }));
  expect(calls).toBe(1);
});
