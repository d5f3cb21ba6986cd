import { onWorkerReady, onWorkerStart, onWorkerStop } from '@tq/core';
import { createWorker, type Worker, type WorkerEvents } from '@tq/worker';
import { afterEach, describe, expect, it } from 'vitest';
import { openPeer } from '../support/broker.js';
import type * as tasks from './fixtures/guarded-tasks.js';
import type * as hooked from './fixtures/hooked-tasks.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

const EVENTS = [
  ...(['worker:starting', 'worker:ready', 'worker:stopping', 'worker:stopped', 'worker:blocked'] as const),
  ...(['worker:unblocked', 'queue:attached', 'queue:detached', 'task:started', 'task:succeeded'] as const),
  ...(['task:failed', 'task:lost', 'task:returned', 'task:refused'] as const),
] satisfies (keyof WorkerEvents)[];

const modules = [new URL('fixtures/guarded-tasks.js', import.meta.url)];

/** Everything that a worker tells, in order. */
function listen(worker: Worker): { name: keyof WorkerEvents; event: unknown }[] {
  const told: { name: keyof WorkerEvents; event: unknown }[] = [];
  for (const name of EVENTS) worker.on(name, (event) => told.push({ name, event }));
  return told;
}

function next<K extends keyof WorkerEvents>(worker: Worker, name: K): Promise<WorkerEvents[K]> {
  return new Promise((resolve) => {
    const leave = worker.on(name, (event) => {
      leave();
      resolve(event);
    });
  });
}

const names = (told: ReturnType<typeof listen>) => told.map(({ name }) => name);

describe('events of a worker', () => {
  it('tell its life, and how each run begins and ends', async () => {
    await using test = openApp();
    const { app, prefix } = test;
    const worker = createWorker(app, {
      tasks: modules,
      concurrency: 1,
      lostLimit: 2,
      hostname: 'tq@w1',
      broadcast: false,
    });
    const told = listen(worker);
    await worker.start();
    const echo = app.declareTask<typeof tasks.echo>('echo').apply(['hello'], { headers: { tenant: 't1' } });
    expect(await echo.get()).toBe('hello');
    const fail = app.declareTask<typeof tasks.fail>('fail').delay();
    await rejection(fail.get());
    const exit = app.declareTask<typeof tasks.exit>('exit').delay();
    await rejection(exit.get());
    const unknown = app.declareTask('no-such-task').delay();
    await rejection(unknown.get());
    await worker.stop();
    const identity = { hostname: 'tq@w1', queues: [`${prefix}tq`] };
    const run = (id: string, task: string) => ({
      ...{ id, task, queue: `${prefix}tq`, attempt: 1, rootId: id, parentId: undefined, headers: {} },
    });
    const ended = (id: string, task: string) => ({ ...run(id, task), durationMs: expect.any(Number) });
    expect(told).toEqual([
      { name: 'worker:starting', event: identity },
      { name: 'queue:attached', event: { queue: `${prefix}tq` } },
      { name: 'worker:ready', event: { ...identity, tasks: worker.taskNames(), slots: 1, subscriptions: [] } },
      { name: 'task:started', event: { ...run(echo.id, 'echo'), headers: { tenant: 't1' } } },
      { name: 'task:succeeded', event: { ...ended(echo.id, 'echo'), headers: { tenant: 't1' } } },
      { name: 'task:started', event: run(fail.id, 'fail') },
      {
        name: 'task:failed',
        event: { ...ended(fail.id, 'fail'), error: expect.objectContaining({ message: 'mapped by middleware' }) },
      },
      { name: 'task:started', event: run(exit.id, 'exit') },
      { name: 'task:lost', event: { ...ended(exit.id, 'exit'), how: 'exit code 7', losses: 1, givenUp: false } },
      { name: 'task:started', event: run(exit.id, 'exit') },
      { name: 'task:lost', event: { ...ended(exit.id, 'exit'), how: 'exit code 7', losses: 2, givenUp: true } },
      {
        name: 'task:refused',
        event: {
          ...{ id: unknown.id, task: 'no-such-task', queue: `${prefix}tq`, reason: 'unknown-task' },
          error: expect.objectContaining({ code: 'unknown-task' }),
        },
      },
      { name: 'worker:stopping', event: identity },
      { name: 'worker:stopped', event: identity },
    ]);
  });

  it('tell of a run that a cold stop gives back', async () => {
    await using test = openApp();
    const task = test.app.task('waits', () => new Promise<never>(() => undefined), { ignoreResult: true });
    const worker = createWorker(test.app, { pool: 'async', abortGrace: 1, broadcast: false });
    const started = next(worker, 'task:started');
    const returned = next(worker, 'task:returned');
    await worker.start();
    const { id } = task.delay();
    await started;
    await worker.stop({ cold: true });
    expect(await returned).toMatchObject({ id, task: 'waits' });
  });

  it('tell that a queue is gone and consumed again', async () => {
    await using test = openApp();
    test.app.task('task', () => undefined);
    await using worker = createWorker(test.app, { pool: 'async', broadcast: false });
    await worker.start();
    const queue = `${test.prefix}tq`;
    const [detached, attached] = [next(worker, 'queue:detached'), next(worker, 'queue:attached')];
    await using peer = await openPeer();
    await peer.channel.deleteQueue(queue);
    expect(await detached).toEqual({ queue, error: expect.any(Error) });
    expect(await attached).toEqual({ queue });
  });

  it('break nothing when every observer fails', async () => {
    await using test = openApp();
    const task = test.app.task('task', (n: number) => n + 1);
    const worker = createWorker(test.app, { pool: 'async', broadcast: false });
    for (const name of EVENTS) {
      worker.on(name, () => {
        throw new Error('broken observer');
      });
      worker.on(name, async () => Promise.reject(new Error('broken later')));
    }
    await worker.start();
    expect(await task.delay(1).get()).toBe(2);
    await worker.stop();
    await new Promise((resolve) => setImmediate(resolve));
    const failures = problems(test.lines).map(({ message, fields }) => [
      message,
      (fields as { event?: unknown }).event,
    ]);
    const heard = ['worker:starting', 'queue:attached', 'worker:ready', 'task:started', 'task:succeeded'];
    const all = [...heard, 'worker:stopping', 'worker:stopped'];
    const expected = all.flatMap((event) =>
      Array.from({ length: 2 }, () => ['an observer of the worker failed', event]),
    );
    expect(failures.sort()).toEqual(expected.sort());
  });
});

describe('hooks of a worker', () => {
  afterEach(() => {
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('tq.life-hooks')];
  });

  it('run before it connects, when it is ready, and when what ran is over and calls can still be published', async () => {
    await using test = openApp();
    const { app } = test;
    const task = app.task('task', () => 'done');
    const worker = createWorker(app, { pool: 'async', broadcast: false });
    const told = listen(worker);
    const steps = (name: string) => told.push({ name: name as 'worker:ready', event: undefined });
    app.on('connection:up', ({ role }) => steps(`up ${role}`));
    onWorkerStart(async (info) => {
      await new Promise((resolve) => setImmediate(resolve));
      steps(`start hook of ${info.queues.length}`);
    });
    onWorkerReady(async () => {
      steps(`ready hook: ${await task.delay().get()}`);
    });
    onWorkerStop(async () => {
      const last = task.apply([], { queue: 'later', ignoreResult: true });
      await last.published;
      steps(`stop hook: ${last.state}`);
    });
    await worker.start();
    await worker.stop();
    const connected = names(told).filter((name) => !name.startsWith('up '));
    expect(connected).toEqual([
      ...['worker:starting', 'start hook of 1', 'queue:attached', 'worker:ready'],
      ...['task:started', 'task:succeeded', 'ready hook: done'],
      ...['worker:stopping', 'stop hook: published', 'worker:stopped'],
    ]);
    const order = names(told) as string[];
    expect(order.indexOf('up publish')).toBeGreaterThan(order.indexOf('start hook of 1'));
    expect(order.indexOf('up consume')).toBeGreaterThan(order.indexOf('start hook of 1'));
  });

  it('that fail at the start keep the worker from starting, and what had begun is ended', async () => {
    await using test = openApp();
    test.app.task('task', () => undefined);
    const steps: string[] = [];
    test.app.on('connection:up', () => steps.push('connected'));
    onWorkerStart(() => steps.push('pool opened'));
    onWorkerStart(() => Promise.reject(new Error('no licence')));
    onWorkerStart(() => steps.push('never'));
    onWorkerStop(() => steps.push('pool closed'));
    const worker = createWorker(test.app, { pool: 'async', broadcast: false });
    expect(await rejection(worker.start())).toEqual(new Error('no licence'));
    expect([steps, worker.health().state]).toEqual([['pool opened', 'pool closed'], 'stopped']);
  });

  it('are found in the modules of an async pool', async () => {
    await using test = openApp();
    await using worker = createWorker(test.app, {
      pool: 'async',
      tasks: [new URL('fixtures/hooked-tasks.js', import.meta.url)],
    });
    await worker.start();
    expect(await test.app.declareTask<typeof hooked.hooksSeen>('hooks-seen').delay().get()).toEqual(['start']);
  });
});
