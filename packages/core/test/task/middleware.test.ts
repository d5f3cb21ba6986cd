import { expect, it } from 'vitest';
import { type Middleware, MiddlewareStack, type TaskRun } from '../../src/task/middleware.js';

const run = { context: {}, args: [] } as unknown as TaskRun;

it('is nothing for a call or a run that no middleware is for', () => {
  const stack = new MiddlewareStack();
  expect([stack.publish, stack.execute, stack.retry]).toEqual([undefined, undefined, undefined]);
  const remove = stack.use({ execute: (_, next) => next() });
  expect([stack.publish, stack.retry]).toEqual([undefined, undefined]);
  expect(stack.execute).toBeTypeOf('function');
  remove();
  expect(stack.execute).toBeUndefined();
});

it('goes from the first that was used inwards, and leaves out what was removed', async () => {
  const stack = new MiddlewareStack();
  const named = (name: string): Middleware => ({ execute: async (_, next) => `${name}(${await next()})` });
  const both = named('b');
  stack.use(named('a'));
  const remove = stack.use(both);
  stack.use(both);
  expect(await stack.execute?.(run, async () => 'core')).toBe('a(b(b(core)))');
  remove();
  remove();
  expect(await stack.execute?.(run, async () => 'core')).toBe('a(b(core))');
});

it('tells of a retry in the order of use, for as long as each is there', () => {
  const stack = new MiddlewareStack();
  const seen: string[] = [];
  const named = (name: string): Middleware => ({ retry: (_, { attempt }) => seen.push(`${name} ${attempt}`) });
  stack.use(named('a'));
  const remove = stack.use(named('b'));
  const tell = () => stack.retry?.forEach((hook) => void hook(run, { error: new Error('no'), delayMs: 1, attempt: 2 }));
  tell();
  remove();
  tell();
  expect(seen).toEqual(['a 2', 'b 2', 'a 2']);
  expect(stack.execute).toBeUndefined();
});

it('takes an instance of a class, whose methods keep their this', async () => {
  class Counting implements Middleware {
    count = 0;
    execute(_: TaskRun, next: () => Promise<unknown>) {
      this.count++;
      return next();
    }
  }
  const counting = new Counting();
  const stack = new MiddlewareStack();
  stack.use(counting);
  await stack.execute?.(run, async () => undefined);
  expect(counting.count).toBe(1);
});

it.each<[string, unknown, string, RegExp]>([
  ['a function', () => undefined, 'invalid-option', /expected \{ publish, execute, retry \}, found function/],
  ['none of them', {}, 'invalid-option', /expected publish, execute or retry, found none/],
  ['a typo', { excute: () => undefined }, 'unknown-option', /unknown option 'excute'. Did you mean 'execute'\?/],
  ['something else', { publish: true }, 'invalid-option', /expected a function as publish, found boolean/],
])('refuses %s', (_, middleware, code, text) => {
  const use = () => new MiddlewareStack().use(middleware as Middleware);
  expect(use).toThrow(expect.objectContaining({ code, message: expect.stringMatching(text) }));
});
