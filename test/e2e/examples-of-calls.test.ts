/** Examples of calls and their results: what they show of tq is the same on every broker. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callWithWorker, example, script } from './fixtures/examples.js';

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

it('progress shows how far a long task is, to its end, then the result', async () => {
  const [node, ...call] = script('progress', 'call');
  expect(node).toBe('node');
  const { stdout, ...ends } = await callWithWorker('progress', [...call, '200000']);
  expect(ends).toEqual({ stderr: '', exitCode: 0, workerExitCode: 0 });
  const lines = stdout.split('\n');
  expect(lines.slice(-3)).toEqual(['100% 17984 primes', '17984 primes up to 200000', '']);
  for (const line of lines.slice(0, -2)) expect(line).toMatch(/^\d+% \d+ primes$/);
});
