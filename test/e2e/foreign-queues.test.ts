/** Queues that foreign programs declare in their own way, non-durable and short-lived ones included, and plain tasks on them. */
import type { AppOptions } from '@tq/core';
import { createWorker, type Worker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, queueState, receive } from '../support/broker.js';
import { openApp, problems, type TestApp } from './fixtures/test-app.js';

const modules = [new URL('fixtures/plain-tasks.js', import.meta.url)];
/** As pika's tutorial declares `rpc_queue`, and more short-lived still. */
const THEIRS = { durable: false, autoDelete: true };
const PASSIVE = { queues: { theirs: { declare: 'passive' } } } satisfies AppOptions;

function workerOf({ app }: TestApp, pool: 'thread' | 'process' = 'thread'): Worker {
  return createWorker(app, { tasks: modules, queues: ['theirs'], concurrency: 1, pool, lostLimit: 2 });
}

/** Resolves when the worker says so for the next time. */
function next(worker: Worker, event: 'queue:attached' | 'queue:detached'): Promise<void> {
  return new Promise((resolve) => {
    const stop = worker.on(event, () => {
      stop();
      resolve();
    });
  });
}

describe.each([
  ['passive', PASSIVE],
  ['bare', { queues: { theirs: { declare: 'bare', ...THEIRS } } }],
] as const)('a queue that is non-durable and goes with its last consumer (%s)', (declare, options) => {
  it('is consumed again whenever it is there again, by whoever declares it', async () => {
    await using test = openApp(options);
    await using caller = await openPeer();
    const queue = `${test.prefix}theirs`;
    const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
    const answer = async (body: string) => {
      caller.channel.sendToQueue(queue, Buffer.from(body), { replyTo });
      const [reply] = await receive(caller, replyTo, 1);
      return reply?.content.toString();
    };
    const ask = (end: string) => answer(JSON.stringify({ url: brokerUrl(), queue, end }));
    if (declare === 'bare') await caller.channel.assertQueue(queue, THEIRS);
    await using worker = workerOf(test);
    const started = worker.start();
    await caller.channel.assertQueue(queue, THEIRS);
    await started;
    for (let round = 0; round < 2; round++) {
      const [gone, back] = [next(worker, 'queue:detached'), next(worker, 'queue:attached')];
      expect(await ask('return')).toBe('"done"');
      await gone;
      await caller.channel.assertQueue(queue, THEIRS);
      await back;
    }
    await worker.stop();
    expect(await queueState(caller, queue)).toBeUndefined();
    expect(problems(test.lines).every(({ level }) => level === 'warn')).toBe(true);
  });
});

describe('a message whose queue is gone while it runs', () => {
  it.each([
    ['return', '"done"', undefined],
    ['throw', '{"error":{"type":"Reject","message":"out of reach"}}', 'rejected'],
    ['retry', expect.stringContaining('"type":"Retry"'), 'failed'],
    ['exit', expect.stringContaining('was deleted and others are to declare it'), 'worker-lost'],
  ] as const)('is answered and ends, though nobody declares the queue again (%s)', async (end, reply, reason) => {
    await using test = openApp(PASSIVE);
    await using caller = await openPeer();
    const queue = `${test.prefix}theirs`;
    await caller.channel.assertQueue(queue, THEIRS);
    const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
    await using worker = workerOf(test, end === 'exit' ? 'process' : 'thread');
    await worker.start();
    const body = JSON.stringify({ url: brokerUrl(), queue, end });
    caller.channel.sendToQueue(queue, Buffer.from(body), { replyTo });
    const [answer] = await receive(caller, replyTo, 1);
    expect(answer?.content.toString()).toEqual(reply);
    if (reason !== undefined) {
      while ((await queueState(caller, `${queue}.dead`)) === undefined);
      const [dead] = await receive(caller, `${queue}.dead`, 1);
      expect(dead?.properties.headers).toMatchObject({ 'tq-dead-reason': reason });
      expect(dead?.content.toString()).toBe(body);
    }
    await worker.stop();
  });
});
