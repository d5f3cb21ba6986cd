import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { expect, test } from 'vitest';
import { brokerUrl, openPeer, type Peer, queueState, receive } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { openScene, type Scene } from './fixtures/scene.js';

/** Seconds; the broker takes a worker's deliveries away after two. */
const HEARTBEAT = 1;
/** How long the task takes; shorter than the broker needs to give the worker up. */
const TASK_MS = 1_000;

/** Calls a task as a plain AMQP program, with a reply queue in which every reply can be counted. */
async function call(task: string, args: unknown[], scene: Scene, peer: Peer, replyTo: string): Promise<string> {
  const id = randomUUID();
  await peer.channel.assertQueue(replyTo, { durable: true });
  const headers = { task, id };
  const options = { headers, contentType: 'application/json', correlationId: id, replyTo, persistent: true };
  peer.channel.sendToQueue(scene.queue, Buffer.from(JSON.stringify([args, {}, {}])), options);
  return id;
}

function textOf(message: ConsumeMessage | undefined): unknown {
  return message && JSON.parse(message.content.toString());
}

test.each([
  ['thread', 'quorum'],
  ['thread', 'classic'],
  ['async', 'quorum'],
] as const)(
  'a worker frozen past its heartbeat does not answer a task that another one took meanwhile, and consumes again (%s pool, %s queue)',
  async (pool, queueType) => {
    await using scene = await openScene({ heartbeat: HEARTBEAT, queueType });
    await using peer = await openPeer();
    const frozen = await scene.worker({ pool });
    const replies = `${scene.prefix}replies`;
    const id = await call('echo', [7, TASK_MS], scene, peer, replies);
    await scene.journal.entry({ event: 'started', id, pid: frozen.pid });
    frozen.signal('SIGSTOP');
    const other = await scene.worker();
    await scene.journal.entry({ event: 'started', id, pid: other.pid });
    const [reply] = await receive(peer, replies, 1);
    expect(textOf(reply)).toMatchObject({ task_id: id, status: 'SUCCESS', result: 7 });
    other.signal('SIGTERM');
    await other.ended;
    // The frozen one's task is due as well: it ends at once, before anybody there has read that the connection is gone.
    frozen.signal('SIGCONT');

    // What it wanted to say of the old task would come before its reply to the next one.
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
    await frozen.health(({ healthy, running, ended }) => healthy && running === 0 && ended.success === 2);
    expect(await queueState(peer, replies), frozen.log()).toMatchObject({ messages: 0 });
    expect(await queueState(peer, scene.queue)).toMatchObject({ messages: 0, consumers: 1 });
    expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 0 });
    expect(scene.journal.starts({ id }).map(({ pid }) => pid)).toEqual([frozen.pid, other.pid]);
  },
  60_000,
);

test.each(['thread', 'async'] as const)(
  'a frozen worker that lost the connection it consumes on, and not the one it publishes on, answers nothing (%s pool)',
  async (pool) => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openScene({ heartbeat: HEARTBEAT });
    await using peer = await openPeer();
    // The URL's heartbeat is the connections', so that the broker gives up only the one that this test cuts.
    const frozen = await scene.worker({ pool, url: `${proxy.url}?heartbeat=60` });
    const replies = `${scene.prefix}replies`;
    const id = await call('echo', [7, TASK_MS], scene, peer, replies);
    await scene.journal.entry({ event: 'started', id, pid: frozen.pid });
    frozen.signal('SIGSTOP');
    expect(proxy.cut('tq consume')).toBe(1);
    const other = await scene.worker();
    await scene.journal.entry({ event: 'started', id, pid: other.pid });
    const [reply] = await receive(peer, replies, 1);
    expect(textOf(reply)).toMatchObject({ task_id: id, result: 7 });
    other.signal('SIGTERM');
    await other.ended;
    frozen.signal('SIGCONT');
    expect(await scene.tasks.echo.delay(1).get()).toBe(1);
    await frozen.health(({ healthy, running, ended }) => healthy && running === 0 && ended.success === 2);
    expect(await queueState(peer, replies), frozen.log()).toMatchObject({ messages: 0 });
  },
  60_000,
);

test('a worker frozen past its heartbeat does not fork a task whose thread died with it: one chain of copies, one dead letter', async () => {
  await using scene = await openScene({ heartbeat: HEARTBEAT });
  await using peer = await openPeer();
  const frozen = await scene.worker();
  const replies = `${scene.prefix}replies`;
  const id = await call('holdThenExit', [], scene, peer, replies);
  await scene.journal.entry({ event: 'started', id, pid: frozen.pid });
  const other = await scene.worker({ lostLimit: 3 });
  frozen.signal('SIGSTOP');
  await scene.journal.entry({ event: 'started', id, pid: other.pid });
  scene.journal.release(id);
  const [reply] = await receive(peer, replies, 1);
  expect(textOf(reply)).toMatchObject({ task_id: id, status: 'FAILURE' });
  other.signal('SIGTERM');
  await other.ended;
  frozen.signal('SIGCONT');
  await scene.journal.entry({ event: 'released', id, pid: frozen.pid });

  expect(await scene.tasks.echo.delay(1).get()).toBe(1);
  await frozen.health(({ healthy, running }) => healthy && running === 0);
  expect(await queueState(peer, replies), frozen.log()).toMatchObject({ messages: 0 });
  expect(await queueState(peer, `${scene.queue}.dead`)).toMatchObject({ messages: 1 });
  expect(scene.journal.starts({ id }).map(({ pid }) => pid)).toEqual([frozen.pid, other.pid, other.pid, other.pid]);
});

test('a worker frozen past its heartbeat with nobody else there goes on with the task when it thaws, and answers once', async () => {
  await using scene = await openScene({ heartbeat: HEARTBEAT });
  await using peer = await openPeer();
  const worker = await scene.worker();
  const replies = `${scene.prefix}replies`;
  const id = await call('hold', [7], scene, peer, replies);
  await scene.journal.entry({ event: 'started', id });
  worker.signal('SIGSTOP');
  await untilUnconsumed(peer, scene.queue);
  worker.signal('SIGCONT');
  await worker.health(({ healthy }) => !healthy);
  await worker.health(({ healthy }) => healthy);
  expect(await scene.tasks.echo.delay(1).get()).toBe(1);
  scene.journal.release(id);
  const [reply] = await receive(peer, replies, 1);
  expect(textOf(reply)).toMatchObject({ task_id: id, result: 7 });
  await worker.health(({ running }) => running === 0);
  expect(await queueState(peer, replies)).toMatchObject({ messages: 0 });
  expect(scene.journal.starts({ id })).toHaveLength(1);
});

/** Resolves when the broker has given the queue's only consumer up; AMQP has no event for that. */
async function untilUnconsumed(peer: Peer, queue: string): Promise<void> {
  while ((await queueState(peer, queue))?.consumers !== 0);
}
