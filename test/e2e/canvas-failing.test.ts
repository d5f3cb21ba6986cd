/** Canvases whose steps fail, or are replaced, where nobody asks for their replies or all of it is in one worker. */
import { chain, chord, createApp, currentTask, group } from '@tq/core';
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import { openApp, rejection, silentLogger } from './fixtures/test-app.js';

function define(app: ReturnType<typeof createApp>) {
  const add = app.task('add', (a: number, b: number) => a + b);
  const fail = app.task('fail', (_before: unknown): number => {
    throw new RangeError('out of reach');
  });
  const count = app.task('count', (all: readonly unknown[]) => all.length);
  const nothing = app.task('nothing', (): unknown => currentTask().replace(group([] as ReturnType<typeof add.s>[])));
  return { add, fail, count, nothing };
}

/** What nobody asks to know of. */
const quiet = { ignoreResult: true } as const;

async function endAtOnce({ add, fail, count }: ReturnType<typeof define>): Promise<void> {
  const canvases = [
    chain(fail.s(1).set(quiet), add.s(1)),
    chain(add.s(1, 1), fail.s().set(quiet), add.s(1).set(quiet), add.s(1)),
    chain(fail.s(1).set(quiet), chord([add.s(1), add.s(2).set(quiet)], count.s())),
    chord([fail.s(1).set(quiet), add.s(1, 1)], chain(count.s().set(quiet), add.s(1))),
  ];
  for (const canvas of canvases) {
    const error = await rejection(canvas.delay().get({ timeout: 10_000 }));
    expect(error).toMatchObject({ code: 'task-failed', message: expect.stringContaining('out of reach') });
  }
  const [first] = canvases;
  const { message } = await rejection((first as (typeof canvases)[0]).delay().get());
  expect(message).toMatch(/Task 'fail' \(.*\) failed: RangeError: out of reach/);
}

it('end at once, whoever has asked not to be told of the step that fails', async () => {
  await using test = openApp();
  const tasks = define(test.app);
  await using worker = createWorker(test.app, { pool: 'async', concurrency: 4 });
  await worker.start();
  await endAtOnce(tasks);
});

it('and so they do in an eager app', async () => {
  await using app = createApp({ eager: true, logger: silentLogger });
  await endAtOnce(define(app));
});

it('name the task that fails, wherever it stands', async () => {
  await using test = openApp();
  const { add, fail, count } = define(test.app);
  await using worker = createWorker(test.app, { pool: 'async', concurrency: 4 });
  await worker.start();
  const text = /^Task 'fail' \(.*\) failed: RangeError: out of reach$/;
  const results = [
    chain(add.s(1, 1), fail.s()).delay(),
    group(add.s(1, 1), fail.s(1)).delay(),
    chord([fail.s(1)], count.s()).delay(),
    chord([add.s(1, 1)], fail.s()).delay(),
  ];
  for (const result of results) {
    const error = await rejection(result.get());
    expect(error).toMatchObject({ message: expect.stringMatching(text), fields: { task: 'fail' } });
  }
});

it('are joined when the last member to reply is what runs in the place of another, in the same worker', async () => {
  await using test = openApp();
  const { add, count, nothing } = define(test.app);
  await using worker = createWorker(test.app, { pool: 'async', concurrency: 20 });
  await worker.start();
  const results = Array.from({ length: 20 }, () => chord([nothing.s(), add.s(1, 1)], count.s()).delay());
  expect(await Promise.all(results.map((result) => result.get({ timeout: 10_000 })))).toEqual(results.map(() => 2));
});
