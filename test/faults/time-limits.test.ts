import { createApp, type Logger, TaskFailedError } from '@tq/core';
import { createWorker, type WorkerOptions } from '@tq/worker';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState, receive } from '../support/broker.js';
import type * as tasks from './fixtures/limited-tasks.js';
import { openRunNotes } from './fixtures/run-notes.js';

const TASKS = new URL('./fixtures/limited-tasks.js', import.meta.url);
const KILLING_POOLS = ['thread', 'process'] as const;
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** A started worker with a caller, both in this process. */
async function open(options: WorkerOptions) {
  const prefix = freshPrefix();
  const app = createApp({ url: brokerUrl(), prefix, logger: SILENT });
  const worker = createWorker(app, { tasks: [TASKS], ...options });
  await worker.start();
  return {
    queue: `${prefix}tq`,
    worker,
    spin: app.declareTask<typeof tasks.spin>('spin'),
    spinLimited: app.declareTask<typeof tasks.spinLimited>('spin.limited'),
    heed: app.declareTask<typeof tasks.heed>('heed'),
    tidy: app.declareTask<typeof tasks.tidy>('tidy'),
    quick: app.declareTask<typeof tasks.quick>('quick'),
    [Symbol.asyncDispose]: async () => {
      await worker.stop({ cold: true });
      await app.close();
    },
  };
}

async function failureOf(result: { get(): Promise<unknown> }): Promise<TaskFailedError> {
  const error = await result.get().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskFailedError);
  return error as TaskFailedError;
}

test.each(KILLING_POOLS)(
  'a task in an endless loop ends at its hard limit with a failure and a dead letter, once, and others are unharmed (pool %s)',
  async (pool) => {
    using notes = openRunNotes();
    await using scene = await open({ pool, concurrency: 2 });
    const stuck = scene.spin.apply([], { timeLimit: 300 });
    const others = Array.from({ length: 50 }, (_, n) => scene.quick.delay(n));
    const after = scene.tidy.apply([], { softTimeLimit: 600 });
    expect((await failureOf(stuck)).remote).toMatchObject({
      name: 'TimeLimitError',
      code: 'time-limit',
      message: expect.stringContaining("Task 'spin' ran longer than its time limit of 300 ms"),
    });
    expect(await Promise.all(others.map((other) => other.get()))).toEqual(others.map((_, n) => n));
    expect(await after.get()).toBe('soft-time-limit');
    const next = await Promise.all([scene.quick.delay(100).get(), scene.quick.delay(101).get()]);
    expect(next).toEqual([100, 101]);

    await using peer = await openPeer();
    const [letter] = await receive(peer, `${scene.queue}.dead`, 1);
    expect(letter?.properties.headers).toMatchObject({
      id: stuck.id,
      timelimit: [0.3, null],
      'tq-dead-reason': 'failed',
      'tq-dead-error': expect.stringContaining('TimeLimitError: '),
    });
    expect(await queueState(peer, scene.queue)).toMatchObject({ messages: 0 });
    expect(notes.lines().filter(([what]) => what === 'spin')).toHaveLength(1);
    expect(scene.worker.health()).toMatchObject({ healthy: true, slots: 2, ended: { failure: 1, lost: 0 } });
  },
);

test.each(KILLING_POOLS)(
  "a worker knows its tasks' own limits, also for callers that only declare them, and has one for all others (pool %s)",
  async (pool) => {
    using _notes = openRunNotes();
    await using scene = await open({ pool, concurrency: 2, timeLimit: 500 });
    const [own, workers] = await Promise.all([scene.spinLimited.delay(), scene.spin.delay()].map(failureOf));
    expect(own?.message).toContain('its time limit of 300 ms');
    expect(workers?.message).toContain('its time limit of 500 ms');
  },
);

test.each([...KILLING_POOLS, 'async'] as const)(
  'a task is told to end at its soft limit: it fails with that, or succeeds if it ends its work (pool %s)',
  async (pool) => {
    using _notes = openRunNotes();
    await using scene = await open({ pool, concurrency: 4, softTimeLimit: 400 });
    const call = failureOf(scene.heed.apply([], { softTimeLimit: 50 }));
    const worker = failureOf(scene.heed.delay());
    const tidied = scene.tidy.apply([], { softTimeLimit: 50 });
    expect((await call).remote).toMatchObject({ name: 'SoftTimeLimitError', code: 'soft-time-limit' });
    expect((await call).message).toContain('soft time limit of 50 ms');
    expect((await worker).message).toContain('soft time limit of 400 ms');
    expect(await tidied.get()).toBe('soft-time-limit');
    expect(await scene.quick.delay(1).get()).toBe(1);
  },
);

test('a queue takes limits as Celery sends them, fractions of a second included', async () => {
  using _notes = openRunNotes();
  await using scene = await open({ concurrency: 1 });
  await using peer = await openPeer();
  const headers = { lang: 'py', task: 'spin', id: 'from-python', timelimit: [0.25, { '!': 'double', value: 0.125 }] };
  const { channel } = peer;
  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
  channel.sendToQueue(scene.queue, Buffer.from('[[], {}, {"callbacks": null}]'), {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    correlationId: 'from-python',
    replyTo,
    headers,
  });
  const [reply] = await receive(peer, replyTo, 1);
  expect(JSON.parse(String(reply?.content))).toMatchObject({
    status: 'FAILURE',
    task_id: 'from-python',
    result: { exc_type: 'TimeLimitError', exc_message: [expect.stringContaining('250 ms')] },
  });
});
