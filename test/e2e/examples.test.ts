import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startProgress } from '../../examples/fib/progress.js';
import { drawDepth } from '../../examples/flash-sale/depth-chart.js';
import { TOOLS } from '../../scripts/run.js';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { ROOT, run, startWorkerProcess } from './fixtures/programs.js';

function environment(): NodeJS.ProcessEnv {
  return { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix(), TQ_QUEUE_TYPE: 'classic' };
}

function example(name: string): string {
  return join(ROOT, 'examples', name);
}

/** What `pnpm run …` starts in an example: the words after the program's name. */
function script(name: string, which: 'collector' | 'worker' | 'call'): string[] {
  const { scripts } = JSON.parse(readFileSync(join(example(name), 'package.json'), 'utf8')) as {
    scripts: Record<typeof which, string>;
  };
  return scripts[which].split(' ');
}

async function callWithWorker(name: string, call: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const place = { cwd: example(name), env: { ...environment(), ...env } };
  const [tq, worker, ...options] = script(name, 'worker');
  expect([tq, worker]).toEqual(['tq', 'worker']);
  const process = await startWorkerProcess(options, place);
  const called = await run(call, place);
  return { ...called, workerExitCode: await process.stop() };
}

it('fib sends a thousand calls, shows their progress, and ends with fib(30)', async () => {
  const [node, ...call] = script('fib', 'call');
  expect(node).toBe('node');
  expect(await callWithWorker('fib', call)).toEqual({
    stdout: '250 of 1000 results\n500 of 1000 results\n750 of 1000 results\n1000 of 1000 results\nfib(30) = 832040\n',
    stderr: '',
    exitCode: 0,
    workerExitCode: 0,
  });
});

it('decorators calls the tasks of a class', async () => {
  const [jiti, ...call] = script('decorators', 'call');
  expect(jiti).toBe('jiti');
  const cli = join(example('decorators'), 'node_modules/jiti/lib/jiti-cli.mjs');
  expect(await callWithWorker('decorators', [cli, ...call])).toEqual({
    stdout: expect.stringMatching(/^total: 2676 cents\nAda pays 26\.76 \(receipt [0-9a-f]{8}\)\n$/),
    stderr: '',
    exitCode: 0,
    workerExitCode: 0,
  });
});

it('compute sends n, and a compute node answers n + 1', async () => {
  const [node, ...call] = script('compute', 'call');
  expect(node).toBe('node');
  expect(await callWithWorker('compute', [...call, '7'])).toEqual({
    stdout: '7 + 1 = 8\n',
    stderr: '',
    exitCode: 0,
    workerExitCode: 0,
  });
});

it('flash-sale handles each order of a burst once, and draws how many waited', async () => {
  const [node, ...call] = script('flash-sale', 'call');
  expect(node).toBe('node');
  const { stdout, ...ends } = await callWithWorker('flash-sale', [...call, '1000']);
  expect(ends).toEqual({ stderr: '', exitCode: 0, workerExitCode: 0 });
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('orders that wait in the queue');
  const peak = Number(/^(\d+) │/.exec(lines[1] ?? '')?.[1]);
  expect(peak).toBeGreaterThan(100);
  expect(peak).toBeLessThanOrEqual(1_000);
  expect(lines.at(-2)).toBe('1000 orders, 1000 handled, 0 lost, 0 twice');
});

it('error-reporting reports failures and lost tasks, with what they were', async () => {
  const [node, ...args] = script('error-reporting', 'collector');
  expect(node).toBe('node');
  const place = { cwd: example('error-reporting'), env: { ...process.env, PORT: '0' } };
  const collector = spawn(process.execPath, args, { ...place, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface({ input: collector.stdout }), 'line')) as [string];
    const [, ...call] = script('error-reporting', 'call');
    const ended = await callWithWorker('error-reporting', call, { REPORT_URL: line.replace('collector: ', '') });
    const loss = (level: string, count: number) =>
      `${level}: TaskLost: exit code 139 (loss ${count}) [convert, attempt 1, tenant acme]`;
    expect(ended.stdout.split('\n')).toEqual([
      'order A1: charged 1999',
      'failed: RangeError: order A2: expected an amount above 0, found 0',
      expect.stringMatching(/^failed: TqError: Task 'convert' ended its child 3 times/),
      'error: RangeError: order A2: expected an amount above 0, found 0 [charge, attempt 1, tenant acme]',
      ...[loss('warning', 1), loss('warning', 2), loss('error', 3)],
      ...['4 reports', ''],
    ]);
    expect(ended).toMatchObject({ stderr: '', exitCode: 0, workerExitCode: 0 });
  } finally {
    collector.kill('SIGTERM');
    await once(collector, 'close');
  }
  expect(collector.exitCode).toBe(0);
});

it.each(['true', 'false'])('the examples type-check (experimentalDecorators %s)', async (legacy) => {
  const args = [TOOLS.tsc, '-p', join(ROOT, 'examples'), '--experimentalDecorators', legacy];
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
