/** `tq queues` on the real broker: in this process where it needs none of its own. */
import { copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '@tq/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState, receive } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { createProject, type Project } from '../support/project.js';
import { runInside } from '../support/run-inside.js';
import { runTq, startTq, type TqProcess } from '../support/tq-process.js';

const TASKS = `import { createApp } from '@tq/core';
export const app = createApp({ queueType: 'classic', queues: { bulk: { type: 'quorum' } } });
app.task('mail.send', (to: string): string => to, { queue: 'mail' });
app.task('mail.sort', (): undefined => undefined, { queue: 'mail' });`;

let project: Project;
let place: { cwd: string; env: { TQ_URL: string; TQ_PREFIX: string } };
beforeEach(() => {
  project = createProject({ type: 'module', files: { 'tasks.ts': TASKS } });
  place = { cwd: project.folder, env: { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix() } };
});
afterEach(() => project[Symbol.dispose]());

let count = 0;
/** A task file loads once in a process, and each command closes its app: every command gets a copy. */
const queues = (...args: string[]) => {
  const file = join(place.cwd, `tasks-${++count}.ts`);
  copyFileSync(join(place.cwd, 'tasks.ts'), file);
  return runInside(['queues', ...args, '--app', file], place);
};
const fullName = (name: string) => `${place.env.TQ_PREFIX}${name}`;

/** Sends so many calls to `mail`; the first one declares it. */
async function send(count: number): Promise<void> {
  await using app = createApp({ url: place.env.TQ_URL, prefix: place.env.TQ_PREFIX, queueType: 'classic' });
  const task = app.task('mail.send', () => undefined, { queue: 'mail', ignoreResult: true });
  for (let sent = 0; sent < count; sent++) await task.delay().published;
}

/** Resolves when what it prints from now on fits. */
async function printed(tq: TqProcess, text: RegExp): Promise<void> {
  const { stdout } = tq.process;
  if (stdout === null) throw new Error('expected a pipe');
  let seen = '';
  const found = new Promise<void>((resolve) => {
    stdout.on('data', (chunk: string) => {
      seen += chunk;
      if (text.test(seen)) resolve();
    });
  });
  const ended = tq.ended.then(({ stderr }) => {
    throw new Error(`expected what fits ${text}, found the end after:\n${seen}${stderr}`);
  });
  await Promise.race([found, ended]);
}

describe('tq queues list', () => {
  it("shows the app's queues and those of their dead letters", async () => {
    await send(2);
    const { code, stdout, stderr } = await queues('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'NAME           READY  UNACKED  CONSUMERS  TYPE  STATE',
        'bulk               -        -          -  -     missing',
        'bulk.dead          -        -          -  -     missing',
        'mail               2        -          0  -     running',
        'mail.dead          0        -          0  -     running',
        'tq                 -        -          -  -     missing',
        'tq.dead            -        -          -  -     missing',
        'tq.delay.dead      0        -          0  -     running',
        '',
      ].join('\n'),
    );
  });

  it('takes the queue of TQ_QUEUE where there is no task file, and prints JSON', async () => {
    const env = { ...place.env, TQ_QUEUE: 'only' };
    const { code, stdout } = await runInside(['queues', 'list', '--json'], { cwd: tmpdir(), env });
    expect(code).toBe(0);
    const unknown = { ready: null, unacked: null, consumers: null, type: null };
    expect(JSON.parse(stdout)).toEqual([
      { name: 'only', ...unknown, state: 'missing' },
      { name: 'only.dead', ...unknown, state: 'missing' },
      { name: 'tq.delay.dead', ...unknown, state: 'missing' },
    ]);
  });

  it('goes on with --watch, a line of JSON each time, and ends with 0 on Ctrl-C', async () => {
    await using tq = startTq(['queues', 'list', '--watch', '--interval', '100ms', '--json'], place);
    await printed(tq, /"name":"mail","ready":null/);
    const counted = printed(tq, /"name":"mail","ready":1/);
    await send(1);
    await counted;
    tq.kill('SIGINT');
    const { code, signal, stdout } = await tq.ended;
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveLength(7);
  });

  it('goes on while the broker is away, and ends when nobody reads what it prints', async () => {
    await using proxy = await startProxy(brokerUrl());
    const args = ['queues', 'list', '--watch', '--interval', '100ms', '--timeout', '2s'];
    await using tq = startTq(args, { ...place, env: { ...place.env, TQ_URL: proxy.url } });
    await printed(tq, /NAME/);
    proxy.refuse();
    proxy.cut();
    await tq.line(/did not answer for the queue .* within 2000 ms/);
    await proxy.accept();
    await printed(tq, /NAME/);
    tq.process.stdout?.destroy();
    expect(await tq.ended).toMatchObject({ code: 0, signal: null });
  });
});

describe('tq queues show', () => {
  it('tells what is known of a queue', async () => {
    await send(1);
    const { code, stdout } = await queues('show', 'mail');
    expect(code).toBe(0);
    expect(stdout).toContain(`queue          ${fullName('mail')}\n`);
    expect(stdout).toMatch(/ready +1\n.*\n +consumers +0\n/);
    expect(stdout).toContain('mail.send, mail.sort');
    expect(stdout).toMatch(/dead letters +0 in mail\.dead \(running\)/);
    expect(stdout).toMatch(/declared with .*x-queue-type=classic/);
    const json = JSON.parse((await queues('show', 'mail.dead', '--json')).stdout);
    expect(json).toMatchObject({ name: 'mail.dead', ready: 0, dead: null, declares: { 'x-overflow': 'drop-head' } });
    const lost = JSON.parse((await queues('show', 'tq.delay.dead', '--json')).stdout);
    expect(lost).toMatchObject({ ready: 0, dead: null, tasks: [], declares: { 'x-overflow': 'drop-head' } });
  });

  it('ends with 1 for a queue that is not there and names the nearest', async () => {
    const mistyped = await queues('show', 'mial');
    expect(mistyped).toMatchObject({ code: 1, stdout: '' });
    expect(mistyped.stderr).toBe("tq: There is no queue 'mial'. Did you mean 'mail'?\n");
    expect((await queues('show', 'bulk')).stderr).toContain('Its first call or its first worker declares it.');
  });
});

describe('tq queues purge', () => {
  it('throws away what is ready and says how much that was', async () => {
    await send(2);
    expect(await queues('purge', 'mail', 'mail.dead', '--yes')).toEqual({
      code: 0,
      stdout: 'mail: 2 messages purged\nmail.dead: 0 messages purged\n',
      stderr: '',
    });
    expect((await queues('purge', 'mail', '--yes', '--json')).stdout).toBe('{"name":"mail","messages":0}\n');
  });

  it('without a terminal and without --yes it does nothing and ends with 2', async () => {
    await send(1);
    // The terminal of whoever runs the tests is none of this process.
    const { code, stderr } = await runTq(['queues', 'purge', 'mail'], place);
    expect(code).toBe(2);
    expect(stderr).toContain('expected --yes where there is no terminal to ask on');
    await using peer = await openPeer();
    expect(await queueState(peer, fullName('mail'))).toMatchObject({ messages: 1 });
  });

  it('does nothing to any queue when one of them is not there', async () => {
    await send(1);
    const { code, stdout, stderr } = await queues('purge', 'mail', 'mall', '--yes');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("There is no queue 'mall'. Did you mean 'mail'?");
    await using peer = await openPeer();
    expect(await queueState(peer, fullName('mail'))).toMatchObject({ messages: 1 });
  });
});

describe('tq queues delete', () => {
  it('deletes a queue with what is in it, and the next call declares it anew', async () => {
    await using peer = await openPeer();
    await send(2);
    const deleted = await queues('delete', 'mail', '--yes');
    expect(deleted).toMatchObject({ code: 0, stdout: 'mail: deleted, and 2 messages with it\n', stderr: '' });
    expect(await queueState(peer, fullName('mail'))).toBeUndefined();
    expect(await queueState(peer, fullName('mail.dead'))).toBeDefined();
    await send(1);
    expect(await receive(peer, fullName('mail'), 1)).toHaveLength(1);
  });

  it('with --if-empty and --if-unused leaves what is in use, and says so', async () => {
    await using peer = await openPeer();
    await send(1);
    const full = await queues('delete', 'mail', '--if-empty', '--yes');
    expect(full).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('let workers run them') });
    await peer.channel.consume(fullName('mail'), () => undefined);
    const used = await queues('delete', 'mail', '--if-unused', '--yes', '--json');
    expect(used).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(used.stderr)).toMatchObject({ error: { code: 'queue-in-use' } });
    expect(await queueState(peer, fullName('mail'))).toBeDefined();
  });
});

it('ends with 4 when the broker is not reached in time', async () => {
  await using proxy = await startProxy(brokerUrl());
  proxy.refuse();
  const url = proxy.url.replace('guest:guest', 'ada:secret');
  const env = { ...place.env, TQ_URL: url };
  const { code, stderr } = await runInside(['queues', 'list', '--timeout', '2s'], { ...place, env });
  expect(code).toBe(4);
  expect(stderr).toMatch(/did not answer for the queue .* within 2000 ms\. No connection to amqp:\/\/ada@/);
  expect(stderr).not.toContain('secret');
});
