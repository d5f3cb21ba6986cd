/** How tasks are defined and declared: by name or by object, by type alone, and never with a parameter without a type. */
import { createApp, declareTask, defineTask, type TaskFailure, type TaskOf } from '@tq/core';
import type { fib } from './calls.js';
import { same } from './equal.js';

const byName = defineTask('by-name', (n: number) => n, {
  queue: 'math',
  priority: 3,
  headers: { a: 1 },
  ignoreResult: false,
});
const byObject = defineTask({ name: 'by-object', queue: 'math', priority: undefined }, (n: number) => n);
same<TaskOf<'by-name', (n: number) => number>, typeof byName>();
same<TaskOf<'by-object', (n: number) => number>, typeof byObject>();

/** A recursive task states its result type. */
export const countdown = defineTask({ name: 'countdown' }, (n: number): string =>
  n === 0 ? 'go' : countdown.run(n - 1),
);
same<string, ReturnType<typeof countdown.run>>();

/** A function that is there already, overloads and `this: void` included. */
function double(this: void, n: number): number {
  return n * 2;
}
same<TaskOf<'double', (this: void, n: number) => number>, ReturnType<typeof defineDouble>>();
export const defineDouble = () => defineTask('double', double);
export const parse = defineTask('parse', JSON.parse);
// biome-ignore lint/suspicious/noExplicitAny: a user who writes it means it.
export const anything = defineTask('anything', (value: any) => String(value));

// @ts-expect-error: a parameter without a type
defineTask('untyped', (n) => String(n));
// @ts-expect-error: none of several may be without
defineTask('untyped', async (a: number, b) => a + b);
// @ts-expect-error: nor the rest
defineTask('untyped', (...all) => all.length);
// @ts-expect-error: nor in the other form
defineTask({ name: 'untyped' }, (n) => String(n));
// @ts-expect-error: nor in an app of one's own
createApp().task('untyped', (n) => String(n));

// @ts-expect-error: a handler is a function
defineTask('no-handler', 5);
// @ts-expect-error: a class is none
defineTask('class', class {});
// @ts-expect-error: a name is needed
defineTask((n: number) => n);
// @ts-expect-error: in the object too
defineTask({ queue: 'math' }, (n: number) => n);
// @ts-expect-error: options are known
defineTask('typo', (n: number) => n, { quueue: 'math' });
// @ts-expect-error: in the object too
defineTask({ name: 'typo', quueue: 'math' }, (n: number) => n);
// @ts-expect-error: a task id belongs to one call
defineTask('id', (n: number) => n, { taskId: 'one' });

/** A function of the user's own that defines tasks keeps their types. */
function mathTask<const N extends string, F extends CallableFunction>(name: N, handler: F): TaskOf<N, F> {
  return defineTask(name, handler, { queue: 'math' });
}
export const square = mathTask('square', (n: number) => n * n);
same<TaskOf<'square', (n: number) => number>, typeof square>();
// @ts-expect-error: a parameter without a type
mathTask('untyped', (n) => String(n));

/** A producer imports only the type, so that the code of the task stays away. */
const declared = declareTask<typeof fib>('fib', { queue: 'math' });
same<typeof fib, typeof declared>();
same<typeof fib, ReturnType<typeof declareOnApp>>();
export const declareOnApp = () => createApp().declareTask<typeof fib>('fib');
// @ts-expect-error: the argument is a number
declared.delay('x');
// @ts-expect-error: the task has another name
declareTask<typeof fib>('fob');
// @ts-expect-error: on an app too
createApp().declareTask<typeof fib>('fob');
// @ts-expect-error: without its type nothing is known of its arguments
declareTask('fib').delay(30);

/** A list of tasks of any kind. */
export const all: readonly TaskOf[] = [byName, byObject, countdown, declared];

const clean = defineTask('clean', (failure: TaskFailure) => failure.error.message);
const counts = defineTask('counts', (n: number) => n);

export function failing(): void {
  defineTask('withTask', () => 1, { onFailure: clean, deadLetter: false });
  defineTask('withName', () => 1, { onFailure: { task: 'clean', queue: 'q' } });
  // @ts-expect-error: it is called with a TaskFailure
  defineTask('withOther', () => 1, { onFailure: counts });
  counts.apply([1], { onFailure: clean });
  // @ts-expect-error: what becomes of dead letters is the definition's
  counts.apply([1], { deadLetter: false });
}
