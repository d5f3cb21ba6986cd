import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { expect, it } from 'vitest';
import type { Link } from '../../src/broker/connection.js';
import { Rpc } from '../../src/results/rpc.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { FakeConnection } from '../broker/fake-link.js';
import { testRuntime } from '../test-runtime.js';

const turns = () => new Promise<void>((resolve) => setTimeout(resolve));

/** A cluster of which one queue's node can be away. */
function setup(maxWaiters: number) {
  const state = { away: '' };
  const consumers = new Map<string, (message: unknown) => void>();
  const createChannel = async () =>
    Object.assign(new EventEmitter(), {
      prefetch: async () => undefined,
      consume: async (queue: string, onMessage: (message: unknown) => void) => {
        consumers.set(queue, onMessage);
        return { consumerTag: 'c' };
      },
      ack: () => undefined,
      assertQueue: async () => undefined,
      close: async () => undefined,
      checkQueue: async (queue: string) => {
        if (queue !== state.away) return { messageCount: 0, consumerCount: 0 };
        throw Object.assign(new Error(`home node 'a' of durable queue '${queue}' is down`), { code: 404 });
      },
    });
  const fake = new FakeConnection();
  const runtime = testRuntime(new ManualClock());
  const rpc = new Rpc({ connection: fake.connection, queue: 'replies', maxWaiters, runtime });
  const up = () => {
    const link: Link = { epoch: 1, model: { createChannel } as unknown as ChannelModel };
    fake.link = link;
    for (const user of fake.users) user.linkUp(link);
  };
  const told: unknown[] = [];
  const register = (id: string) =>
    rpc.register(id, {
      confirmed: () => undefined,
      failed: (error) => told.push([id, (error as { code?: unknown }).code]),
      replied: ({ status }) => told.push([id, status]),
    });
  /** A task's success comes to this queue. */
  const reply = (queue: string, taskId: string) => {
    const body = Buffer.from(JSON.stringify({ task_id: taskId, status: 'SUCCESS', result: 1 }));
    consumers.get(queue)?.({ content: body, properties: { correlationId: taskId }, fields: { deliveryTag: 1 } });
  };
  return { state, fake, rpc, up, told, register, reply };
}

it('gives up the oldest waiter of all its queues, not the first one of a new queue', async () => {
  const { state, fake, rpc, up, told, register } = setup(2);
  const started = rpc.start();
  up();
  await started;
  register('one');
  register('two');
  fake.down();
  state.away = 'replies';
  up();
  await turns();
  expect(rpc.queue).toBe('replies.2');
  register('three');
  register('four');
  expect(told).toEqual([
    ['one', 'result-forgotten'],
    ['two', 'result-forgotten'],
  ]);
});

it('gives a reply to who waits for it, whichever of its queues it comes to', async () => {
  const { state, fake, rpc, up, told, register, reply } = setup(2);
  const started = rpc.start();
  up();
  await started;
  register('body');
  fake.down();
  state.away = 'replies';
  up();
  await turns();
  register('member');
  reply('replies.2', 'body');
  reply('replies.2', 'body');
  expect(told).toEqual([['body', 'SUCCESS']]);
});

it('has caught up where each of its queues is consumed that somebody waits at', async () => {
  const { state, fake, rpc, up, register } = setup(2);
  const started = rpc.start();
  up();
  await started;
  register('one');
  expect(await rpc.caughtUp()).toBe(true);
  fake.down();
  expect(await rpc.caughtUp()).toBe(false);
  state.away = 'replies';
  up();
  await turns();
  expect(rpc.queue).toBe('replies.2');
  expect(await rpc.caughtUp()).toBe(false);
  rpc.forget('one');
  expect(await rpc.caughtUp()).toBe(true);
});
