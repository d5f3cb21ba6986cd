/** What the compiler knows of a task's calls and results: everything that the handler says, and nothing else. */
import { type AsyncResult, type BulkOptions, type CallOptions, createApp, defineTask, type TaskOf } from '@tq/core';
import { same } from './equal.js';

export const fib = defineTask('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)));
same<TaskOf<'fib', (n: number) => number>, typeof fib>();
same<'fib', typeof fib.name>();

export async function oneArgument(): Promise<void> {
  same<AsyncResult<number>, ReturnType<typeof fib.delay>>();
  const value = await fib.delay(30).get();
  same<number, typeof value>();
  same<number, ReturnType<typeof fib.run>>();
  await fib.delay(30).published;

  // @ts-expect-error: the argument is a number
  fib.delay('x');
  // @ts-expect-error: it may not be left out
  fib.delay();
  // @ts-expect-error: there is one only
  fib.delay(1, 2);
  // @ts-expect-error: it is not a promise of one either
  fib.delay(Promise.resolve(1));
  // @ts-expect-error: undefined is no number
  fib.delay(undefined);
  fib.apply([1], { countdown: 10_000, expires: new Date() });
  fib.apply([1], { eta: new Date(), expires: 60_000 });
  // @ts-expect-error: an eta is a Date
  fib.apply([1], { eta: Date.now() });
  // @ts-expect-error: durations in code are numbers
  fib.apply([1], { countdown: '10s' });
  // @ts-expect-error: a task expires so long after its call, not at one time
  defineTask('stale', () => 1, { expires: new Date() });
  // @ts-expect-error: run takes what the handler takes
  fib.run('x');
  // @ts-expect-error: the result is a number
  const wrong: string = await fib.delay(1).get();
  return void wrong;
}

const none = defineTask('none', () => undefined);
const nothing = defineTask('nothing', (): void => {});
const later = defineTask('later', async (text: string) => ({ length: text.length }));
const optional = defineTask('optional', (a: string, b?: number, c = true) => `${a}${b}${c}`);
const rest = defineTask('rest', (first: string, ...others: readonly number[]) => [first, ...others]);
const union = defineTask('union', async (kind: 'a' | 'b') => (kind === 'a' ? 1 : null));
const generic = defineTask('generic', <T>(value: T): T[] => [value]);
const thenable = defineTask('thenable', (): PromiseLike<Date> => Promise.resolve(new Date(0)));
const open = defineTask('open', (value: unknown): unknown => value);

export async function everyKindOfHandler(): Promise<void> {
  same<undefined, Awaited<ReturnType<ReturnType<typeof none.delay>['get']>>>();
  same<AsyncResult<void>, ReturnType<typeof nothing.delay>>();
  same<AsyncResult<{ length: number }>, ReturnType<typeof later.delay>>();
  same<Promise<{ length: number }>, ReturnType<typeof later.run>>();
  same<AsyncResult<1 | null>, ReturnType<typeof union.delay>>();
  same<AsyncResult<Date>, ReturnType<typeof thenable.delay>>();
  same<AsyncResult<unknown>, ReturnType<typeof open.delay>>();

  nothing.delay();
  // @ts-expect-error: it takes no argument
  nothing.delay(1);

  optional.delay('a');
  optional.delay('a', 1);
  optional.delay('a', undefined, false);
  // @ts-expect-error: the second is a number
  optional.delay('a', 'b');
  // @ts-expect-error: there are three
  optional.delay('a', 1, true, 4);

  rest.delay('a');
  rest.delay('a', 1, 2, 3);
  // @ts-expect-error: the others are numbers
  rest.delay('a', 1, '2');
  // @ts-expect-error: the first is needed
  rest.delay();

  union.delay('a');
  // @ts-expect-error: one of two words
  union.delay('c');

  generic.delay('whatever');
  const values = await generic.delay(1).get();
  same<unknown[], typeof values>();
  open.delay({ any: 'thing' });
}

export function applied(signal: AbortSignal | undefined, queue: string | undefined): void {
  const result = fib.apply([30], {
    queue,
    priority: 5,
    headers: { team: 'blue' },
    taskId: 'one',
    deadline: 100,
    signal,
  });
  same<AsyncResult<number>, typeof result>();
  fib.apply([30]);
  fib.apply([30] as const, { ignoreResult: undefined });
  optional.apply(['a']);
  rest.apply(['a', 1, 2]);
  nothing.apply([]);
  same<CallOptions | undefined, Parameters<typeof fib.apply>[1]>();

  // @ts-expect-error: arguments come as a tuple
  fib.apply(30);
  // @ts-expect-error: of the handler's types
  fib.apply(['x']);
  // @ts-expect-error: all of them
  fib.apply([]);
  // @ts-expect-error: and no more
  fib.apply([1, 2]);
  // @ts-expect-error: an option that does not exist
  fib.apply([30], { quueue: 'math' });
  // @ts-expect-error: an option of another type
  fib.apply([30], { priority: 'high' });
}

export async function bulks(): Promise<void> {
  const results = await fib.bulk([[1], [2], [3]], { queue: 'math' });
  same<AsyncResult<number>[], typeof results>();
  const values = await Promise.all(results.map((result) => result.get()));
  same<number[], typeof values>();
  fib.bulk([1, 2, 3].map((n) => [n]));
  fib.bulk(Array.from({ length: 3 }, (_, n) => [n]));
  optional.bulk([['a'], ['b', 2]]);
  rest.bulk([['a'], ['b', 1, 2]]);
  same<BulkOptions | undefined, Parameters<typeof fib.bulk>[1]>();

  // @ts-expect-error: each call is a tuple
  fib.bulk([1, 2, 3]);
  // @ts-expect-error: of the handler's types
  fib.bulk([[1], ['x']]);
  // @ts-expect-error: all of them
  fib.bulk([[1], []]);
  // @ts-expect-error: many calls cannot share one id
  fib.bulk([[1]], { taskId: 'one' });
}

export async function results(signal: AbortSignal | undefined): Promise<void> {
  const result = fib.delay(1);
  await result.get({ timeout: undefined, signal, allowInTask: true });
  // @ts-expect-error: a duration is a number of milliseconds
  await result.get({ timeout: '10s' });
  // @ts-expect-error: states are few
  if (result.state === 'done') return;
  // @ts-expect-error: an id is not to be changed
  result.id = 'other';
}

export function ofAnApp(): void {
  const app = createApp({
    prefix: undefined,
    heartbeat: undefined,
    queues: { math: { type: 'classic', maxPriority: undefined } },
  });
  const add = app.task('add', (a: number, b: number) => a + b, { queue: undefined });
  same<TaskOf<'add', (a: number, b: number) => number>, typeof add>();
  // @ts-expect-error: two numbers
  add.delay(1);
  // @ts-expect-error: an option that does not exist
  createApp({ urls: [] });
  // @ts-expect-error: an event that does not exist
  app.on('publish:done', () => undefined);
  app.on('publish:failed', ({ taskId, error }) => same<[string, Error], [typeof taskId, typeof error]>());
}
