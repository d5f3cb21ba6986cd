/** `tq worker`: start, stop by signals, and what it does when something is wrong. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '@tq/core';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { createProject, type Project, type ProjectOptions } from '../support/project.js';
import { runTq, startTq } from '../support/tq-process.js';

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project[Symbol.dispose]();
});

function project(files: ProjectOptions['files'], type?: ProjectOptions['type']): string {
  const made = createProject({ type, files });
  projects.push(made);
  return made.folder;
}

const environment = (url = brokerUrl()) => ({ TQ_URL: url, TQ_PREFIX: freshPrefix() });

/** Sends a call and asks for no result. */
async function send(name: string, argument: string, env: ReturnType<typeof environment>): Promise<void> {
  await using app = createApp({ url: env.TQ_URL, prefix: env.TQ_PREFIX });
  await app.declareTask(name).apply([argument] as never[], { ignoreResult: true }).published;
}

/** Runs until the file `release` is in the folder; says so when it starts. */
const HOLD = `import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { currentTask, defineTask } from '@tq/core';
export const hold = defineTask('hold', async (folder) => {
  currentTask().log.info({}, 'holding');
  while (!existsSync(folder + '/release')) await setTimeout(20);
  return 'released';
});`;

describe('tq worker', () => {
  it.each([
    ['an ES-module', 'module' as const],
    ['a CommonJS', 'commonjs' as const],
    ['a no-type', undefined],
  ])('runs TypeScript tasks of %s project, calls from inside a task included', async (_, type) => {
    const cwd = project(
      {
        'tasks.ts': `import { defineTask } from '@tq/core';
          import { twice } from './twice.js';
          export const double = defineTask('double', (n: number): number => twice(n));
          export const quadruple = defineTask('quadruple', async (n: number): Promise<number> => {
            const half: number = await double.delay(n).get({ allowInTask: true });
            return double.delay(half).get({ allowInTask: true });
          });`,
        'twice.ts': 'export const twice = (n: number): number => 2 * n;',
      },
      type,
    );
    const env = environment();
    await using worker = startTq(['worker', '--concurrency', '2'], { cwd, env });
    await worker.line(/ready/);
    await using app = createApp({ url: env.TQ_URL, prefix: env.TQ_PREFIX });
    expect(
      await app
        .declareTask('quadruple')
        .apply([21] as never[])
        .get(),
    ).toBe(84);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stdout: '' });
  });

  it('logs what it is about to do in one line, without the password of the broker', async () => {
    const cwd = project({ 'tasks.mjs': HOLD });
    const env = environment();
    const args = ['worker', '--queues', 'a,b,c=2', '--concurrency', '1', '--hostname', 'w1', '--pool', 'async'];
    await using worker = startTq(args, { cwd, env });
    const facts = JSON.parse(await worker.line(/worker starting/));
    expect(facts).toMatchObject({
      level: 30,
      hostname: 'w1',
      broker: [expect.stringMatching(/^amqp:\/\/guest@127/)],
      prefix: env.TQ_PREFIX,
      queues: ['a (1 shared slots)', 'b (1 shared slots)', 'c (2 slots)'],
      tasks: ['hold'],
      pool: 'async',
      slots: 3,
    });
    const ready = JSON.parse(await worker.line(/ready/));
    expect(ready.queues).toEqual(['a', 'b', 'c'].map((name) => env.TQ_PREFIX + name));
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('finishes what runs after %s and ends with 0', async (signal) => {
    const cwd = project({ 'tasks.mjs': HOLD });
    const env = environment();
    await using worker = startTq(['worker', '--concurrency', '1'], { cwd, env });
    await using caller = startTq(['call', 'hold', JSON.stringify(cwd)], { env });
    await worker.line(/holding/);
    worker.kill(signal);
    expect(await worker.line(/stopping: waits up to 25s for what runs/)).toContain(signal);
    writeFileSync(join(cwd, 'release'), '');
    expect(await caller.ended).toMatchObject({ code: 0, stdout: 'released\n' });
    expect(await worker.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
  });

  it('aborts what runs at the second signal, gives it back and ends with 0', async () => {
    const cwd = project({ 'tasks.mjs': HOLD });
    const env = environment();
    await using worker = startTq(['worker', '--concurrency', '1'], { cwd, env });
    await send('hold', cwd, env);
    await worker.line(/holding/);
    worker.kill('SIGTERM');
    await worker.line(/stopping: waits/);
    worker.kill('SIGINT');
    expect(await worker.line(/stopping now: aborts what runs/)).toContain('SIGINT');
    expect((await worker.ended).code).toBe(0);
    await using peer = await openPeer();
    // What the connection still held when it was closed comes back in the broker's own time.
    while ((await queueState(peer, `${env.TQ_PREFIX}tq`))?.messages !== 1);
  });

  it('ends at once at the third signal, with 128 and its number', async () => {
    const cwd = project({ 'tasks.mjs': HOLD });
    const env = environment();
    await using worker = startTq(['worker', '--concurrency', '1'], { cwd, env });
    await send('hold', cwd, env);
    await worker.line(/holding/);
    worker.kill('SIGINT');
    await worker.line(/stopping: waits/);
    worker.kill('SIGINT');
    await worker.line(/stopping now/);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 143, stderr: expect.not.stringContaining('"msg":"stopped"') });
  });

  it('stops cold by itself when the shutdown timeout is over', async () => {
    const cwd = project({ 'tasks.mjs': HOLD });
    const env = environment();
    await using worker = startTq(['worker', '--concurrency', '1', '--shutdown-timeout', '100ms'], { cwd, env });
    await send('hold', cwd, env);
    await worker.line(/holding/);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
    expect(existsSync(join(cwd, 'release'))).toBe(false);
  });

  it('keeps trying while the broker is away, and is ready once it is back', async () => {
    await using proxy = await startProxy(brokerUrl());
    proxy.refuse();
    const cwd = project({ 'tasks.mjs': HOLD });
    await using worker = startTq(['worker', '--pool', 'async'], { cwd, env: environment(proxy.url) });
    expect(JSON.parse(await worker.line(/No connection to/))).toMatchObject({
      level: 40,
      msg: expect.stringMatching(/^No connection to amqp:\/\/guest@127\.0\.0\.1:\d+: connect ECONNREFUSED/),
    });
    await proxy.accept();
    await worker.line(/ready/);
  });

  it('stops at a signal while the broker is away, and never shows the password', async () => {
    await using proxy = await startProxy(brokerUrl());
    proxy.refuse();
    const url = new URL(proxy.url);
    url.password = 'secret';
    const cwd = project({ 'tasks.mjs': HOLD });
    await using worker = startTq(['worker', '--log-level', 'trace'], { cwd, env: environment(url.href) });
    await worker.line(/No connection to/);
    worker.kill('SIGTERM');
    const { code, stderr } = await worker.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain('secret');
  });

  it('ends with 1 when its queue exists with other properties, and says which', async () => {
    const env = environment();
    await using peer = await openPeer();
    await peer.channel.assertQueue(`${env.TQ_PREFIX}tq`, { durable: true, arguments: { 'x-queue-type': 'classic' } });
    const cwd = project({ 'tasks.mjs': HOLD });
    const { code, stderr } = await runTq(['worker', '--pool', 'async'], { cwd, env });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `The queue '${env.TQ_PREFIX}tq' exists with other properties: x-dead-letter-exchange is to be`,
    );
  });

  it.each([
    ['an exception', "throw new Error('stray')"],
    ['a rejection', "void Promise.reject(new Error('stray'))"],
  ])('logs %s that nobody catches as fatal and ends with 1', async (_, fault) => {
    const cwd = project({ 'tasks.mjs': `${HOLD}\nprocess.once('SIGUSR2', () => { ${fault}; });` });
    await using worker = startTq(['worker', '--pool', 'async'], { cwd, env: environment() });
    await worker.line(/ready/);
    worker.kill('SIGUSR2');
    expect(JSON.parse(await worker.line(/"level":60/))).toMatchObject({ err: { message: 'stray' } });
    expect((await worker.ended).code).toBe(1);
  });

  it('logs at the level that is asked for', async () => {
    const cwd = project({ 'tasks.mjs': HOLD });
    await using worker = startTq(['worker', '--pool', 'async', '--log-level', 'debug'], { cwd, env: environment() });
    await worker.line(/"level":20.*connected/);
    await worker.line(/ready/);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });
});
