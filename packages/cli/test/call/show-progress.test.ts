import { PassThrough } from 'node:stream';
import { type TaskProgress, TqError } from '@tq/core';
import { expect, it } from 'vitest';
import { showProgress } from '../../src/call/show-progress.js';
import { Output } from '../../src/output.js';

/** What is printed of a task that has so much of 100 done at these times, ms, and ends. */
async function shown(
  words: readonly (readonly [ms: number, done: number])[],
  { terminal = false, json = false, error = undefined as Error | undefined } = {},
) {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: terminal, columns: 30 })];
  let time = 0;
  async function* progress(): AsyncGenerator<TaskProgress> {
    for (const [ms, done] of words) {
      time = ms;
      yield { done, total: 100, message: undefined };
    }
    if (error !== undefined) throw error;
  }
  const output = new Output({ stdout, stderr, env: {}, json });
  await showProgress({ id: 'i1', progress }, { output, signal: new AbortController().signal, now: () => time });
  return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

const WORDS = [
  [0, 0],
  [100, 10],
  [1_100, 50],
  [1_200, 60],
  [1_300, 100],
] as const;

it('is one line on a terminal, drawn over itself and taken away at the end', async () => {
  const wipe = '\r\u001b[K';
  const { stdout, stderr } = await shown(WORDS.slice(-2), { terminal: true });
  expect(stdout).toBe('');
  expect(stderr).toBe(`${wipe}[######.....] 60% (60 of 100)${wipe}[#########] 100% (100 of 100)${wipe}`);
});

it('is a line a second at most anywhere else, and always the first and the last', async () => {
  const lines = ['0% (0 of 100)', '50% (50 of 100)', '100% (100 of 100)'];
  expect(await shown(WORDS)).toEqual({ stdout: '', stderr: lines.map((line) => `tq: ${line}\n`).join('') });
  expect(await shown([])).toEqual({ stdout: '', stderr: '' });
});

it('is a line of JSON for each word of it with --json, on a terminal too', async () => {
  const { stdout, stderr } = await shown(WORDS.slice(0, 2), { json: true, terminal: true });
  expect(stderr).toBe('');
  expect(stdout).toBe(
    '{"id":"i1","progress":{"done":0,"total":100,"message":null}}\n' +
      '{"id":"i1","progress":{"done":10,"total":100,"message":null}}\n',
  );
});

it('ends in silence when it is aborted, and with any other error', async () => {
  const wait = shown([[0, 1]], { error: new TqError('result-aborted', 'enough') });
  expect(await wait).toEqual({ stdout: '', stderr: 'tq: 1% (1 of 100)\n' });
  await expect(shown([], { error: new TypeError('broken') })).rejects.toThrow('broken');
});
