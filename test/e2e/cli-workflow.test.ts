/** `tq workflow`: whoever has sent a canvas is asked how far it is. */
import { tmpdir } from 'node:os';
import { type App, chain, chord, createApp, group, type WorkflowTree } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, type Peer } from '../support/broker.js';
import { type InsideEnd, runInside } from '../support/run-inside.js';
import { openApp, silentLogger, type TestApp } from './fixtures/test-app.js';

let program: TestApp;
let peer: Peer;
beforeEach(async () => {
  program = openApp();
  peer = await openPeer();
});
afterEach(async () => {
  await program.app.close();
  await peer.channel.deleteExchange(`${program.prefix}tq.workflows`);
  await peer.close();
});

function ask(id: string, ...options: string[]): Promise<InsideEnd> {
  const env = { TQ_URL: brokerUrl(), TQ_PREFIX: program.prefix };
  return runInside(['workflow', id, ...options], { cwd: tmpdir(), env });
}

/** Nobody waits until a program can be asked, so it is asked again until it answers. */
async function answered(id: string, ...options: string[]): Promise<InsideEnd> {
  for (;;) {
    const end = await ask(id, ...options);
    if (!end.stderr.includes('No program answers')) return end;
  }
}

/** Asks with a short timeout; a broker that takes longer than that to have the question is given twice as long. */
async function unanswered(id: string): Promise<InsideEnd> {
  for (let ms = 200; ; ms *= 2) {
    const end = await ask(id, '--timeout', `${ms}ms`);
    if (!end.stderr.includes('Not confirmed')) return end;
  }
}

/** Two pages side by side, and what is done with both. */
function pages(app: App) {
  const fetchPage = app.task('fetch', (n: number): string => `page ${n}`);
  const measure = app.task('measure', (text: string): number => text.length);
  const sum = app.task('sum', (sizes: readonly number[]): number => sizes.reduce((one, other) => one + other, 0));
  return chord(
    [1, 22].map((n) => chain(fetchPage.s(n), measure.s())),
    sum.s(),
  );
}

const shape = ({ kind, task, state, children }: WorkflowTree): unknown =>
  task === undefined ? [kind, state, ...(children ?? []).map(shape)] : [task, state];

describe('tq workflow', () => {
  it('draws how far a canvas is, by the id of any part of it', async () => {
    const { app } = program;
    const result = pages(app).delay();
    await result.published;
    const before = await answered(result.id, '--json');
    expect(before).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(before.stdout)).toEqual(result.tree());
    const chainOf = (first: string, second: string) => ['chain', first, ['fetch', first], ['measure', second]];
    expect(shape(JSON.parse(before.stdout))).toEqual([
      ...['chord', 'published'],
      ['group', 'published', chainOf('published', 'pending'), chainOf('published', 'pending')],
      ['sum', 'pending'],
    ]);
    await using worker = createWorker(app, { pool: 'async' });
    await worker.start();
    expect(await result.get()).toBe(13);
    const [header] = result.tree().children ?? [];
    const [one] = header?.children ?? [];
    for (const id of [result.id, header?.id, one?.id]) {
      const { code, stdout } = await ask(id as string);
      expect(code).toBe(0);
      expect(stdout.split('\n').map((line) => line.replace(/ +[0-9a-f-]{36}$/, '').trimEnd())).toEqual([
        'WORKFLOW          STATE    ID',
        'chord             success',
        '├─ group, 2 of 2  success',
        '│  ├─ chain       success',
        '│  │  ├─ fetch    success',
        '│  │  └─ measure  success',
        '│  └─ chain       success',
        '│     ├─ fetch    success',
        '│     └─ measure  success',
        '└─ sum            success',
        '',
      ]);
    }
  });

  it('draws it for Mermaid, and says what failed and what never runs', async () => {
    const { app } = program;
    const fail = app.task('fail', (): number => {
      throw new Error('no');
    });
    const after = app.task('after', (n: number): number => n);
    await using worker = createWorker(app, { pool: 'async' });
    await worker.start();
    const result = chain(fail.s(), after.s()).delay();
    await result.get().catch(() => undefined);
    const { stdout } = await answered(result.id, '--format', 'mermaid');
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'flowchart TD',
      '  n1["fail<br>failure"]:::failure',
      '  n2["after<br>skipped"]:::skipped',
      '  n1 --> n2',
    ]);
  });

  it('watches until all has ended', async () => {
    const { app } = program;
    const add = app.task('add', (one: number, other: number): number => one + other);
    const result = group([add.s(1, 2), add.s(3, 4)]).delay();
    await answered(result.id);
    const watching = ask(result.id, '--watch', '--interval', '100ms', '--json');
    await using worker = createWorker(app, { pool: 'async' });
    await worker.start();
    const { code, stdout } = await watching;
    expect(code).toBe(0);
    const trees = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as WorkflowTree);
    expect(trees.at(-1)).toMatchObject({ state: 'success', children: [{ state: 'success' }, { state: 'success' }] });
  });

  it('says at once that no program runs that has sent a canvas, also when one has ended', async () => {
    const missing = { code: 1, stdout: '', stderr: expect.stringContaining('none that has sent one runs') };
    expect(await ask('0198c0de')).toMatchObject(missing);
    const result = pages(program.app).delay();
    await answered(result.id);
    await program.app.close();
    const { stderr } = await ask(result.id, '--json');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'workflow-missing' } });
  });

  it('says after the timeout that nobody knows the id, and that a killed program does not answer', async () => {
    const result = pages(program.app).delay();
    await answered(result.id);
    expect(await unanswered('0198c0de')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/for the workflow '0198c0de': none did within \d/),
    });
    // What a program leaves that is killed: its reply queue, bound.
    await program.app.close();
    const { queue } = await peer.channel.assertQueue('', { exclusive: true });
    await peer.channel.bindQueue(queue, `${program.prefix}tq.workflows`, '');
    const { code, stderr } = await unanswered(result.id);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`for the workflow '${result.id}': none did within`)]);
  });

  it('shows the first answer where several programs know the id, and refuses what is no tree', async () => {
    const { app, prefix } = program;
    const once = (one: App, task: string) =>
      one
        .task(task, () => 1)
        .s()
        .set({ taskId: 'same' });
    const result = group([once(app, 'mine')]).delay();
    await answered(result.id);
    await using other = createApp({ url: brokerUrl(), prefix, queueType: 'classic', logger: silentLogger });
    const further = group([once(other, 'theirs')]).delay();
    await answered(further.id);
    const { code, stdout } = await ask('same', '--json');
    expect(code).toBe(0);
    expect([result.tree(), further.tree()]).toContainEqual(JSON.parse(stdout));
    await Promise.all([app.close(), other.close()]);
    const { queue } = await peer.channel.assertQueue('', { exclusive: true });
    await peer.channel.bindQueue(queue, `${prefix}tq.workflows`, '');
    await peer.channel.consume(queue, (message) => {
      const { replyTo, correlationId } = message?.properties ?? {};
      peer.channel.sendToQueue(replyTo, Buffer.from('{"tree":{"kind":"tree"}}'), { correlationId });
    });
    expect(await ask('same')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Expected the tree of a workflow'),
    });
  });

  it('is answered whatever strangers have asked before', async () => {
    const { app, prefix, lines } = program;
    const result = pages(app).delay();
    await answered(result.id);
    const exchange = `${prefix}tq.workflows`;
    const bodies = ['', 'null', '{', '{"id":7}', `{"id":"${result.id}"}`].map((text) => Buffer.from(text));
    for (const body of bodies) {
      for (const replyTo of ['', 'nobody', `${prefix}tq`]) {
        for (const type of ['', 'tq.workflow']) peer.channel.publish(exchange, '', body, { replyTo, type });
      }
    }
    expect(await ask(result.id)).toMatchObject({ code: 0 });
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('asks nobody for canvases that a program is not to keep', async () => {
    await program.app.close();
    program = openApp({ workflowParts: 0 });
    const result = pages(program.app).delay();
    await result.published;
    expect(await ask(result.id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none that has sent one runs'),
    });
  });

  it('refuses what does not go together', async () => {
    expect(await ask('id', '--json', '--format', 'mermaid')).toMatchObject({ code: 2 });
    expect(await ask('id', '--interval', '1s')).toMatchObject({ code: 2 });
    expect(await ask('id', '--format', 'png')).toMatchObject({ code: 2 });
  });
});
