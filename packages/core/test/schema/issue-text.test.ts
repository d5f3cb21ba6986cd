import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { issuesText, readIssue } from '../../src/schema/issue-text.js';
import type { SchemaIssue, StandardSchema } from '../../src/schema/standard-schema.js';
import { validate } from '../../src/schema/validate.js';

describe('the text of issues', () => {
  it.each<[SchemaIssue['path'], string]>([
    [undefined, 'args'],
    [[], 'args'],
    [[0, 'email'], 'args[0].email'],
    [[{ key: 1 }, { key: 'häuser' }, '2'], 'args[1].häuser[2]'],
    [[0, 'my key'], 'args[0]["my key"]'],
    [[Symbol('s')], 'args["Symbol(s)"]'],
    [[0, 'x'.repeat(300)], `args[0].${'x'.repeat(192)}…`],
  ])('has the path %j', (path, text) => {
    expect(issuesText('args', [readIssue({ message: 'no', path }, [])])).toBe(`${text}: no`);
  });

  it('names five, and how many more there are', () => {
    const issues = Array.from({ length: 7 }, (_, index) => readIssue({ message: 'no', path: [index] }, []));
    expect(issuesText('args', issues)).toBe(
      'args[0]: no; args[1]: no; args[2]: no; args[3]: no; args[4]: no; and 2 more',
    );
  });

  it('cuts long messages, and has words where a library has none', () => {
    expect(readIssue({ message: 'x'.repeat(400) }, []).message).toBe(`${'x'.repeat(300)}…`);
    expect(readIssue({ message: '' }, []).message).toBe('does not fit');
    expect(readIssue({ message: 5 } as never, []).message).toBe('does not fit');
    expect(readIssue(undefined as never, [])).toEqual({ path: [], message: 'does not fit' });
  });

  it('survives a path that leads through what throws', () => {
    const root = Object.defineProperty({}, 'a', { get: () => JSON.parse('{') });
    expect(readIssue({ message: 'no', path: ['a', 'b'] }, root)).toEqual({ path: ['a', 'b'], message: 'no' });
  });
});

describe('what a library quotes of the value', () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 40 })
    .filter((text) => !'invalid email must value at'.includes(text));

  it.each<[string, StandardSchema]>([
    ['zod', z.tuple([z.email(), z.number()])],
    ['valibot', v.tuple([v.pipe(v.string(), v.email()), v.number()])],
    ['arktype', type(['string.email', 'number'])],
    [
      'a message of the user',
      z.tuple([z.string().refine(() => false, { error: ({ input }) => `${input} is bad` }), z.any()]),
    ],
  ])('is hidden, with the path left (%s)', (_, schema) => {
    fc.assert(
      fc.property(secret, secret, (first, second) => {
        const validation = validate(schema, [first, second]);
        if (validation instanceof Promise || validation.kind !== 'refused') return;
        const text = issuesText('args', validation.issues);
        expect(text).toContain('args[0]: ');
        expect(text).not.toContain(first);
        expect(text).not.toContain(second);
      }),
    );
  });

  it.each([
    ['Expected <=3 but received 1234', 1234, 'Expected <=3 but received …'],
    ['must be less than 3 (was 3)', 3, 'must be less than 3 (was …)'],
    ['must be "a" or "b" (was "c")', 'c', 'must be "a" or "b" (was "…")'],
    ["found 'x'", 'x', "found '…'"],
    ['(was "say \\"hi\\"")', 'say "hi"', '(was "…")'],
    ['Expected text but received 12345678901234567890', 12345678901234567890n, 'Expected text but received …'],
    ['Expected string', { deep: 'Expected' }, 'Expected string'],
  ])('%s is shown without it (%#)', (message, value, text) => {
    expect(readIssue({ message, path: [0] }, [value]).message).toBe(text);
  });
});
