import { expect, it } from 'vitest';
import { type Edited, editJson } from '../../src/dead/edit-json.js';

interface Session {
  readonly edited: Edited;
  /** What the editor was given each time. */
  readonly given: readonly string[];
  readonly problems: readonly string[];
}

/** An editor that gives these texts one after the other, and a person who goes on editing until they are out. */
async function session(texts: readonly string[], check?: (text: string) => string | undefined): Promise<Session> {
  const given: string[] = [];
  const problems: string[] = [];
  const request = {
    text: '[\n  1\n]',
    about: ['task fib', 'Error: bad'],
    check: async (draft: string) => check?.(draft),
  };
  const edited = await editJson(request, {
    edit: async (text) => {
      given.push(text);
      return texts[given.length - 1] ?? '';
    },
    again: async (problem) => {
      problems.push(problem);
      return problems.length < texts.length;
    },
  });
  return { edited, given, problems };
}

it('gives what a person has made of it, comments left out', async () => {
  const { edited, given } = await session(['// task fib\n  // mine\n["// no comment",\r\n 2]\n']);
  expect(given).toEqual(['// task fib\n// Error: bad\n[\n  1\n]\n']);
  expect(edited).toEqual({ kind: 'changed', text: '["// no comment",\n 2]' });
});

it('tells what was left as it was from what was emptied', async () => {
  expect((await session(['// task fib\n[\n  1\n]\n\n'])).edited).toEqual({ kind: 'same' });
  expect((await session(['// task fib\n\n'])).edited).toEqual({ kind: 'skipped' });
});

it('asks again with the text as it is and what is wrong, until it is JSON that will do', async () => {
  const { edited, given, problems } = await session(['[1,\n}', '[-1]', '[2]'], (text) =>
    text === '[-1]' ? 'Expected a number above 0.' : undefined,
  );
  expect(problems).toEqual([
    'Expected JSON, found a mistake in line 2, column 1, comments not counted.',
    'Expected a number above 0.',
  ]);
  expect(given[1]).toBe(`// task fib\n// Error: bad\n//\n// ${problems[0]}\n[1,\n}\n`);
  expect(given[2]).toBe(`// task fib\n// Error: bad\n//\n// ${problems[1]}\n[-1]\n`);
  expect(edited).toEqual({ kind: 'changed', text: '[2]' });
});

it('skips the message of a person who gives up', async () => {
  expect(await session(['{'])).toMatchObject({ edited: { kind: 'skipped' }, problems: [expect.any(String)] });
});
