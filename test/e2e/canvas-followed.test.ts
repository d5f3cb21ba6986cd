/** What a worker does after a task whose message says what follows, as a program of Celery's sends it. */
import { randomUUID } from 'node:crypto';
import type { AppOptions } from '@tq/core';
import { createWorker } from '@tq/worker';
import type { ConsumeMessage } from 'amqplib';
import { expect, it } from 'vitest';
import { openPeer, receive } from '../support/broker.js';
import { openApp, type TestApp } from './fixtures/test-app.js';

/** A signature of Celery's. */
type Signature = Record<string, unknown>;

/** The signature of a call on the test's queue. */
function step(task: string, args: unknown[] = [], options: object = {}, immutable = false): Signature {
  const own = { task_id: randomUUID(), ...options };
  return { task, args, kwargs: {}, options: own, subtask_type: null, immutable };
}

const idOf = (signature: Signature) => (signature.options as { task_id: string }).task_id;

/** A message of a task as Celery writes it, with what follows it. */
function sending(signature: Signature, embed: object) {
  const id = idOf(signature);
  const body = JSON.stringify([
    signature.args,
    {},
    { callbacks: null, errbacks: null, chain: null, chord: null, ...embed },
  ]);
  return { body, headers: { id, task: signature.task, root_id: 'root' }, id };
}

/** A chain, in the order in which its steps run, and the message that begins it. */
const chained = ([first, ...rest]: [Signature, ...Signature[]], embed: object = {}) =>
  sending(first, { chain: rest.toReversed(), ...embed });

interface Told {
  readonly id: string;
  readonly status: string;
  readonly result: unknown;
}

/** An app with tasks, a worker of it, and a program of Celery's that calls them. */
async function openScene(appOptions: AppOptions = {}) {
  const test = openApp({ delayUnit: 10, ...appOptions });
  const runs: unknown[][] = [];
  defineTasks(test, runs);
  const worker = createWorker(test.app, { pool: 'async', concurrency: 4 });
  await worker.start();
  const peer = await openPeer();
  const { queue: replies } = await peer.channel.assertQueue('', { exclusive: true });
  const queue = `${test.prefix}tq`;
  const send = (message: ReturnType<typeof sending>, more: object = {}) => {
    const { body, headers, id } = message;
    const properties = { contentType: 'application/json', correlationId: id, replyTo: replies, persistent: true };
    peer.channel.sendToQueue(queue, Buffer.from(body), { ...properties, headers, ...more });
  };
  const told = async (count: number): Promise<Told[]> =>
    (await receive(peer, replies, count)).map(({ content }: ConsumeMessage) => {
      const { task_id: id, status, result } = JSON.parse(String(content));
      return { id, status, result };
    });
  return {
    ...test,
    ...{ runs, peer, queue, send, told },
    dead: async (of = queue) => (await receive(peer, `${of}.dead`, 1))[0] as ConsumeMessage,
    [Symbol.asyncDispose]: async () => {
      await worker.stop();
      await peer.close();
      await test.app.close();
    },
  };
}

function defineTasks({ app }: TestApp, runs: unknown[][]): void {
  const noted = (name: string, handler: (...args: never[]) => unknown) =>
    app.task(name, (...args: unknown[]) => {
      runs.push([name, ...args]);
      return handler(...(args as never[]));
    });
  noted('add', (a: number, b: number) => a + b);
  noted('note', (...args: unknown[]) => args);
  noted('large', (bytes: number) => 'x'.repeat(bytes));
  noted('fails', () => {
    throw new RangeError('out of reach');
  });
}

const succeeded = (signature: Signature, result: unknown): Told => ({
  id: idOf(signature),
  status: 'SUCCESS',
  result,
});
const failed = (id: string, code?: string): object => ({
  ...{ id, status: 'FAILURE' },
  ...(code && { result: expect.objectContaining({ code }) }),
});

it('each step of a chain gets the result of the one before it, and answers the caller of the whole', async () => {
  await using scene = await openScene();
  const steps = [step('add', [1, 2]), step('add', [10]), step('add', [100])] as [Signature, ...Signature[]];
  scene.send(chained(steps));
  expect(await scene.told(3)).toEqual([3, 13, 113].map((sum, index) => succeeded(steps[index] as Signature, sum)));
  expect(scene.runs).toEqual([
    ['add', 1, 2],
    ['add', 3, 10],
    ['add', 13, 100],
  ]);
});

it('a step is a child of the task before it, and is called as its options say', async () => {
  await using scene = await openScene();
  await scene.peer.channel.assertQueue(`${scene.prefix}seen`, { autoDelete: true });
  const options = {
    queue: `${scene.prefix}seen`,
    priority: 3,
    ignore_result: true,
    headers: { tenant: 't1', 'tq-retry': { maxRetries: 2 } },
    time_limit: 4,
    expires: 60,
  };
  const first = step('add', [1, 2]);
  const last = step('other', []);
  const seen = step('seen', ['own'], options);
  scene.send(chained([first, seen, last]));
  const [message] = await receive(scene.peer, `${scene.prefix}seen`, 1);
  const { headers, priority, replyTo, correlationId } = message?.properties ?? {};
  expect({ priority, replyTo, correlationId }).toEqual({
    priority: 3,
    replyTo: expect.any(String),
    correlationId: idOf(seen),
  });
  expect(headers).toMatchObject({
    ...{ task: 'seen', id: idOf(seen), root_id: 'root', parent_id: idOf(first), ignore_result: true },
    ...{ tenant: 't1', 'tq-retry': { maxRetries: 2 }, timelimit: [4, null], expires: expect.any(String) },
  });
  const [args, kwargs, embed] = JSON.parse(String(message?.content));
  expect([args, kwargs, embed]).toEqual([[3, 'own'], {}, { chain: [last] }]);
});

it('the callbacks of a task get its result, beside the next step of its chain', async () => {
  await using scene = await openScene();
  const [first, second] = [step('add', [1, 2]), step('add', [10])];
  const callbacks = [step('note', ['a']), step('note', ['b'])];
  scene.send(chained([first, second], { callbacks }));
  const told = await scene.told(4);
  expect(told).toEqual(
    expect.arrayContaining([
      ...[succeeded(first, 3), succeeded(second, 13)],
      ...callbacks.map((callback, index) => succeeded(callback, [3, index === 0 ? 'a' : 'b'])),
    ]),
  );
});

it('an immutable step gets nothing of what came before', async () => {
  await using scene = await openScene();
  const last = step('note', ['own'], {}, true);
  scene.send(chained([step('add', [1, 2]), last]));
  expect((await scene.told(2))[1]).toEqual(succeeded(last, ['own']));
});

it('values go from step to step as they were written', async () => {
  await using scene = await openScene();
  const large = '123456789012345678901234567890';
  await scene.peer.channel.assertQueue(`${scene.prefix}seen`, { autoDelete: true });
  const seen = { ...step('seen', [], { queue: `${scene.prefix}seen` }) };
  const { body, ...rest } = chained([step('note', []), seen]);
  const typed = '{"__type__":"datetime","__value__":"2026-01-01T00:00:00+00:00"}';
  scene.send({ ...rest, body: body.replace('"args":[]', `"args":[${large}]`).replace('[[]', `[[${typed}]`) });
  const [message] = await receive(scene.peer, `${scene.prefix}seen`, 1);
  expect(String(message?.content)).toContain(`,${large}]`);
  expect(String(message?.content)).toContain('"__type__":"datetime"');
});

it('a delayed step runs after its countdown', async () => {
  await using scene = await openScene();
  const last = step('add', [10], { countdown: 0.05 });
  scene.send(chained([step('add', [1, 2]), last]));
  const [first] = await scene.told(1);
  const since = performance.now();
  expect([first?.result, await scene.told(1)]).toEqual([3, [succeeded(last, 13)]]);
  // The reply of the first is on its way as long as the second is.
  expect(performance.now() - since).toBeGreaterThan(25);
});

it('a step may go to an exchange', async () => {
  await using scene = await openScene();
  const { channel } = scene.peer;
  await channel.assertExchange(`${scene.prefix}x`, 'topic', { autoDelete: true });
  await channel.assertQueue(`${scene.prefix}seen`, { autoDelete: true });
  await channel.bindQueue(`${scene.prefix}seen`, `${scene.prefix}x`, 'a.*');
  const seen = step('seen', [], { exchange: `${scene.prefix}x`, routing_key: 'a.b' });
  const nowhere = step('nowhere', [], { exchange: `${scene.prefix}x`, routing_key: 'b.c' });
  scene.send(sending(step('add', [1, 2]), { callbacks: [seen, nowhere] }));
  const [message] = await receive(scene.peer, `${scene.prefix}seen`, 1);
  expect(JSON.parse(String(message?.content))[0]).toEqual([3]);
  expect(await scene.told(2)).toEqual(expect.arrayContaining([failed(idOf(nowhere), 'unroutable')]));
});

it('an errback is called once, when its task has failed for good, with its id, or with all that is known', async () => {
  await using scene = await openScene();
  const errbacks = [
    step('note', ['old']),
    step('note', ['new'], { 'tq-failure': true }),
    step('note', ['still'], {}, true),
  ];
  const first = step('fails', [1]);
  scene.send(sending(first, { errbacks }), {
    headers: { id: idOf(first), task: 'fails', 'tq-retry': { maxRetries: 2, delay: 10, jitter: false } },
  });
  // Two further tries, the failure, and the errbacks.
  const told = await scene.told(6);
  expect(told.map(({ status }) => status).sort()).toEqual([
    'FAILURE',
    'RETRY',
    'RETRY',
    'SUCCESS',
    'SUCCESS',
    'SUCCESS',
  ]);
  const failure = {
    ...{ id: idOf(first), task: 'fails', queue: scene.queue, attempt: 3, reason: 'failed' },
    error: { name: 'RangeError', message: 'out of reach', stack: expect.any(String) },
  };
  const notes = scene.runs.filter(([name]) => name === 'note');
  expect(notes).toHaveLength(3);
  expect(notes).toEqual(
    expect.arrayContaining([
      ['note', idOf(first), 'old'],
      ['note', failure, 'new'],
      ['note', 'still'],
    ]),
  );
});

it('nothing runs behind a step that fails, whose caller is told and which leaves a dead letter that goes on when it is put back', async () => {
  await using scene = await openScene();
  const [first, second, third] = [step('add', [1, 2]), step('fails', []), step('note', [])];
  scene.send(chained([first, second, third]));
  expect(await scene.told(2)).toMatchObject([succeeded(first, 3), { id: idOf(second), status: 'FAILURE' }]);
  const letter = await scene.dead();
  expect(letter.properties.headers).toMatchObject({ 'tq-dead-reason': 'failed', id: idOf(second) });
  expect(JSON.parse(String(letter.content))).toEqual([[3], {}, { chain: [third] }]);
  expect(scene.runs.map(([name]) => name)).toEqual(['add', 'fails']);
});

it('a next step that no worker knows fails like any other unknown task, and its errback is called', async () => {
  await using scene = await openScene();
  const errback = step('note', []);
  const unknown = step('unknown', [], { link_error: [errback] });
  scene.send(chained([step('add', [1, 2]), unknown]));
  const told = await scene.told(3);
  expect(told).toEqual(
    expect.arrayContaining([failed(idOf(unknown), 'unknown-task'), succeeded(errback, [idOf(unknown)])]),
  );
});

it('a next step whose queue is missing and cannot be declared fails: dead letter, answer and errback', async () => {
  await using scene = await openScene({ queues: { foreign: { declare: 'passive' } } });
  const errback = step('note', []);
  const queue = `${scene.prefix}foreign`;
  const lost = step('add', [10], { queue, link_error: [errback] });
  const first = step('add', [1, 2]);
  scene.send(chained([first, lost]));
  expect(await scene.told(3)).toEqual(
    expect.arrayContaining([
      succeeded(first, 3),
      failed(idOf(lost), 'queue-missing'),
      succeeded(errback, [idOf(lost)]),
    ]),
  );
  const letter = await scene.dead(queue);
  expect(letter.properties.headers).toMatchObject({ 'tq-dead-reason': 'no-queue', id: idOf(lost) });
  expect(JSON.parse(String(letter.content))[0]).toEqual([3, 10]);
});

it('a result that is too large for what follows fails its task, which leaves a dead letter', async () => {
  await using scene = await openScene({ maxMessageBytes: 20_000 });
  const errback = step('note', []);
  const large = step('large', [19_800], { ignore_result: true });
  const { headers, ...message } = sending(large, { chain: [step('note', ['x'.repeat(500)])], errbacks: [errback] });
  scene.send({ ...message, headers });
  const told = await scene.told(2);
  expect(told).toEqual(
    expect.arrayContaining([failed(idOf(large), 'message-too-large'), succeeded(errback, [idOf(large)])]),
  );
  expect((await scene.dead()).properties.headers).toMatchObject({ 'tq-dead-reason': 'failed', id: idOf(large) });
  expect(scene.runs.map(([name]) => name)).toEqual(['large', 'note']);
});

it('a message whose following steps are none is refused before it runs, or when they are needed', async () => {
  await using scene = await openScene();
  const [early, late] = [step('add', [1, 2]), step('add', [3, 4])];
  scene.send(sending(early, { chain: 'next' }));
  expect(await scene.told(1)).toMatchObject([{ id: idOf(early), status: 'FAILURE' }]);
  expect(scene.runs).toEqual([]);
  scene.send(sending(late, { chain: [{ task: 7 }] }));
  expect(await scene.told(1)).toMatchObject([{ id: idOf(late), status: 'FAILURE' }]);
  expect((await scene.dead()).properties.headers).toMatchObject({ 'tq-dead-reason': 'poison', id: idOf(early) });
  expect((await scene.dead()).properties.headers).toMatchObject({ 'tq-dead-reason': 'poison', id: idOf(late) });
});

it('nothing follows a task that is ignored or comes too late, and no errback is called for it', async () => {
  await using scene = await openScene();
  const late = step('add', [1, 2]);
  const after = { chain: [step('note', [])], errbacks: [step('note', [])] };
  const { headers, ...message } = sending(late, after);
  scene.send({ ...message, headers }, { headers: { ...headers, expires: '2020-01-01T00:00:00Z' } });
  expect(await scene.told(1)).toMatchObject([{ id: idOf(late), status: 'REVOKED' }]);
  const last = step('add', [1, 2]);
  scene.send(sending(last, {}));
  expect(await scene.told(1)).toEqual([succeeded(last, 3)]);
  expect(scene.runs).toEqual([['add', 1, 2]]);
});

it('a group that comes next runs side by side', async () => {
  await using scene = await openScene();
  const members = [step('add', [10]), step('add', [20]), step('add', [30])];
  const group = { task: 'celery.group', args: [], kwargs: { tasks: members }, options: {}, subtask_type: 'group' };
  const first = step('add', [1, 2]);
  scene.send(chained([first, group]));
  expect(await scene.told(4)).toEqual(
    expect.arrayContaining([
      succeeded(first, 3),
      ...members.map((member, index) => succeeded(member, 13 + 10 * index)),
    ]),
  );
});
