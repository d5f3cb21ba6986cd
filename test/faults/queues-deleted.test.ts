import { hasCode } from '@tq/core';
import { expect, test } from 'vitest';
import { brokerUrl, openPeer, type Peer, queueState, takeOne } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';
import type { WorkerProcess } from './fixtures/worker-process.js';

/** Expects a worker that consumes after its consumer was ended, and the topology that was there. */
async function expectConsuming(scene: Scene, worker: WorkerProcess, peer: Peer): Promise<void> {
  await worker.health(({ healthy }) => healthy);
  expect(await queueState(peer, scene.queue)).toMatchObject({ consumers: 1 });
  expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 0 });
  const results = numbers(20).map((n) => scene.tasks.echo.delay(n));
  expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(20));
}

test.each(['quorum', 'classic'] as const)(
  'a worker whose queue is deleted under it declares it again and consumes again (%s queue)',
  async (queueType) => {
    await using scene = await openScene({ queueType });
    await using peer = await openPeer();
    const worker = await scene.worker();
    for (let round = 0; round < 3; round++) {
      const detached = worker.health(({ queues }) => queues[0]?.attached === false);
      await peer.channel.deleteQueue(scene.queue);
      await detached;
      await expectConsuming(scene, worker, peer);
    }
  },
);

test.each(['quorum', 'classic'] as const)(
  'a task whose queue is deleted while it runs answers its caller all the same, once (%s queue)',
  async (queueType) => {
    await using scene = await openScene({ queueType });
    await using peer = await openPeer();
    const worker = await scene.worker();
    const held = scene.tasks.hold.delay(7);
    await scene.journal.entry({ event: 'started', id: held.id });
    const detached = worker.health(({ queues }) => queues[0]?.attached === false);
    await peer.channel.deleteQueue(scene.queue);
    await detached;
    await expectConsuming(scene, worker, peer);
    scene.journal.release(held.id);
    expect(await held.get(), worker.log()).toBe(7);
    expect(scene.journal.starts({ id: held.id })).toHaveLength(1);
  },
);

test('a worker whose dead-letter queue was deleted as well declares both again', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const worker = await scene.worker();
  const detached = worker.health(({ queues }) => queues[0]?.attached === false);
  await peer.channel.deleteQueue(`${scene.queue}.dead`);
  await peer.channel.deleteExchange(`${scene.prefix}tq.dead`);
  await peer.channel.deleteQueue(scene.queue);
  await detached;
  await expectConsuming(scene, worker, peer);
});

test('a call to a queue that was deleted since the last one declares it again', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const { echo } = scene.tasks;
  await echo.delay(1).published;
  await peer.channel.deleteQueue(scene.queue);
  const result = echo.delay(2);
  await result.published;
  await scene.worker();
  expect(await result.get()).toBe(2);
  expect(scene.journal.starts()).toHaveLength(1);
});

/** Learns the name of the caller's reply queue from a call that no worker takes. */
async function replyQueueOf(scene: Scene, peer: Peer): Promise<string> {
  await scene.tasks.echo.apply([0], { queue: 'untaken' }).published;
  const message = await takeOne(peer, `${scene.prefix}untaken`);
  if (message === undefined) throw new Error('expected a message in the queue, found none');
  return message.properties.replyTo;
}

test('a caller whose reply queue was deleted while it was away is told at once that replies are lost', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using scene = await openScene({ url: proxy.url });
  await using peer = await openPeer();
  const replies = await replyQueueOf(scene, peer);
  const open = scene.tasks.echo.apply([1], { queue: 'untaken' });
  await open.published;
  proxy.refuse();
  proxy.cut();
  await untilUnconsumed(peer, replies);
  await peer.channel.deleteQueue(replies);
  await proxy.accept();
  const error = await open.get().catch((thrown: unknown) => thrown);
  expect(hasCode(error, 'replies-lost'), String(error)).toBe(true);
  expect(open.state).toBe('unknown');
  // Later calls have a reply queue again.
  await scene.worker({ url: brokerUrl() });
  expect(await scene.tasks.echo.delay(2).get()).toBe(2);
});

test('a caller whose reply queue is deleted under it is told at once that replies are lost', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const replies = await replyQueueOf(scene, peer);
  const open = scene.tasks.echo.apply([1], { queue: 'untaken' });
  await open.published;
  await peer.channel.deleteQueue(replies);
  const error = await open.get().catch((thrown: unknown) => thrown);
  expect(hasCode(error, 'replies-lost'), String(error)).toBe(true);
  await scene.worker();
  expect(await scene.tasks.echo.delay(2).get()).toBe(2);
});

test('a worker whose caller is gone acknowledges the task and goes on', async () => {
  await using scene = await openScene();
  await using peer = await openPeer();
  const worker = await scene.worker({ concurrency: 1 });
  const gone = `${scene.prefix}gone`;
  await peer.channel.assertQueue(gone, { durable: true });
  const headers = { task: 'hold', id: gone };
  const options = { headers, contentType: 'application/json', correlationId: gone, replyTo: gone };
  peer.channel.sendToQueue(scene.queue, Buffer.from('[[1],{},{}]'), options);
  await scene.journal.entry({ event: 'started', id: gone });
  await peer.channel.deleteQueue(gone);
  scene.journal.release(gone);
  expect(await scene.tasks.echo.delay(2).get()).toBe(2);
  await worker.health(({ healthy, running }) => healthy && running === 0);
  expect(await queueState(peer, scene.queue)).toMatchObject({ messages: 0 });
  expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 0 });
  expect(await queueState(peer, gone)).toBeUndefined();
  expect(scene.journal.starts({ id: gone })).toHaveLength(1);
});

/** Resolves when the broker has seen the end of the queue's only consumer; AMQP has no event for that. */
async function untilUnconsumed(peer: Peer, queue: string): Promise<void> {
  while ((await queueState(peer, queue))?.consumers !== 0);
}
