/** What the compiler knows of a canvas: what each part takes and gives, and whether parts fit. */
import {
  type AsyncResult,
  type Chain,
  type Chord,
  type CompleteStep,
  chain,
  chord,
  createApp,
  declareTask,
  defineTask,
  type Group,
  type GroupResult,
  group,
  type Signature,
  Task,
  type TaskFailure,
  type TaskOf,
  type WrongStep,
} from '@tq/core';
import { z } from 'zod';
import { same } from './equal.js';

const fib = defineTask('fib', (n: number): number => n);
const text = defineTask('text', (n: number): string => String(n));
const repeat = defineTask('repeat', async (word: string, times: number) => word.repeat(times));
const none = defineTask('none', () => 1);
const optional = defineTask('optional', (n: number, more?: number) => n + (more ?? 0));
const labelled = defineTask('labelled', (label: string, n?: number) => `${label}${n}`);
const maybe = defineTask('maybe', (n?: number) => n);
const rest = defineTask('rest', (first: string, ...others: number[]) => others.length + first.length);
const many = defineTask('many', (...all: number[]) => all.length);
const open = defineTask('open', (value: unknown) => value);
const options = defineTask('options', (n: number, how: { deep?: boolean }) => (how.deep ? n : 0));
const sum = defineTask('sum', (all: readonly number[]) => all.length);
const pair = defineTask('pair', (both: [number, string], more: boolean) => (more ? both[0] : both[1]));

/** Signatures: with all arguments for the head, without the first for a later step. */
export function signatures(): void {
  const head = fib.s(1);
  same<Signature<never, number, true>, typeof head>();
  const later = fib.s();
  same<Signature<number, number, false>, typeof later>();
  const asynchronous = repeat.s(3);
  same<Signature<string, string, false>, typeof asynchronous>();
  const whole = repeat.s('a', 3);
  same<Signature<never, string, true>, typeof whole>();
  const nothing = none.s();
  same<Signature<never, number, true>, typeof nothing>();

  // What may be left out may come first or later.
  const either = [optional.s(), optional.s(1), optional.s(1, 2), maybe.s(), maybe.s(1)] as const;
  same<Signature<number, number, false>, (typeof either)[0]>();
  same<Signature<number, number, true>, (typeof either)[1]>();
  same<Signature<never, number, true>, (typeof either)[2]>();
  same<Signature<number | undefined, number | undefined, true>, (typeof either)[3]>();
  same<Signature<never, number | undefined, true>, (typeof either)[4]>();
  const byType = [labelled.s(), labelled.s('a'), labelled.s(1), labelled.s('a', 1)] as const;
  same<Signature<string, string, false>, (typeof byType)[0]>();
  same<Signature<never, string, true>, (typeof byType)[1]>();
  same<Signature<string, string, false>, (typeof byType)[2]>();
  same<Signature<never, string, true>, (typeof byType)[3]>();
  const open = [rest.s(), rest.s('a'), rest.s('a', 1), rest.s(1, 2), many.s(), many.s(1)] as const;
  same<Signature<string, number, false>, (typeof open)[0]>();
  same<Signature<never, number, true>, (typeof open)[1]>();
  same<Signature<never, number, true>, (typeof open)[2]>();
  same<Signature<string, number, false>, (typeof open)[3]>();
  same<Signature<number, number, true>, (typeof open)[4]>();
  same<Signature<number, number, true>, (typeof open)[5]>();

  const immutable = repeat.si('a', 3);
  same<Signature<unknown, string, true>, typeof immutable>();

  // @ts-expect-error: the argument is a number
  fib.s('x');
  // @ts-expect-error: there is one only
  fib.s(1, 2);
  // @ts-expect-error: what is bound comes after the result, and is a number
  repeat.s('x');
  // @ts-expect-error: a key that the parameter does not have
  options.s({ dep: true });
  // @ts-expect-error: an immutable signature has all arguments
  repeat.si(3);
  // @ts-expect-error: neither a first nor a later step takes that
  optional.s('x');
  // @ts-expect-error: there are no arguments
  none.s(1);
}

/** A chain gives what its last step gives, and is started as its first one is. */
export async function chains(): Promise<void> {
  const whole = chain(fib.s(1), text.s(), repeat.s(3));
  same<Chain<never, string, true, AsyncResult<string>>, typeof whole>();
  same<AsyncResult<string>, ReturnType<typeof whole.delay>>();
  const value = await whole.delay().get();
  same<string, typeof value>();
  const partial = chain(fib.s(), text.s());
  same<Chain<number, string, false, AsyncResult<string>>, typeof partial>();
  partial.delay(3);
  partial.apply([3], { countdown: 1_000, queue: 'math' });
  chain(fib.s(1), none.si(), fib.si(2), open.s(), open.s());
  chain(chain(fib.s(1), text.s()), chain(repeat.s(1), repeat.s(2)));
  chain(fib.s(1));
  chain(maybe.s(), maybe.s(), open.s());
  chain(optional.s(1), optional.s(1), optional.s()).delay();

  // @ts-expect-error: repeat takes a text, and fib gives a number
  chain(fib.s(1), repeat.s(3));
  // @ts-expect-error: at any place
  chain(fib.s(1), fib.s(), text.s(), fib.s(), fib.s());
  // @ts-expect-error: a step with all its arguments takes no result
  chain(fib.s(1), text.s(1));
  // @ts-expect-error: neither does a task without parameters
  chain(fib.s(1), none.s());
  // @ts-expect-error: a task is no step
  chain(fib);
  // @ts-expect-error: there is at least one step
  chain();
  // @ts-expect-error: the argument of the first step is missing
  partial.delay();
  // @ts-expect-error: it is a number
  partial.delay('x');
  // @ts-expect-error: a chain that is complete takes none
  whole.delay(1);
  // @ts-expect-error: in a list too
  partial.apply([]);
  // @ts-expect-error: several tasks cannot share one id
  whole.set({ taskId: 'one' });
  // @ts-expect-error: an option that does not exist
  whole.set({ quueue: 'math' });
}

/** A list that is spread among the steps: any of it may come after any of it, and there may be nothing in it. */
export function spread(numbers: Signature<number, number, false>[], words: Signature<number, string, false>[]): void {
  const whole = chain(fib.s(1), ...numbers, fib.s(), text.s());
  same<AsyncResult<string>, ReturnType<typeof whole.delay>>();
  chain(fib.s(1), fib.s(), ...numbers);
  // @ts-expect-error: of two words the second does not take the first
  chain(fib.s(1), ...words);
  // @ts-expect-error: the first of the list does not take what comes before it
  chain(text.s(1), ...numbers);
  // @ts-expect-error: what comes after it does not take what it gives
  chain(fib.s(1), ...numbers, repeat.s(1));
  // @ts-expect-error: nor what comes after that
  chain(fib.s(1), ...numbers, text.s(), fib.s());
}

/** What is wrong is said where the wrong step stands. */
export function messages(): void {
  const step: WrongStep<number, string> = {
    'this step does not take what the step before it gives': [1, ''],
  };
  const complete: CompleteStep<number> = {
    'this step has all its arguments and takes no result; to drop the result before it, write si(…)': 1,
  };
  chain(fib.s(1), Object.assign(repeat.s(3), step));
  chain(fib.s(1), Object.assign(text.s(1), complete));
}

/** A group gives a tuple, or an array where it is made of one. */
export async function groups(numbers: readonly number[]): Promise<void> {
  const two = group(fib.s(1), text.s(2));
  same<Group<never, [number, string], true>, typeof two>();
  same<GroupResult<[number, string]>, ReturnType<typeof two.delay>>();
  const [first, second] = await two.delay().get();
  same<[number, string], [typeof first, typeof second]>();
  const listed = group([fib.s(1), text.s(2)]);
  same<typeof two, typeof listed>();
  const array = group(numbers.map((n) => fib.s(n)));
  same<Group<never, number[], true>, typeof array>();
  const mixed = group(numbers.map((n) => (n > 1 ? fib.s(n) : text.s(n))));
  same<Group<never, (number | string)[], true>, typeof mixed>();
  const later = group(fib.s(), text.s(), repeat.si('a', 1));
  same<Group<number, [number, string, string], false>, typeof later>();
  later.delay(1);
  const nested = group(group(fib.s(1), text.s(1)), chain(fib.s(1), text.s()));
  same<Group<never, [[number, string], string], true>, typeof nested>();
  const empty = group();
  same<Group<unknown, [], true>, typeof empty>();

  // @ts-expect-error: its members need a number
  later.delay();
  // @ts-expect-error: one takes a number, and one a text
  group(fib.s(), repeat.s(1)).delay(1);
  // @ts-expect-error: tasks are no members
  group(fib, text);
  // @ts-expect-error: nothing is linked to a group, whose results no one has in one place
  two.link(sum.s());
  // @ts-expect-error: members have ids of their own
  two.set({ taskId: 'one' });
}

/** A chord's body gets what its group gives; a group in a chain is one. */
export async function chords(numbers: readonly number[]): Promise<void> {
  const array = group(numbers.map((n) => fib.s(n)));
  const tuple = group(fib.s(1), text.s(1));
  const joined = chord(array, sum.s());
  same<Chord<never, number, true, AsyncResult<number>>, typeof joined>();
  const value = await joined.delay().get();
  same<number, typeof value>();
  const listed = chord([fib.s(1), text.s(1)], pair.s(true));
  same<Chord<never, string | number, true, AsyncResult<string | number>>, typeof listed>();
  chord(
    numbers.map((n) => fib.s(n)),
    chain(sum.s(), text.s()),
  );
  const fanned = chord(array, chain(sum.s(), group(fib.s(), text.s())));
  same<GroupResult<[number, string]>, ReturnType<typeof fanned.delay>>();
  const started = chord(group(fib.s(), text.s()), pair.s(true));
  same<Chord<number, string | number, false, AsyncResult<string | number>>, typeof started>();
  const upgraded = chain(fib.s(1), group(fib.s(), text.s()), pair.s(true), open.s());
  same<Chain<never, unknown, true, AsyncResult<unknown>>, typeof upgraded>();
  const ending = chain(fib.s(1), group(fib.s(), text.s()));
  same<GroupResult<[number, string]>, ReturnType<typeof ending.delay>>();
  chord([], none.si());

  // @ts-expect-error: the body takes numbers, and one of two members gives a text
  chord(tuple, sum.s());
  // @ts-expect-error: an array is no pair
  chord(array, pair.s(true));
  // @ts-expect-error: the bound argument of the body is a boolean
  chord(tuple, pair.s(1));
  // @ts-expect-error: a body with all its arguments takes no list
  chord(array, fib.s(1));
  // @ts-expect-error: a signature is no group
  chord(fib.s(1), open.s());
  // @ts-expect-error: its members need a number
  started.delay();
  // @ts-expect-error: in a chain too
  chain(array, pair.s(true));
}

/** Whatever is linked takes the result, or the failure. */
export function links(): void {
  const failed = defineTask('failed', (failure: TaskFailure) => failure.task);
  const noted = defineTask('noted', (failure: TaskFailure, where: string) => failure.task + where);
  const step = fib.s(1).link(text.s()).linkError(failed).linkError(noted.s('here')).linkError(none.si());
  same<Signature<never, number, true>, typeof step>();
  step.set({ queue: 'math', priority: 1, retry: { maxRetries: 2 }, countdown: 5, taskId: 'one' });
  chain(fib.s(1), text.s())
    .link(chain(repeat.s(1), repeat.s(2)))
    .linkError(failed);
  chord([fib.s(1)], open.s()).link(group(open.s(), open.s()));
  group(fib.s(1)).linkError(failed);
  same<Group<never, [number], true>, ReturnType<typeof oneMember>>();

  // @ts-expect-error: the callback takes a text
  fib.s(1).link(repeat.s(1));
  // @ts-expect-error: a task is no canvas
  fib.s(1).link(text);
  // @ts-expect-error: an errback takes a TaskFailure
  fib.s(1).linkError(repeat.s(1));
  // @ts-expect-error: a task that does not take one
  fib.s(1).linkError(repeat);
  // @ts-expect-error: only one of several may be waited for
  fib.s(1).linkError(chain(failed.s(), open.s()));
}

const oneMember = () => group(fib.s(1)).linkError({ name: 'failed', options: {}, delay: () => undefined });

/** Many calls of one task. */
export async function maps(): Promise<void> {
  const mapped = fib.map([1, 2, 3]);
  same<Signature<unknown, number[], true>, typeof mapped>();
  const starred = repeat.starmap([
    ['a', 1],
    ['b', 2],
  ]);
  same<Signature<unknown, string[], true>, typeof starred>();
  const chunked = repeat.chunks([['a', 1]], 10);
  same<Group<unknown, string[][], true>, typeof chunked>();
  const lists = await chunked.delay().get();
  same<string[][], typeof lists>();
  optional.map([1, 2]);
  optional.starmap([[1], [1, 2]]);
  chord(chunked, defineTask('flat', (chunks: string[][]) => chunks.flat()).s());

  // @ts-expect-error: of the handler's type
  fib.map(['a']);
  // @ts-expect-error: each item is one argument, and it needs two
  repeat.map(['a']);
  // @ts-expect-error: each item is all arguments
  repeat.starmap([['a']]);
  // @ts-expect-error: there is a size
  repeat.chunks([['a', 1]]);
}

/** Schemas, declarations and classes give the same types as calls. */
const dated = defineTask('dated', (n: number, at: Date) => (n > 0 ? at : new Date(0)), {
  args: z.tuple([z.string().transform(Number), z.iso.datetime().transform((iso) => new Date(iso))]),
  result: z.date().transform((date) => date.getTime()),
});
const declared = declareTask<typeof repeat>('repeat');
const app = createApp();

class Words {
  @Task()
  upper(word: string): string {
    return word.toUpperCase();
  }

  @Task({ name: 'words.cut' })
  async cut(word: string, length: number): Promise<string[]> {
    return [word.slice(0, length)];
  }
}

export function otherTasks(): void {
  const later = dated.s('2026-01-01T00:00:00Z');
  same<Signature<string, number, false>, typeof later>();
  chain(text.s(1), later, fib.s());
  // @ts-expect-error: it takes what the schema takes, which is a text
  chain(fib.s(1), dated.s('2026-01-01T00:00:00Z'));
  // @ts-expect-error: and gives what the schema makes, which is a number
  chain(dated.s('1', '2026-01-01T00:00:00Z'), repeat.s(1));

  const words = app.register(Words);
  const cut = chain(declared.s('a', 2), words.upper.s(), words.cut.s(3));
  same<Chain<never, string[], true, AsyncResult<string[]>>, typeof cut>();
  // @ts-expect-error: a list of texts is no text
  chain(declared.s('a', 2), words.cut.s(3), words.upper.s());

  const all: readonly TaskOf[] = [fib, repeat, none, optional, rest, dated, declared, words.cut];
  return void all;
}
