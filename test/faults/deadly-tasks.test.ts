import { TaskFailedError, type TaskOf } from '@tq/core';
import { expect, test } from 'vitest';
import { openPeer, queueState, receive } from '../support/broker.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';
import type { WorkerProcess } from './fixtures/worker-process.js';

const LIMIT = 3;
const QUEUE_TYPES = ['quorum', 'classic'] as const;

/** Expects a failure with the code `worker-lost`, and one dead letter that says so. */
async function expectGivenUp(scene: Scene, result: ReturnType<TaskOf['delay']>): Promise<void> {
  const error = await result.get().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskFailedError);
  expect((error as TaskFailedError).remote).toMatchObject({ code: 'worker-lost' });
  await using peer = await openPeer();
  const [letter] = await receive(peer, `${scene.queue}.dead`, 1);
  expect(letter?.properties.headers).toMatchObject({ id: result.id, 'tq-dead-reason': 'worker-lost' });
  expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 0 });
  expect(await queueState(peer, scene.queue)).toMatchObject({ messages: 0 });
}

/** Starts a worker again whenever it ends, as whatever runs workers in earnest does. */
function supervise(start: () => WorkerProcess): AsyncDisposable & { restarts(): number } {
  let restarts = 0;
  let stopping = false;
  let worker = start();
  const watching = (async () => {
    for (;;) {
      await worker.ended;
      if (stopping) return;
      restarts++;
      worker = start();
    }
  })();
  return {
    restarts: () => restarts,
    [Symbol.asyncDispose]: async () => {
      stopping = true;
      await worker.kill();
      await watching;
    },
  };
}

test.each(QUEUE_TYPES)(
  `a task that ends its thread ${LIMIT} times fails and leaves a dead letter; its worker and other tasks are unharmed (%s queue)`,
  async (queueType) => {
    await using scene = await openScene({ queueType });
    const worker = await scene.worker({ concurrency: 2, lostLimit: LIMIT });
    const deadly = scene.tasks.exitThread.delay();
    const others = numbers(20).map((n) => scene.tasks.echo.delay(n, 5));
    await expectGivenUp(scene, deadly);
    expect(await Promise.all(others.map((result) => result.get()))).toEqual(numbers(20));
    expect(scene.journal.starts({ id: deadly.id }), worker.log()).toHaveLength(LIMIT);
    expect(scene.journal.starts()).toHaveLength(LIMIT + others.length);
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
    expect(await worker.health(({ running, healthy }) => running === 0 && healthy)).toMatchObject({
      healthy: true,
      slots: 2,
    });
  },
);

test.each(QUEUE_TYPES)(
  `a task that kills its whole worker fails and leaves a dead letter after ${LIMIT} deliveries: no crash loop (%s queue)`,
  async (queueType) => {
    await using scene = await openScene({ queueType });
    const deadly = scene.tasks.killWorker.delay();
    await deadly.published;
    await using supervisor = supervise(() => scene.spawn({ concurrency: 1, deliveryLimit: LIMIT }));
    await expectGivenUp(scene, deadly);
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
    expect(supervisor.restarts()).toBe(LIMIT);
    expect(scene.journal.starts({ id: deadly.id })).toHaveLength(LIMIT);
  },
);
