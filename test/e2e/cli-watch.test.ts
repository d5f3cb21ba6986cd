/** `tq worker --watch`: new code without a lost task, and signals. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type App, createApp } from '@tq/core';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState } from '../support/broker.js';
import { createProject, type Project } from '../support/project.js';
import { startTq, type TqOptions } from '../support/tq-process.js';

const projects: Project[] = [];
const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  for (const project of projects.splice(0)) project[Symbol.dispose]();
});

function createFolder(files: Readonly<Record<string, string>>) {
  const made = createProject({ type: 'module', files });
  projects.push(made);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(made.folder, path)), { recursive: true });
    writeFileSync(join(made.folder, path), text);
  };
  const env = { TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix() };
  const app = createApp({ url: env.TQ_URL, prefix: env.TQ_PREFIX });
  apps.push(app);
  return {
    env,
    write,
    release: () => write('released', ''),
    call: (name: string) => app.declareTask(name).delay().get(),
    send: (name: string) => app.declareTask(name).apply([], { ignoreResult: true }).published,
    watch: (words: readonly string[] = [], options: TqOptions = {}) =>
      startTq(['worker', '--watch', '--concurrency', '1', ...words], {
        cwd: made.folder,
        ...options,
        env: { ...env, ...options.env },
      }),
  };
}

/** `hold` runs until the file `released` is there; `version` comes from another file of the project. */
const TASKS = `import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { currentTask, defineTask } from '@tq/core';
import { version } from './lib/version.ts';
export const hold = defineTask('hold', async () => {
  currentTask().log.info({}, 'holding');
  while (!existsSync('released')) await setTimeout(20);
  return version;
});
export const tell = defineTask('tell', async () => version);`;
const version = (text: string) => `export const version: string = '${text}';`;
const PROJECT = { 'tasks.ts': TASKS, 'lib/version.ts': version('one') };

describe('tq worker --watch', () => {
  it('finishes what runs on the old code, while what waits runs on the new one', async () => {
    const { watch, call, write, release } = createFolder(PROJECT);
    await using worker = watch(['--prefetch-multiplier', '4']);
    await worker.line(/watching for changes/);
    await worker.line(/ready: consuming/);
    const held = call('hold');
    await worker.line(/holding/);
    const waiting = [call('tell'), call('tell')];
    write('lib/version.ts', version('two'));
    expect(JSON.parse(await worker.line(/changed: reloading/)).files).toEqual(['lib/version.ts']);
    await worker.line(/reloaded/);
    expect(await Promise.all(waiting)).toEqual(['two', 'two']);
    expect(await call('tell')).toBe('two');
    release();
    expect(await held).toBe('one');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
  });

  it('keeps the old code when a change does not load, shows why, and takes the change that mends it', async () => {
    const { watch, call, write } = createFolder(PROJECT);
    await using worker = watch();
    await worker.line(/ready: consuming/);
    write('lib/version.ts', 'export const version = ;');
    await worker.line(/the worker before it goes on/);
    expect(await call('tell')).toBe('one');
    write('lib/version.ts', version('three'));
    await worker.line(/reloaded/);
    expect(await call('tell')).toBe('three');
    worker.kill('SIGINT');
    const { code, stderr } = await worker.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/tasks\.ts' did not load: .*Unexpected token/s);
  });

  it('starts a worker again that ended by itself, and says that a health port is of no use', async () => {
    const { watch, call } = createFolder(PROJECT);
    await using worker = watch(['--pool', 'async'], { env: { TQ_HEALTH_PORT: '0' } });
    await worker.line(/the health port is not used/);
    const { pid } = JSON.parse(await worker.line(/ready: consuming/));
    // Killed before the supervisor has heard that it is ready, it would be code that does not start.
    expect(await call('tell')).toBe('one');
    process.kill(pid, 'SIGKILL');
    expect(JSON.parse(await worker.line(/starts again in 1 s/))).toMatchObject({ signal: 'SIGKILL' });
    await worker.line(/started again/);
    expect(await call('tell')).toBe('one');
  });

  it('waits for a change when the first code does not load', async () => {
    const { watch, call, write } = createFolder({ ...PROJECT, 'tasks.ts': 'export const x = ;' });
    await using worker = watch();
    await worker.line(/no worker runs/);
    write('tasks.ts', TASKS);
    await worker.line(/reloaded/);
    expect(await call('tell')).toBe('one');
  });

  it('ends with 2 when its command line is wrong', async () => {
    const { watch } = createFolder(PROJECT);
    expect(await watch(['--queues', 'a=x']).ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--queues: expected a number of slots after 'a=', found 'x'."),
    });
  });

  it("takes a terminal's Ctrl-C, which its worker gets as well, for one signal, and npm's echo of it too", async () => {
    const { watch, call, release } = createFolder(PROJECT);
    await using worker = watch([], { leadsGroup: true, env: { npm_lifecycle_event: 'worker' } });
    await worker.line(/ready: consuming/);
    const held = call('hold');
    await worker.line(/holding/);
    worker.interruptGroup();
    worker.kill('SIGINT');
    expect(await worker.line(/stopping: waits up to 25s/)).toContain('SIGINT');
    release();
    expect(await held).toBe('one');
    expect(await worker.ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining('stopping now') });
  });

  it('aborts what runs at the second signal, on old and new code, and gives it back', async () => {
    const { watch, send, write, env } = createFolder(PROJECT);
    await using worker = watch();
    await worker.line(/ready: consuming/);
    await send('hold');
    await worker.line(/holding/);
    write('lib/version.ts', version('two'));
    await worker.line(/reloaded/);
    worker.kill('SIGTERM');
    await worker.line(/stopping: waits.*SIGTERM|SIGTERM.*stopping: waits/);
    worker.kill('SIGINT');
    await worker.line(/stopping now/);
    expect((await worker.ended).code).toBe(0);
    await using peer = await openPeer();
    expect(await queueState(peer, `${env.TQ_PREFIX}tq`)).toEqual({ messages: 1, consumers: 0 });
  });

  it('ends at once with its workers at the third signal, with 128 and its number', async () => {
    const { watch, send } = createFolder(PROJECT);
    await using worker = watch();
    await worker.line(/ready: consuming/);
    await send('hold');
    await worker.line(/holding/);
    worker.kill('SIGINT');
    await worker.line(/stopping: waits/);
    worker.kill('SIGINT');
    await worker.line(/stopping now/);
    worker.kill('SIGTERM');
    // Its streams are the worker's as well: they end only when both are gone.
    expect(await worker.ended).toMatchObject({ code: 143, stderr: expect.not.stringContaining('"msg":"stopped"') });
  });

  it('leaves a worker that stops warm by itself when it is killed', async () => {
    const { watch, call, release } = createFolder(PROJECT);
    await using worker = watch();
    await worker.line(/ready: consuming/);
    const held = call('hold');
    await worker.line(/holding/);
    worker.kill('SIGKILL');
    await worker.line(/end of the watching process/);
    release();
    expect(await held).toBe('one');
    expect(await worker.ended).toMatchObject({ signal: 'SIGKILL', stderr: expect.stringContaining('"msg":"stopped"') });
  });
});
