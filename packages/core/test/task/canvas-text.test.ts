import { inspect } from 'node:util';
import { chain, chord, createApp, group } from '@tq/core';
import { afterAll, expect, it } from 'vitest';

const app = createApp({ url: 'amqp://ada:secret@127.0.0.1:1' });
const add = app.task('add', (a: number, b: number) => a + b);
const sum = app.task('sum', (list: readonly number[]) => list.length);
afterAll(() => app.close());

it.each([
  [add.s(1, 2), 'Signature(add)'],
  [chain(add.s(1, 2), add.s(3)), 'Chain(add, add)'],
  [chord(group(add.s(1, 2), add.s(3, 4)), sum.s()), 'Chord(Group(add, add), sum)'],
  [add.starmap([[1, 2]]), 'Signature(celery.starmap of add)'],
  [group(Array.from({ length: 12 }, () => add.s(1, 2))), `Group(${'add, '.repeat(10)}… 2 more)`],
])('%s says what it is, without arguments', (canvas, text) => {
  expect([String(canvas), inspect(canvas)]).toEqual([text, text]);
});

it('shows nothing of its app to whoever logs it, the password of the broker for instance', () => {
  const canvas = chain(add.s(1, 2), add.s(3));
  const shown = [inspect(canvas, { depth: null }), JSON.stringify({ canvas, step: add.s(1, 2) })].join();
  expect(shown).not.toContain('secret');
  expect(shown).not.toContain('amqp');
});

it.each<[string, unknown, string]>([
  ['a task', add, "the task 'add'; write its .s(…)."],
  ['a function', () => 1, 'a function; write the .s(…) of a task that runs it.'],
  ['a list', [add.s(1, 2)], 'a list; put it into group(…).'],
  ['nothing', undefined, 'undefined.'],
  ['a number', 3, 'something else (number).'],
])('says what to write where a step is %s', (_, step, found) => {
  const text = `chain step 2: expected a signature, a chain, a group or a chord, found ${found}`;
  expect(() => chain(add.s(1, 2), step as never)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: text }),
  );
});

it('says so where a step has been sent already', async () => {
  const eager = createApp({ eager: true });
  const one = eager.task('one', () => 1);
  const sent = one.delay();
  expect(() => chain(one.s(), sent as never)).toThrow('a call that is sent already; write .s(…) instead of .delay(…)');
  await sent.get();
  await eager.close();
});
