import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { ProgressBar } from '../../src/dead/progress.js';
import { Output } from '../../src/output.js';

/** What it prints when it is told of `done` of 100 at these times, ms after its start. */
function shown(updates: readonly (readonly [ms: number, done: number])[], { terminal = false, json = false } = {}) {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: terminal })];
  let time = 1_000;
  const output = new Output({ stdout, stderr, env: {}, json });
  const progress = new ProgressBar({ output, verb: 'retried', now: () => time });
  for (const [ms, done] of updates) {
    time = 1_000 + ms;
    progress.update({ done, total: 100 });
  }
  expect(stdout.read()).toBeNull();
  return String(stderr.read() ?? '')
    .replaceAll('\r\u001b[K', '\n')
    .split('\n');
}

it('is a bar on a terminal, drawn over itself, ten times a second at most', () => {
  const drawn = shown(
    [
      [0, 0],
      [50, 5],
      [1_000, 50],
      [1_050, 60],
      [2_000, 100],
    ],
    { terminal: true },
  );
  expect(drawn).toEqual([
    '',
    `[${'.'.repeat(30)}] 0 of 100 retried`,
    `[${'#'.repeat(15)}${'.'.repeat(15)}] 50 of 100 retried, 50/s, 1s left`,
    `[${'#'.repeat(30)}] 100 of 100 retried, 50/s`,
  ]);
});

it('is a line now and then anywhere else, and none for what is quick', () => {
  expect(
    shown([
      [0, 0],
      [4_999, 99],
    ]),
  ).toEqual(['']);
  expect(
    shown([
      [5_000, 1],
      [6_000, 2],
      [10_000, 10],
      [40_000, 25],
    ]),
  ).toEqual([
    'tq: 1 of 100 retried, 0.2/s, 8m left',
    'tq: 10 of 100 retried, 1.0/s, 90s left',
    'tq: 25 of 100 retried, 0.6/s, 2m left',
    '',
  ]);
});

it('is nothing with --json', () => {
  expect(
    shown(
      [
        [0, 0],
        [60_000, 50],
      ],
      { terminal: true, json: true },
    ),
  ).toEqual(['']);
});
