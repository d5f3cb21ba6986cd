/**
 * A cluster of which one node is stopped: a classic queue that is there is away, and comes back with it; callers and
 * workers that were on it go on with the other, and a chord whose queue is away is joined once that is back.
 */
import { createApp, type Logger } from '@tq/core';
import { declare, internalsOf, type TaskStep } from '@tq/core/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPeer, queueState } from '../support/broker.js';
import { callOf, openCaller, sendChord } from '../support/chords.js';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';
import type * as tasks from './fixtures/tasks.js';

const SLOTS = 3;
const TASKS = 200;
const WAITING = 20;
/** Until the tasks that wait are due: longer than it takes to stop a node. */
const COUNTDOWN_MS = 12_000;

/** The node that everybody else stays on, and the one that is stopped and started. */
let stays: RabbitServer;
let goes: RabbitServer;
/** A third one, so that quorum queues have a majority without the one that goes. */
let third: RabbitServer;

beforeAll(async () => {
  stays = await startRabbit();
  goes = await startRabbit({ cluster: stays });
  third = await startRabbit({ cluster: stays });
});

afterAll(async () => {
  await third?.stop();
  await goes?.stop();
  await stays?.stop();
});

/** A queue's home is the node that its declaration comes to. */
async function declareOn(node: RabbitServer, scene: Scene, ...queues: string[]): Promise<void> {
  await using peer = await openPeer(node.url);
  for (const queue of queues) await declare(peer.connection, internalsOf(scene.app).topologyOf(scene.prefix + queue));
}

/** Lines of rabbitmqctl about one queue, the name left out. */
async function ctl(queue: string, what: string, ...columns: string[]): Promise<string[]> {
  const nameColumn = what === 'list_consumers' ? 'queue_name' : 'name';
  const listed = await stays.ctl(what, '--no-table-headers', nameColumn, ...columns);
  const lines = listed.split('\n').map((line) => line.split('\t'));
  return lines.filter(([name]) => name === queue).map(([, ...rest]) => rest.join(' '));
}

/** A logger that resolves `first` with the error of the first warning that has this text. */
function watchFor(text: string): { readonly logger: Logger; readonly first: Promise<string> } {
  let seen: (error: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => {
    seen = resolve;
  });
  const warn = (fields: object, message: string) => {
    if (message.includes(text)) seen(String((fields as { err?: unknown }).err));
  };
  return { logger: { trace() {}, debug() {}, info() {}, warn, error() {} }, first };
}

test('a queue that is away with its node is waited for, by its worker and by whoever calls', async () => {
  await using scene = await openScene({ url: stays.url, queueType: 'classic' });
  await declareOn(goes, scene, 'tq');
  const worker = await scene.worker({ concurrency: SLOTS });
  const { logger, first } = watchFor('cannot look at the destination yet; trying again');
  await using app = createApp({ url: stays.url, prefix: scene.prefix, queueType: 'classic', logger });
  const echo = app.declareTask<typeof tasks.echo>('echo');
  expect(await echo.delay(1).get()).toBe(1);
  expect(await ctl(scene.queue, 'list_consumers', 'prefetch_count')).toEqual([String(SLOTS)]);

  await goes.halt();
  const gone = await worker.health(({ queues }) => queues.every(({ attached }) => !attached));
  expect(gone).toMatchObject({ healthy: false, state: 'running' });
  const result = echo.delay(2);
  expect(await first).toMatch(/home node .* is down/);
  expect(result.state).toBe('pending');

  await goes.startAgain();
  expect(await result.get()).toBe(2);
  await worker.health(({ healthy }) => healthy);
  expect(worker.log()).toContain('the consumer was cancelled by the broker');
  expect(worker.log()).not.toContain('Connection lost');
  expect(await ctl(scene.queue, 'list_consumers', 'prefetch_count')).toEqual([String(SLOTS)]);
  expect(scene.journal.starts()).toHaveLength(2);
});

test('a reply whose queue is away with its node is kept with its delivery, and sent when the node is back', async () => {
  await using scene = await openScene({ url: stays.url, queueType: 'classic' });
  const worker = await scene.worker({ concurrency: SLOTS });
  await using app = createApp({
    url: goes.url,
    prefix: scene.prefix,
    queueType: 'classic',
    logger: watchFor('').logger,
  });
  const result = app.declareTask<typeof tasks.hold>('hold').delay(7);
  await scene.journal.entry({ event: 'started', id: result.id });

  await goes.halt();
  scene.journal.release(result.id);
  await scene.journal.entry({ event: 'released', id: result.id });
  // The worker's own queue is alive: other tasks go on beside the one whose reply waits.
  expect(await scene.tasks.echo.delay(1).get()).toBe(1);
  expect(await ctl(scene.queue, 'list_queues', 'messages_unacknowledged')).toEqual(['1']);

  await goes.startAgain();
  expect(await result.get()).toBe(7);
  expect(await worker.health(({ running }) => running === 0)).toMatchObject({ healthy: true });
  expect(scene.journal.starts({ id: result.id })).toHaveLength(1);
  expect(await ctl(scene.queue, 'list_queues', 'messages')).toEqual(['0']);
});

test('a chord whose queue is away with its node is joined when the node is back, and no reply to it is missed', async () => {
  await using scene = await openScene({ url: stays.url, queueType: 'classic' });
  const worker = await scene.worker({ concurrency: 2 });
  await using here = await openPeer(stays.url);
  const caller = await openCaller(here, scene.prefix);
  const early = callOf('echo', [0]);
  const told = callOf('hold', [1]);
  const untold = callOf('hold', [2], { options: { ignoreResult: true } });
  const body = callOf('echo');
  const { queue } = await sendFrom(goes, [early, told, untold], body, { scene, replyTo: caller.replyTo });
  for (const { id } of [told, untold]) await scene.journal.entry({ event: 'started', id });
  while ((await queueState(here, queue))?.messages !== 1);

  await goes.halt();
  for (const { id } of [told, untold]) scene.journal.release(id);
  // Its caller is told, and the reply to the chord is kept with its delivery.
  expect((await caller.reply(told.id)).result).toBe(1);
  expect(await ctl(scene.queue, 'list_queues', 'messages_unacknowledged')).toEqual(['2']);

  await goes.startAgain();
  expect((await caller.reply(body.id)).result, worker.log()).toEqual([0, 1, 2]);
  while ((await queueState(here, queue)) !== undefined);
  await worker.health(({ running, healthy }) => running === 0 && healthy);
  expect([early, told, untold, body].map(({ id }) => scene.journal.starts({ id }).length)).toEqual([1, 1, 1, 1]);
  expect(await ctl(scene.queue, 'list_queues', 'messages')).toEqual(['0']);
});

/** Sends a chord whose queue is at home on this node. */
async function sendFrom(
  node: RabbitServer,
  header: readonly TaskStep[],
  body: TaskStep,
  { scene, replyTo }: { readonly scene: Scene; readonly replyTo: string },
) {
  await using peer = await openPeer(node.url);
  return await sendChord(peer, header, body, { prefix: scene.prefix, queue: scene.queue, replyTo });
}

test('a stopped node costs no task and no result: callers and workers go on with the next one', async () => {
  await using scene = await openScene({ url: stays.url, queueType: 'classic' });
  // On the node that stays, as they would be everywhere were they quorum queues of three nodes.
  await declareOn(stays, scene, 'tq', 'late');
  const url = [goes.url, stays.url];
  const worker = await scene.worker({ url: url.join(','), queues: { tq: 2, late: 2 } });
  const { logger, first: moved } = watchFor('new calls are answered on another');
  await using app = createApp({ url, prefix: scene.prefix, queueType: 'classic', logger });
  const echo = app.declareTask<typeof tasks.echo>('echo');
  const { connections } = await worker.health(({ healthy }) => healthy);
  expect(connections.publish.broker).toContain(String(goes.port));
  const early = numbers(TASKS).map((n) => echo.delay(n, 10));
  await scene.journal.until((entries) => entries.length >= TASKS / 10);

  await goes.halt();
  const onOther = String(stays.port);
  await worker.health(({ healthy, connections }) => healthy && connections.publish.broker.includes(onOther));
  await moved;
  expect(await echo.apply([-1], { queue: 'late' }).get()).toBe(-1);

  // The replies to the earlier calls have waited for the node that their queue is on.
  await goes.startAgain();
  expect(await Promise.all(early.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
});

/** Delayed calls, made when all they need is there. */
async function callLater({ tasks }: Scene, countdown: number) {
  const results = numbers(WAITING).map((n) => tasks.echo.apply([n], { countdown }));
  await Promise.all(results.map(({ published }) => published));
  return results;
}

test('tasks that wait in quorum levels come while a node is down; in classic ones when it is back', async () => {
  await using quorum = await openScene({ url: stays.url });
  await using classic = await openScene({ url: stays.url, queueType: 'classic' });
  await declareOn(stays, classic, 'tq');
  // The levels alone are at home on the node that goes.
  const { logger } = watchFor('');
  await using elsewhere = createApp({
    url: goes.url,
    prefix: classic.prefix,
    queueType: 'classic',
    delayUnit: 10,
    logger,
  });
  await elsewhere.declareTask<typeof tasks.echo>('echo').apply([0], { countdown: 10, ignoreResult: true }).published;
  await quorum.worker();
  const worker = await classic.worker();
  await classic.journal.entry({ event: 'started' });
  const waiting = [await callLater(quorum, COUNTDOWN_MS), await callLater(classic, COUNTDOWN_MS)] as const;

  await goes.halt();
  expect(await Promise.all(waiting[0].map((result) => result.get()))).toEqual(numbers(WAITING));
  // Long enough that its way is looked for while it still has to wait: due, it would need no level.
  const late = classic.tasks.echo.apply([WAITING], { countdown: COUNTDOWN_MS });
  const more = quorum.tasks.echo.apply([WAITING], { countdown: 10 });
  expect(await more.get()).toBe(WAITING);
  expect(await classic.tasks.echo.delay(-1).get()).toBe(-1);
  expect(late.state).toBe('pending');
  expect(waiting[1].map(({ state }) => state)).toEqual(waiting[1].map(() => 'published'));

  await goes.startAgain();
  const results = [...waiting[1], late].map((result) => result.get());
  expect(await Promise.all(results), worker.log()).toEqual(numbers(WAITING + 1));
});
