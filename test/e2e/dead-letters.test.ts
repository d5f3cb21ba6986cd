/** `tq dead` on the real broker: real failures, real replays, and the program as its users start it. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { createProject, type Project } from '../support/project.js';
import { runInside } from '../support/run-inside.js';
import { runTq, startTq } from '../support/tq-process.js';

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

/** Takes what comes to a queue, acknowledged, and resolves `until` when so many have come. */
async function watch(queue: string) {
  const peer = await openPeer();
  const bodies: string[] = [];
  let look = () => {};
  await peer.channel.consume(`${env.TQ_PREFIX}${queue}`, (message) => {
    if (message === null) return;
    bodies.push(String(message.content));
    peer.channel.ack(message);
    look();
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (bodies.length >= count) resolve();
      };
      look();
    });
  return { bodies, until, [Symbol.asyncDispose]: () => peer.close() };
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

describe('tq dead retry', () => {
  it('puts back what fits where it came from, and a worker whose cause was mended runs each once', async () => {
    const amounts = Array.from({ length: 20 }, (_, amount) => amount);
    expect((await workDay(20, amounts, 'the bank is closed')).failed).toEqual(amounts);
    await workDay(1, [99], 'no such account');
    const { code, stdout, stderr } = await dead('retry', '--error', 'closed');
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '20 messages retried\n', stderr: '' });
    expect((await workDay(20, [])).paid).toEqual(amounts);
    expect(await dead('list', '--json')).toMatchObject({
      stdout: expect.stringMatching(/^\[\{[^{]*"args":"\[99\]"[^{]*\]$/m),
    });
  });

  it('says with --dry-run what it is about, and does nothing', async () => {
    await workDay(2, [1, 2], 'the bank is closed');
    const { code, stdout } = await dead('retry', '--dry-run');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'QUEUE  TASK  REASON  MESSAGES\nbank   pay   failed         2\n',
    });
    const json = JSON.parse((await dead('retry', '--dry-run', '--json')).stdout);
    expect(json).toEqual([{ queue: 'bank', task: 'pay', reason: 'failed', messages: 2 }]);
    expect(await idsOf()).toHaveLength(2);
  });

  it('asks before it puts everything back, and needs --yes where it cannot', async () => {
    await workDay(2, [1, 2], 'the bank is closed');
    // The terminal of whoever runs the tests is none of this process.
    const refused = await runTq(['dead', 'retry'], { env });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('expected --yes') });
    const report = { matched: 2, moved: 2, returned: 0, skipped: 0, aborted: false };
    expect(JSON.parse((await dead('retry', '--yes', '--json')).stdout)).toEqual(report);
    expect(await idsOf()).toEqual([]);
  });

  it('ends after the present message on Ctrl-C, with what was done, and the same line does the rest', async () => {
    const amounts = Array.from({ length: 10 }, (_, amount) => amount);
    await workDay(10, amounts, 'the bank is closed');
    await using arrivals = await watch('bank');
    const line = ['dead', 'retry', '--task', 'pay', '--rate', '20/s'];
    await using tq = startTq([...line, '--json'], { env });
    await arrivals.until(3);
    tq.kill('SIGINT');
    const { code, stdout, stderr } = await tq.ended;
    expect(code).toBe(130);
    const { moved, aborted } = JSON.parse(stdout);
    expect({ aborted, isPart: moved >= 3 && moved < 10 }).toEqual({ aborted: true, isPart: true });
    expect(stderr).toContain('SIGINT: stopping after the present message');
    expect(await idsOf()).toHaveLength(10 - moved);
    const rest = await runTq(['dead', 'retry', '--task', 'pay'], { env });
    expect(rest).toMatchObject({ code: 0, stdout: `${10 - moved} messages retried\n` });
    await arrivals.until(10);
    expect(arrivals.bodies.map((body) => JSON.parse(body)[0][0])).toEqual(amounts);
  });

  it('loses nothing and doubles nothing when it is killed, and the same line does the rest', async () => {
    const amounts = Array.from({ length: 30 }, (_, amount) => amount);
    await workDay(30, amounts, 'the bank is closed');
    await using arrivals = await watch('bank');
    for (const killedAt of [5, 15]) {
      await using tq = startTq(['dead', 'retry', '--yes', '--rate', '100/s'], { env });
      await arrivals.until(killedAt);
      tq.kill('SIGKILL');
      expect(await tq.ended).toMatchObject({ signal: 'SIGKILL' });
    }
    while ((await idsOf()).length > 0) expect((await dead('retry', '--yes')).code).toBe(0);
    await arrivals.until(30);
    expect(arrivals.bodies.map((body) => JSON.parse(body)[0][0]).sort((a, b) => a - b)).toEqual(amounts);
  });
});

describe('tq dead retry --edit', () => {
  let project: Project;
  beforeEach(async () => {
    project = createProject({
      type: 'module',
      files: {
        'tasks.ts': `import { createApp } from '@tq/core';
          import { positive } from './positive.js';
          export const app = createApp();
          app.task('pay', (amount: number) => undefined, { args: positive });`,
        'positive.js': `export const positive = { '~standard': { version: 1, vendor: 'test', validate: (value) =>
          value[0] > 0 ? { value } : { issues: [{ message: 'Too small', path: [0] }] } } };`,
        // Takes the next of the answers, and keeps what it was given.
        'editor.cjs': `const fs = require('node:fs');
          const [folder, file] = [__dirname, process.argv.at(-1)];
          const answers = JSON.parse(fs.readFileSync(folder + '/answers.json', 'utf8'));
          fs.appendFileSync(folder + '/given.txt', fs.readFileSync(file, 'utf8') + '---\\n');
          const answer = answers.shift();
          fs.writeFileSync(folder + '/answers.json', JSON.stringify(answers));
          if (answer === 'quit') process.exit(1);
          if (answer !== null) fs.writeFileSync(file, answer);`,
      },
    });
    await workDay(3, [-1, -2, -3], 'no such amount');
  });
  afterEach(() => project[Symbol.dispose]());

  /** Runs it with what the editor makes of each text it is given; null leaves it as it is. */
  function edit(answers: readonly (string | null)[], ...args: string[]) {
    writeFileSync(join(project.folder, 'answers.json'), JSON.stringify(answers));
    const editor = `'${process.execPath}' '${join(project.folder, 'editor.cjs')}'`;
    const options = { cwd: project.folder, env: { ...env, VISUAL: editor } };
    return runTq(['dead', 'retry', '--edit', ...args], options);
  }

  it('moves each with the arguments that the editor leaves; what is emptied stays', async () => {
    const { code, stdout, stderr } = await edit(['[1]', null, '']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '2 messages retried, 1 left where they are\n',
      stderr: '',
    });
    const given = readFileSync(join(project.folder, 'given.txt'), 'utf8').split('---\n');
    expect(given[0]).toMatch(
      /^\/\/ Arguments of pay [\w-]{36}, which died in bank: failed\n\/\/ Error: no such amount\n/,
    );
    expect(given[0]).toMatch(/\n\[\n {2}-1\n\]\n$/);
    expect((await workDay(2, [])).paid).toEqual([1, -2]);
    const left = JSON.parse((await dead('list', '--json')).stdout);
    expect(left).toEqual([expect.objectContaining({ args: '[-3]', attempt: 1 })]);
  });

  it('leaves what is no JSON or does not fit the schema, and ends with 1, where there is nobody to ask again', async () => {
    const { code, stdout, stderr } = await edit(['[1', '[0]', '[3]'], '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ matched: 3, moved: 1, returned: 0, skipped: 2, aborted: false });
    expect(stderr).toContain('Expected JSON, found a mistake in line 1, column 3, comments not counted.');
    expect(stderr).toContain("Expected arguments that fit the schema of task 'pay', found args[0]: Too small");
    expect((await workDay(1, [])).paid).toEqual([3]);
    expect(await idsOf()).toHaveLength(2);
  });

  it('ends when the editor does not end with 0, and what was edited before is moved', async () => {
    const { code, stderr } = await edit(['[1]', 'quit', '[3]']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('ended with exit code 1, expected 0'),
    });
    expect(await idsOf()).toHaveLength(2);
  });

  it('says what to set where there is no editor', async () => {
    const none = { VISUAL: undefined, EDITOR: undefined };
    const { code, stderr } = await runTq(['dead', 'retry', '--edit'], { env: { ...env, ...none } });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('expected an editor in $VISUAL') });
  });
});

describe('tq dead purge', () => {
  it('throws away what fits and nothing else', async () => {
    await workDay(2, [1, 2], 'the bank is closed');
    await workDay(1, [3], 'no such account');
    expect((await dead('purge', '--error', 'closed', '--dry-run')).stdout).toMatch(/bank +pay +failed +2\n$/);
    expect(await dead('purge', '--error', 'closed', '--yes')).toEqual({
      code: 0,
      stdout: '2 messages purged\n',
      stderr: '',
    });
    expect(JSON.parse((await dead('list', '--json')).stdout)).toEqual([expect.objectContaining({ args: '[3]' })]);
    const refused = await runTq(['dead', 'purge', '--id', 'x'], { env });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('expected --yes') });
    expect(JSON.parse((await dead('purge', '--yes', '--json')).stdout)).toEqual({
      matched: 1,
      purged: 1,
      aborted: false,
    });
  });
});

describe('tq dead export', () => {
  it('prints each whole, as a line of JSON, and leaves it where it is', async () => {
    await workDay(2, [1, 2], 'the bank is closed');
    await using peer = await openPeer();
    peer.channel.sendToQueue(`${env.TQ_PREFIX}bank.dead`, Buffer.from([0xff, 0]), {
      messageId: 'odd',
      headers: { a: 'b' },
    });
    const { code, stdout } = await runTq(['dead', 'export'], { env });
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      expect.objectContaining({ task: 'pay', encoding: 'utf8', body: '[[1],{},{}]', size: 11, reason: 'failed' }),
      expect.objectContaining({
        properties: expect.objectContaining({ deliveryMode: 2, contentType: 'application/json' }),
      }),
      expect.objectContaining({ id: 'odd', encoding: 'base64', body: '/wA=', headers: { a: 'b' } }),
    ]);
    expect(await idsOf()).toHaveLength(3);
  });

  it('writes a new file that nobody else may read', async () => {
    await workDay(2, [1, 2], 'the bank is closed');
    const folder = mkdtempSync(join(tmpdir(), 'tq-export-'));
    const file = join(folder, 'dead.jsonl');
    try {
      expect(await dead('export', '--output', file)).toEqual({
        code: 0,
        stdout: `${file}: 2 messages exported\n`,
        stderr: '',
      });
      expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(2);
      expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
      expect(await dead('export', '--output', file)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('expected a new file'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
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
