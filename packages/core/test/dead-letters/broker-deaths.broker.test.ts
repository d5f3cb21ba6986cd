/** Dead letters that the broker made, without any worker, and queues that tq did not declare. */
import { createApp } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, takeAll } from '../../../../test/support/broker.js';
import { type DeadScene, openDeadScene, silentLogger, upTo } from './dead-queue.js';

/** Takes what comes to a queue and gives it back, until the broker has had enough of it. */
async function giveBackAlways({ peer, prefix, ready }: DeadScene, queue: string): Promise<void> {
  const channel = await peer.connection.createChannel();
  await channel.consume(prefix + queue, (message) => {
    if (message !== null) channel.nack(message);
  });
  await ready(`${queue}.dead`, 1);
  await channel.close();
}

const body = Buffer.from('[[1],{},{"callbacks":null}]');
const task = { contentType: 'application/json', headers: { task: 'work', id: 'id-1', retries: 0, own: 'x' } };

it('a message that reached the delivery limit says so, goes back, and starts anew', async () => {
  await using scene = await openDeadScene('quorum');
  await scene.declare();
  scene.peer.channel.sendToQueue(`${scene.prefix}tq`, body, { ...task, persistent: true });
  await giveBackAlways(scene, 'tq');
  const { deadLetters } = scene.app;
  expect(await deadLetters.show('id-1')).toMatchObject({
    ...{ queue: 'tq', deadQueue: 'tq.dead', reason: 'delivery-limit', task: 'work', attempt: 1, argsText: '[1]' },
    ...{ error: undefined, worker: undefined, time: expect.any(Date) },
  });
  expect(await deadLetters.retry({ reason: 'delivery-limit', newerThan: '1h' })).toMatchObject({ moved: 1 });
  const [message] = await takeAll(scene.peer, `${scene.prefix}tq`);
  expect(message?.content).toEqual(body);
  const { 'x-delivery-count': deliveries = 0, ...headers } = message?.properties.headers ?? {};
  expect(headers).toEqual(task.headers);
  expect(deliveries).toBe(0);
});

it('messages of a foreign queue say why the broker dropped them, and go back to that queue', async () => {
  await using scene = await openDeadScene('classic');
  const { channel } = scene.peer;
  const foreign = `${scene.prefix}foreign`;
  const deadLetters = { deadLetterExchange: '', deadLetterRoutingKey: `${foreign}.dead` };
  await channel.assertQueue(`${foreign}.dead`);
  await channel.assertQueue(foreign, { maxLength: 1, ...deadLetters });
  channel.sendToQueue(foreign, body, { messageId: 'dropped' });
  channel.sendToQueue(foreign, body, { messageId: 'late', expiration: '1' });
  await scene.ready('foreign.dead', 2);
  channel.sendToQueue(foreign, body, { messageId: 'unwanted' });
  await scene.ready('foreign', 1);
  const unwanted = await channel.get(foreign);
  if (unwanted !== false) channel.nack(unwanted, false, false);
  await scene.ready('foreign.dead', 3);
  const found = [];
  for await (const { id, queue, reason } of scene.app.deadLetters.list({ queues: ['foreign'] })) {
    found.push([id, queue, reason]);
  }
  expect(found).toEqual([
    ['dropped', 'foreign', 'max-length'],
    ['late', 'foreign', 'expired'],
    ['unwanted', 'foreign', 'rejected'],
  ]);
  const report = await scene.app.deadLetters.retry({ queues: ['foreign'], reason: ['max-length'] });
  expect(report).toMatchObject({ matched: 1, moved: 1 });
  expect(await takeAll(scene.peer, foreign)).toMatchObject([{ content: body, properties: { messageId: 'dropped' } }]);
});

it('a caller whose call the broker gave up still waits, and gets the result when it is put back', async () => {
  await using scene = await openDeadScene('quorum');
  const { app } = scene;
  const double = app.task('double', (n: number) => 2 * n);
  await scene.declare();
  const result = double.delay(21);
  await result.published;
  await giveBackAlways(scene, 'tq');
  expect(await app.deadLetters.retry()).toMatchObject({ moved: 1 });
  const worker = createWorker(app, { pool: 'async', concurrency: 1 });
  await worker.start();
  expect(await result.get()).toBe(42);
  await worker.stop();
});

it('the queue of the celery preset gets its dead letters back, and is declared as Celery declares it', async () => {
  const prefix = freshPrefix();
  await using app = createApp({ url: brokerUrl(), prefix, preset: 'celery', logger: silentLogger });
  await using peer = await openPeer();
  const queue = `${prefix}celery`;
  const { model } = await internalsOf(app).broker().consuming.whenOpen();
  await declare(model, internalsOf(app).topologyOf(queue));
  const confirming = await peer.connection.createConfirmChannel();
  for (const n of upTo(3)) {
    const headers = { task: 'work', id: `id-${n}`, 'tq-dead-reason': 'failed' };
    confirming.publish(`${prefix}tq.dead`, queue, Buffer.from(`[[${n}], {}, {}]`), { ...task, headers });
  }
  await confirming.waitForConfirms();
  expect(await app.deadLetters.retry({ limit: 1 })).toMatchObject({ moved: 1 });
  await peer.channel.deleteQueue(queue);
  expect(await app.deadLetters.retry()).toMatchObject({ matched: 2, moved: 2 });
  await peer.channel.assertQueue(queue, { durable: true });
  expect((await takeAll(peer, queue)).map(({ content }) => String(content))).toEqual([
    '[[1], {}, {}]',
    '[[2], {}, {}]',
  ]);
});
