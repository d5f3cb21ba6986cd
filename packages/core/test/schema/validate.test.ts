import { type } from 'arktype';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { isStandardSchema } from '../../src/schema/standard-schema.js';
import { validate, validateArgs } from '../../src/schema/validate.js';
import { asyncSchema, refusing, schemaOf } from './schemas.js';

it.each([
  ['zod', z.tuple([z.string().transform(Number)])],
  ['valibot', v.tuple([v.pipe(v.string(), v.transform(Number))])],
  ['arktype', type(['string.numeric.parse'])],
])('gives the output of a schema of %s, and no promise', (_, schema) => {
  expect(validateArgs(schema, ['12'])).toEqual({ kind: 'fits', value: [12] });
  expect(validateArgs(schema, [12])).toMatchObject({ kind: 'refused', issues: [{ path: [0] }] });
});

it.each([
  ['zod', z.tuple([z.string().refine(async (text) => text === 'free', 'taken')])],
  [
    'valibot',
    v.tupleAsync([
      v.pipeAsync(
        v.string(),
        v.checkAsync(async (text) => text === 'free', 'taken'),
      ),
    ]),
  ],
])('waits for an asynchronous schema of %s', async (_, schema) => {
  expect(await validateArgs(schema, ['free'])).toEqual({ kind: 'fits', value: ['free'] });
  const issues = [{ path: [0], message: 'taken' }];
  expect(await validateArgs(schema, ['gone'])).toEqual({ kind: 'refused', issues });
});

it('names a hundred issues at most', () => {
  const issues = Array.from({ length: 150 }, () => ({ message: 'no' }));
  expect(validate(refusing(...issues), [])).toMatchObject({ kind: 'refused', issues: { length: 100 } });
});

it.each([
  ['throws', () => raise(new Error('mine')), 'Error: mine'],
  ['throws text', () => raise('mine'), 'mine'],
  ['answers nothing', () => undefined, 'TypeError: The validator gave neither a value nor issues'],
  ['answers text', () => 'yes', 'TypeError: The validator gave neither a value nor issues'],
  [
    'answers issues that cannot be read',
    () => ({
      issues: [
        {
          get path() {
            return raise(new Error('mine'));
          },
        },
      ],
    }),
    'Error: mine',
  ],
  ['makes no list of the arguments', () => ({ value: {} }), 'TypeError: The schema makes something else than a list'],
])('a validator that %s has failed, now or later', async (_, validator, text) => {
  const schema = schemaOf(validator);
  for (const validation of [validateArgs(schema, []), await validateArgs(asyncSchema(schema), [])]) {
    expect(validation).toMatchObject({ kind: 'threw' });
    expect(String((validation as { thrown?: unknown }).thrown)).toContain(text);
  }
});

it('takes a thenable that is no promise for a promise', async () => {
  // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what is tested
  const thenable = { then: (resolve: (answer: unknown) => void) => resolve({ value: [1] }) };
  expect(
    await validateArgs(
      schemaOf(() => thenable),
      [],
    ),
  ).toEqual({ kind: 'fits', value: [1] });
});

it.each([
  [z.string(), true],
  [v.string(), true],
  [type('string'), true],
  [z, false],
  [[z.string()], false],
  [{ '~standard': { version: 2, validate: () => undefined } }, false],
  [{ '~standard': { version: 1 } }, false],
  [{ '~standard': null }, false],
  [{}, false],
  [null, false],
  ['string', false],
  [undefined, false],
])('knows whether something is a schema (%#)', (value, expected) => {
  expect(isStandardSchema(value)).toBe(expected);
});

function raise(thrown: unknown): never {
  throw thrown;
}
