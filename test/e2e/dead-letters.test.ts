/** `tq dead` on the real broker: real failures, real replays, and the program as its users start it. */
import { tmpdir } from 'node:os';
import { createApp } from '@tq/core';
import { createWorker } from '@tq/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { runInside } from '../support/run-inside.js';

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

let env: { TQ_URL: string; TQ_PREFIX: string; TQ_QUEUE: string };
beforeEach(() => {
  env = { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix(), TQ_QUEUE: 'bank' };
});

const dead = (...args: string[]) => runInside(['dead', ...args], { cwd: tmpdir(), env });

/** What happened to calls of `pay`, by their amounts. */
interface Day {
  readonly paid: readonly number[];
  readonly failed: readonly number[];
}

/**
 * Runs a worker with the task `pay(amount)` until so many calls of it have ended.
 * @param calls those that are made first; what waits in the queue is run as well
 * @param error what the bank says when it is down; undefined has it up
 */
async function workDay(ends: number, calls: readonly number[], error?: string): Promise<Day> {
  const [paid, failed]: [number[], number[]] = [[], []];
  await using app = createApp({ url: env.TQ_URL, prefix: env.TQ_PREFIX, queue: 'bank', logger: SILENT });
  const pay = (amount: number) => {
    (error === undefined ? paid : failed).push(amount);
    if (error !== undefined) throw new Error(error);
  };
  const task = app.task('pay', pay, { ignoreResult: true });
  await using worker = createWorker(app, { pool: 'async', concurrency: 1, logger: SILENT });
  const done = new Promise<void>((resolve) => {
    let count = 0;
    for (const event of ['task:succeeded', 'task:failed', 'task:refused'] as const) {
      worker.on(event, () => {
        count += 1;
        if (count === ends) resolve();
      });
    }
  });
  await worker.start();
  await task.bulk(calls.map((amount) => [amount]));
  await done;
  // A stop waits for what is being settled: the dead letters are in their queue.
  await worker.stop();
  return { paid, failed };
}

const idsOf = async (...args: string[]) =>
  (JSON.parse((await dead('list', '--json', ...args)).stdout) as { id: string }[]).map(({ id }) => id);

describe('tq dead list', () => {
  it('shows what failed, the oldest first, and changes nothing however often it looks', async () => {
    await workDay(3, [1, 2, 3], 'the bank is closed');
    const { code, stdout, stderr } = await dead('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [title, ...rows] = stdout.trimEnd().split('\n');
    expect(title).toMatch(/^ID +QUEUE {2}TASK {2}REASON {2}TRY {2}AGE {2}ERROR$/);
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row).toMatch(/^[\w-]{36} {2}bank {3}pay {3}failed +1 +\d+s {2}Error: the bank is closed$/);
    }
    for (let look = 0; look < 3; look++) expect(await idsOf()).toEqual(rows.map((row) => row.slice(0, 36)));
  });

  it('prints JSON, and of what fits the filter only', async () => {
    await workDay(2, [1, 2], 'no route to amqp://ada:secret@bank');
    await workDay(1, [3], 'the bank is closed');
    const [first, ...others] = JSON.parse((await dead('list', '--json', '--task', 'p*', '--limit', '2')).stdout);
    expect(others).toHaveLength(1);
    expect(first).toEqual({
      ...{ id: expect.any(String), queue: 'bank', deadQueue: 'bank.dead', task: 'pay', reason: 'failed' },
      ...{ error: 'Error: no route to amqp://ada:…@bank', worker: expect.stringMatching(/^tq@/), attempt: 1 },
      ...{ time: expect.stringMatching(/^\d{4}-.*Z$/), args: '[1]', size: 11 },
    });
    const [one, two, three] = await idsOf();
    expect(await idsOf('--error', 'closed')).toEqual([three]);
    expect(await idsOf('--error', '/NO ROUTE/i')).toEqual([one, two]);
    expect(await idsOf('--id', String(two), '--id', String(three))).toEqual([two, three]);
    expect(await idsOf('--newer-than', '1h', '--reason', 'failed', '--queue', 'bank')).toHaveLength(3);
    expect(await idsOf('--reason', 'expired')).toEqual([]);
    expect(await idsOf('--older-than', '1h')).toEqual([]);
    expect(await idsOf('--task', 'mail.*')).toEqual([]);
  });

  it('says that there are none, that there are more, and that a queue is mistyped', async () => {
    expect(await dead('list')).toEqual({ code: 0, stdout: '', stderr: 'tq: there are no dead letters.\n' });
    expect((await dead('list', '--task', 'x')).stderr).toBe('tq: there are no dead letters that fit.\n');
    await workDay(2, [1, 2], 'the bank is closed');
    expect(await dead('list', '--limit', '1')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('there are more'),
    });
    const mistyped = await dead('list', '--queue', 'bnak');
    expect(mistyped).toMatchObject({ code: 1, stderr: "tq: There is no queue 'bnak'. Did you mean 'bank'?\n" });
  });

  it.each([
    [['--reason', 'faild'], 'Did you mean failed?'],
    [['--error', '/(/'], '--error: expected a regular expression'],
    [['--older-than', 'yesterday'], '--older-than: expected a duration'],
    [['--limit', '0'], '--limit: expected'],
    [['mail'], "found 'mail' as well"],
  ])('refuses %j with 2', async (args, text) => {
    expect(await dead('list', ...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(text) });
  });
});

describe('tq dead show', () => {
  it('shows all that is known of one, with what a foreign text hides in it', async () => {
    await workDay(1, [7], 'red \u001b[31malert\nat amqp://ada:secret@bank');
    const [id = ''] = await idsOf();
    const { code, stdout } = await dead('show', id);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trim().replace(/ {2,}/, ': '))).toEqual([
      ...[id, 'task: pay', 'queue: bank, now in bank.dead', 'reason: failed'],
      'error: Error: red \\x1b[31malert\\nat amqp://ada:…@bank',
      expect.stringMatching(/^died: 20\d\d-.*Z, \d+s ago$/),
      ...[expect.stringMatching(/^worker: tq@/), 'try: 1', 'arguments: [7]', 'size: 11 bytes', ''],
    ]);
    const json = JSON.parse((await dead('show', id, '--json')).stdout);
    expect(json).toMatchObject({ id, args: '[7]', kwargs: '{}', errors: [], headers: {} });
  });

  it('ends with 1 when there is no such letter', async () => {
    const { code, stdout, stderr } = await dead('show', 'nobody');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("There is no dead letter of the task 'nobody'.");
  });
});

it('ends with 4 when the broker is not reached in time', async () => {
  await using proxy = await startProxy(brokerUrl());
  proxy.refuse();
  env.TQ_URL = proxy.url.replace('guest:guest', 'ada:secret');
  const { code, stderr } = await dead('list', '--timeout', '1s');
  expect(code).toBe(4);
  expect(stderr).toMatch(/did not answer within 1000 ms/);
  expect(stderr).not.toContain('secret');
});
