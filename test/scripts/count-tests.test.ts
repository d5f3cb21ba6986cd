import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { capture } from '../../scripts/run.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tq-count-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Counts a report of files, each given as its own state and its tests' states. */
function count(files: readonly (readonly [string, ...string[]])[], exitCode: number): { code: number; output: string } {
  const report = join(folder, 'report.json');
  const testResults = files.map(([status, ...tests]) => ({
    status,
    assertionResults: tests.map((state) => ({ status: state })),
  }));
  writeFileSync(report, JSON.stringify({ testResults }));
  return capture(process.execPath, ['scripts/count-tests.js', report, String(exitCode)]);
}

test('counts what passed and leaves skipped out when there is none', () => {
  expect(count([['passed', 'passed', 'passed']], 0)).toEqual({ code: 0, output: '2 passed, 0 failed\n' });
});

test('names skipped and todo tests', () => {
  expect(count([['passed', 'passed', 'skipped', 'todo', 'pending']], 0)).toEqual({
    code: 0,
    output: '1 passed, 0 failed, 3 skipped\n',
  });
});

test('a failed test fails', () => {
  expect(count([['failed', 'passed', 'failed']], 1)).toEqual({ code: 1, output: '1 passed, 1 failed\n' });
});

test('a file that could not be loaded counts as one failure', () => {
  expect(count([['failed'], ['passed', 'passed']], 1)).toEqual({ code: 1, output: '1 passed, 1 failed\n' });
});

test('an error outside of every test counts as one failure', () => {
  expect(count([['passed', 'passed']], 1)).toEqual({ code: 1, output: '1 passed, 1 failed\n' });
});

test('nothing run fails, with and without a report', () => {
  expect(count([], 0)).toEqual({ code: 1, output: '0 passed, 0 failed\n' });
  expect(capture(process.execPath, ['scripts/count-tests.js', join(folder, 'none'), '0'])).toEqual({
    code: 1,
    output: '0 passed, 0 failed\n',
  });
});
