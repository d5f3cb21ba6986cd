/** One call that every worker runs. */
import { type App, broadcast, type DeadLetter, type TaskOf } from '@tq/core';
import { createWorker, type Worker, type WorkerEvents } from '@tq/worker';
import { expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { runTq } from '../support/tq-process.js';
import type * as tasks from './fixtures/broadcast-tasks.js';
import { openApp } from './fixtures/test-app.js';

const MODULES = [new URL('fixtures/broadcast-tasks.js', import.meta.url)];
const declared = (app: App) => ({
  refresh: app.declareTask<typeof tasks.refresh>('refresh'),
  breaks: app.declareTask<typeof tasks.breaks>('breaks'),
  spread: app.declareTask<typeof tasks.spread>('spread'),
});

/** Resolves with the next event of a kind about this task. */
function next<K extends 'task:succeeded' | 'task:failed'>(
  worker: Worker,
  name: K,
  id: string,
): Promise<WorkerEvents[K]> {
  return new Promise((resolve) => {
    worker.on(name, (event) => {
      if (event.id === id) resolve(event);
    });
  });
}

/** Every start of a task in a worker, by its id. */
function startsOf(worker: Worker): string[] {
  const starts: string[] = [];
  worker.on('task:started', ({ id }) => starts.push(id));
  return starts;
}

it('is run by every worker once, whatever its pool, and by none that turned that off', async () => {
  await using test = openApp();
  const { refresh } = declared(test.app);
  const pools = ['thread', 'process', 'async'] as const;
  const workers = pools.map((pool) => createWorker(test.app, { pool, tasks: MODULES, concurrency: 1 }));
  const deaf = createWorker(test.app, { pool: 'async', tasks: MODULES, broadcast: false });
  const all = [...workers, deaf];
  const starts = all.map(startsOf);
  await Promise.all(all.map((worker) => worker.start()));
  try {
    const first = broadcast(refresh).delay('one');
    await Promise.all(workers.map((worker) => next(worker, 'task:succeeded', first.id)));
    const second = test.app.broadcast(refresh).apply(['two'], { headers: { why: 'again' } });
    const ends = await Promise.all(workers.map((worker) => next(worker, 'task:succeeded', second.id)));
    expect(ends.map(({ headers }) => headers)).toEqual(pools.map(() => ({ why: 'again' })));
    expect(await refresh.delay('three').get()).toBe('three');
    const broadcasts = starts.map((ids) => ids.filter((id) => id === first.id || id === second.id));
    expect(broadcasts).toEqual([...pools.map(() => [first.id, second.id]), []]);
    expect(workers[0]?.health().subscriptions).toMatchObject([{ name: 'tq.broadcast.all', attached: true }]);
  } finally {
    await Promise.all(all.map((worker) => worker.stop()));
  }
});

it('resolves when it is published, also where nobody is there to run it', async () => {
  await using test = openApp();
  await broadcast(declared(test.app).refresh).delay('nobody');
});

it('can be made by a task, and start later', async () => {
  await using test = openApp({ delayUnit: 10 });
  await using worker = createWorker(test.app, { pool: 'thread', tasks: MODULES, concurrency: 2 });
  await worker.start();
  const { spread, refresh } = declared(test.app);
  const ids = startsOf(worker);
  const byTask = await spread.delay('from inside').get();
  const later = broadcast(refresh).apply(['later'], { countdown: 50 });
  await next(worker, 'task:succeeded', later.id);
  expect(ids.filter((id) => id === byTask)).toHaveLength(1);
});

it('can be made with tq call --broadcast, which prints its id', async () => {
  await using test = openApp();
  await using worker = createWorker(test.app, { pool: 'async', tasks: MODULES });
  const ids = startsOf(worker);
  await worker.start();
  const env = { TQ_URL: brokerUrl(), TQ_PREFIX: test.prefix };
  const started = new Promise((resolve) => worker.on('task:started', resolve));
  const { code, stdout } = await runTq(['call', 'refresh', '"prices"', '--broadcast'], { env });
  await started;
  expect({ code, id: stdout.trim() }).toEqual({ code: 0, id: ids[0] });
  const refused = await runTq(['call', 'refresh', '--broadcast', '--queue', 'mail'], { env });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('expected no --queue beside it') });
});

it('is nothing to a worker that does not know its task', async () => {
  await using test = openApp();
  await using worker = createWorker(test.app, { pool: 'thread', tasks: MODULES, concurrency: 1 });
  const refused: unknown[] = [];
  worker.on('task:refused', (event) => refused.push(event));
  await worker.start();
  await broadcast(test.app.declareTask('only-elsewhere')).delay();
  const known = broadcast(declared(test.app).refresh).delay('known');
  await next(worker, 'task:succeeded', known.id);
  expect(refused).toEqual([]);
  await using peer = await openPeer();
  expect(await queueState(peer, `${test.prefix}tq.broadcast.all.dead`)).toBeUndefined();
});

it('is tried again by each worker on its own, and leaves its dead letters under one name, which cannot be put back', async () => {
  await using test = openApp({ delayUnit: 10 });
  const workers = [1, 2].map(() => createWorker(test.app, { pool: 'async', tasks: MODULES, concurrency: 1 }));
  const starts = workers.map(startsOf);
  await Promise.all(workers.map((worker) => worker.start()));
  try {
    const call = broadcast(declared(test.app).breaks).delay();
    await Promise.all(workers.map((worker) => next(worker, 'task:failed', call.id)));
    expect(starts).toEqual([1, 2].map(() => [call.id, call.id]));
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
  }
  const letters: DeadLetter[] = [];
  for await (const letter of test.app.deadLetters.list()) letters.push(letter);
  expect(letters).toMatchObject([1, 2].map(() => ({ queue: 'tq.broadcast.all', task: 'breaks', reason: 'failed' })));
  expect(await test.app.deadLetters.retry()).toMatchObject({ matched: 2, moved: 0, skipped: 2 });
});

it('reaches a worker again that has lost its connection, and not one that was away', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using caller = openApp();
  await using test = openApp({ url: proxy.url, prefix: caller.prefix });
  await using worker = createWorker(test.app, { pool: 'async', tasks: MODULES });
  const starts = startsOf(worker);
  await worker.start();
  const { refresh } = declared(caller.app);
  proxy.refuse();
  const lost = new Promise((resolve) => worker.on('queue:detached', resolve));
  proxy.cut();
  await lost;
  await broadcast(refresh).delay('missed');
  const [queue] = worker.health().subscriptions.map((subscription) => subscription.queue);
  const back = new Promise<void>((resolve) => {
    worker.on('queue:attached', (event) => {
      if (event.queue === queue) resolve();
    });
  });
  await proxy.accept();
  await back;
  const heard = broadcast(refresh).delay('heard');
  await next(worker, 'task:succeeded', heard.id);
  expect(starts).toEqual([heard.id]);
});

it('waits its turn in a worker whose slots are busy, runs meanwhile in others, and goes with a worker that stops', async () => {
  await using test = openApp();
  await using other = openApp({ prefix: test.prefix });
  await using caller = openApp({ prefix: test.prefix });
  const releases: (() => void)[] = [];
  const hold = test.app.task('hold', () => new Promise<void>((resolve) => void releases.push(resolve)));
  const runs: string[] = [];
  for (const [name, { app }] of Object.entries({ busy: test, free: other })) {
    app.task('tell', (what: string) => void runs.push(`${what} in ${name}`));
  }
  await using worker = createWorker(test.app, { pool: 'async', concurrency: 1 });
  await using free = createWorker(other.app, { pool: 'async', concurrency: 1, queues: [] });
  await Promise.all([worker.start(), free.start()]);
  const starts = startsOf(worker);
  const occupy = async () => {
    const { id } = hold.delay();
    while (!starts.includes(id)) await new Promise((resolve) => worker.on('task:started', resolve));
  };
  await occupy();
  const tell = caller.app.declareTask<TaskOf<'tell', (what: string) => void>>('tell');
  const first = broadcast(tell).delay('first');
  await next(free, 'task:succeeded', first.id);
  expect(runs).toEqual(['first in free']);
  const ended = next(worker, 'task:succeeded', first.id);
  releases.pop()?.();
  await ended;
  expect(runs).toEqual(['first in free', 'first in busy']);
  // What a worker has not begun when it stops was for it alone, and goes with its queue.
  await occupy();
  const second = broadcast(tell).delay('second');
  await next(free, 'task:succeeded', second.id);
  await worker.stop({ onDetached: () => releases.pop()?.() });
  await using back = createWorker(test.app, { pool: 'async', concurrency: 1 });
  await back.start();
  const third = broadcast(tell).delay('third');
  await next(back, 'task:succeeded', third.id);
  expect(runs.filter((run) => run.endsWith('busy'))).toEqual(['first in busy', 'third in busy']);
});

it('reaches each of many workers once', async () => {
  const prefix = freshPrefix();
  const tests = Array.from({ length: 12 }, () => openApp({ prefix }));
  const runs = tests.map(() => [] as number[]);
  for (const [at, { app }] of tests.entries()) app.task('tell', (n: number) => void runs[at]?.push(n));
  const workers = tests.map(({ app }) => createWorker(app, { pool: 'async', queues: [], concurrency: 2 }));
  try {
    await Promise.all(workers.map((worker) => worker.start()));
    const tell = tests[0]?.app.declareTask<TaskOf<'tell', (n: number) => void>>('tell');
    if (tell === undefined) throw new Error('expected an app, found none');
    const calls = Array.from({ length: 20 }, (_, n) => broadcast(tell).delay(n));
    await Promise.all(calls.flatMap(({ id }) => workers.map((worker) => next(worker, 'task:succeeded', id))));
    const all = Array.from({ length: 20 }, (_, n) => n);
    expect(runs.map((own) => own.sort((one, other) => one - other))).toEqual(workers.map(() => all));
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all(tests.map(({ app }) => app.close()));
  }
});

it.each([undefined, 'refresh', {}, () => undefined])('is refused of %j, which is no task', (thing) => {
  expect(() => broadcast(thing as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});
