import { TaskFailedError, type TaskOf } from '@tq/core';
import { expect, test } from 'vitest';
import { openPeer, queueState, receive } from '../support/broker.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';

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
    expect(await worker.health(({ running }) => running === 0)).toMatchObject({ healthy: true, slots: 2 });
  },
);

test.each(QUEUE_TYPES)(
  `a task that kills its whole worker fails and leaves a dead letter after ${LIMIT} deliveries: no crash loop (%s queue)`,
  async (queueType) => {
    await using scene = await openScene({ queueType });
    const options = { concurrency: 1, deliveryLimit: LIMIT };
    const deadly = scene.tasks.killWorker.delay();
    await deadly.published;
    let deaths = 0;
    // The supervisor that every worker in earnest has.
    const supervise = async () => {
      for (;;) {
        const worker = scene.spawn(options);
        await worker.ended;
        deaths++;
      }
    };
    void supervise();
    await expectGivenUp(scene, deadly);
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
    expect(deaths).toBe(LIMIT);
    expect(scene.journal.starts({ id: deadly.id })).toHaveLength(LIMIT);
  },
);
