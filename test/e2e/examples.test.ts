/** Examples of what a broker does: queues that fill, exchanges, events, joins. Of the others: `examples-of-calls.test.ts`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { callWithWorker, environment, example, script } from './fixtures/examples.js';
import { run, startWorkerProcess } from './fixtures/programs.js';

/** Files have no event of their own. */
const POLL = { timeout: 20_000, interval: 20 };

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

it('user-log answers though no worker runs yet, and its entries come to the log with one', async () => {
  const [node, ...call] = script('user-log', 'call');
  expect(node).toBe('node');
  const place = { cwd: example('user-log'), env: { ...process.env, ...environment() } };
  const site = spawn(process.execPath, [...call, '16'], { ...place, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: site.stdout })[Symbol.asyncIterator]();
  try {
    const [head, written, queued] = [await lines.next(), await lines.next(), await lines.next()];
    expect(head.value).toMatch(/^16 requests each, 8 at a time +p50 +p99$/);
    expect(written.value).toMatch(/^answered when the log is written +[\d.]+ ms +[\d.]+ ms$/);
    expect(queued.value).toMatch(/^answered when the queue has the entry +[\d.]+ ms +[\d.]+ ms$/);
    const [, , ...options] = script('user-log', 'worker');
    await using _worker = await startWorkerProcess(options, place);
    expect((await lines.next()).value).toBe('24 entries through the queue, 24 in the log, 0 lost, 0 twice');
    expect(await once(site, 'close')).toEqual([0, null]);
  } finally {
    site.kill('SIGKILL');
  }
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

it('logs writes each line where somebody wants it: all of them, by severity and by facility', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tq-logs-'));
  const place = { cwd: example('logs'), env: { ...environment(), LOG_DIR: folder } };
  const [, , ...options] = script('logs', 'worker');
  const [, ...call] = script('logs', 'call');
  const collector = await startWorkerProcess(options, place);
  try {
    expect(await run(call, place)).toEqual({ stdout: '5 lines logged\n', stderr: '', exitCode: 0 });
    const file = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
    const linesOf = (name: string) => file(name).split('\n').slice(0, -1).sort();
    const [backup, login, intruder] = ['cron.info', 'auth.info', 'auth.error'].map((key) =>
      expect.stringContaining(`${key}: `),
    );
    const [filling, full] = ['kern.warning', 'kern.critical'].map((key) => expect.stringContaining(`${key}: `));
    await expect.poll(() => linesOf('all.log'), POLL).toEqual([intruder, login, backup, full, filling]);
    await expect.poll(() => linesOf('errors.log'), POLL).toEqual([intruder, full]);
    await expect.poll(() => linesOf('auth.log'), POLL).toEqual([intruder, login]);
    await expect.poll(() => linesOf('critical.log'), POLL).toEqual([full]);
    await expect
      .poll(() => collector.written.filter((line) => linesOf('all.log').includes(line)), POLL)
      .toHaveLength(5);
  } finally {
    expect(await collector.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  }
});

it('pubsub registers each customer once, and both departments know', async () => {
  const { scripts } = JSON.parse(readFileSync(join(example('pubsub'), 'package.json'), 'utf8')) as {
    scripts: Record<'sales' | 'support' | 'call', string>;
  };
  const place = { cwd: example('pubsub'), env: environment() };
  const start = (department: 'sales' | 'support') =>
    startWorkerProcess(scripts[department].replace(/^tq worker /, '').split(' '), place);
  const workers = await Promise.all([start('sales'), start('support')]);
  expect(await run(scripts.call.split(' ').slice(1), place)).toEqual({
    stdout: 'sales registered Ada\nsupport knows Ada\nsupport registered Grace\nsales knows Grace\n',
    stderr: '',
    exitCode: 0,
  });
  expect(await Promise.all(workers.map((worker) => worker.stop()))).toEqual([0, 0]);
});

it('canvas fetches and parses pages side by side, stores them, and draws the tree', async () => {
  const site = spawn(process.execPath, ['site.js'], {
    cwd: example('canvas'),
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface({ input: site.stdout }), 'line')) as [string];
    const env = { SITE_URL: line.replace('site: ', '') };
    const [, ...call] = script('canvas', 'call');
    const pages = Array(7).fill(['    chain: success', '      fetch: success', '      parse: success']).flat();
    const { stdout, ...ends } = await callWithWorker('canvas', call, env);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^tq workflow [0-9a-f-]{36}$/),
      ...['2 of 7 results', '4 of 7 results', '6 of 7 results', '7 of 7 results'],
      ...['chord: success', '  group: success', ...pages, '  store: success'],
      ...[`6 pages stored, 1 broken link: ${env.SITE_URL}/garlic`, ''],
    ]);
    expect(ends).toEqual({ stderr: '', exitCode: 0, workerExitCode: 0 });
  } finally {
    site.kill('SIGTERM');
    await once(site, 'close');
  }
});
