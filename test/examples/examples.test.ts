import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startProgress } from '../../examples/fib/progress.js';
import { drawDepth } from '../../examples/flash-sale/depth-chart.js';
import { TOOLS } from '../../scripts/run.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

it.each(['true', 'false'])('the examples type-check (experimentalDecorators %s)', async (legacy) => {
  const args = [TOOLS.tsc, '-p', EXAMPLES, '--experimentalDecorators', legacy];
  const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});

describe('the progress of an example', () => {
  function watch(total: number, isTTY: boolean): string[] {
    const written: string[] = [];
    const progress = startProgress(total, { isTTY, write: (text: string) => written.push(text) });
    for (let done = 0; done < total; done++) progress.advance();
    progress.finish();
    return written;
  }

  it('is a bar on a terminal, drawn over itself', () => {
    const written = watch(4, true);
    expect(written).toEqual([
      `\r[${'#'.repeat(10)}${'.'.repeat(30)}] 1 of 4`,
      `\r[${'#'.repeat(20)}${'.'.repeat(20)}] 2 of 4`,
      `\r[${'#'.repeat(30)}${'.'.repeat(10)}] 3 of 4`,
      `\r[${'#'.repeat(40)}] 4 of 4`,
      '\n',
    ]);
  });

  it('is a few lines anywhere else', () => {
    expect(watch(10, false)).toEqual([
      '3 of 10 results\n',
      '6 of 10 results\n',
      '9 of 10 results\n',
      '10 of 10 results\n',
    ]);
  });
});

describe('the picture of a queue', () => {
  it('has a column for each look, and eighths of a cell', () => {
    const chart = drawDepth([0, 8, 4, 1], 1.25).split('\n');
    expect(chart).toEqual([
      'orders that wait in the queue',
      '8 │ █',
      ...Array(3).fill('  │ █'),
      ...Array(3).fill('  │ ██'),
      '  │ ███',
      '0 └──── 1.3 s',
    ]);
    expect(drawDepth([16, 1], 1).split('\n').at(-2)).toBe('   │█▄');
  });

  it('shows the deepest look of a column where there are many, and survives none', () => {
    const looks = Array.from({ length: 600 }, (_, index) => (index % 10 === 3 ? 100 : 0));
    expect(drawDepth(looks, 1).split('\n')[1]).toBe(`100 │${'█'.repeat(60)}`);
    expect(drawDepth([], 0).split('\n').at(-1)).toBe('0 └ 0.0 s');
  });
});
