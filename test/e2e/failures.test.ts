/** What a failure leads to: further tries through the broker, and one end that everybody is told of. */
import { type App, TaskFailedError, type TaskFailure } from '@tq/core';
import { createWorker, type Worker, type WorkerOptions } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { openPeer, type Peer, queueState, receive, takeAll } from '../support/broker.js';
import type * as tasks from './fixtures/failing-tasks.js';
import { openApp, problems, rejection, silentLogger } from './fixtures/test-app.js';

const UNIT_MS = 10;
const failing = new URL('fixtures/failing-tasks.js', import.meta.url);
const others = new URL('fixtures/hooked-tasks.js', import.meta.url);

async function startWorker(app: App, options: WorkerOptions = {}): Promise<Worker> {
  const worker = createWorker(app, { tasks: [failing], concurrency: 2, ...options });
  await worker.start();
  return worker;
}

function openTest() {
  const test = openApp({ delayUnit: UNIT_MS });
  const { app } = test;
  return {
    ...test,
    queue: `${test.prefix}tq`,
    flaky: app.declareTask<typeof tasks.flaky>('flaky'),
    dropped: app.declareTask<typeof tasks.dropped>('dropped'),
    rejects: app.declareTask<typeof tasks.rejects>('rejects'),
    ignores: app.declareTask<typeof tasks.ignores>('ignores'),
    started: app.declareTask<typeof tasks.started>('started'),
  };
}

/** What the task of onFailure was called with, and by which message. */
async function failuresTold(peer: Peer, prefix: string): Promise<{ failure: TaskFailure; headers: object }[]> {
  const messages = await takeAll(peer, `${prefix}told`);
  return messages.map(({ content, properties }) => ({
    failure: JSON.parse(String(content))[0][0],
    headers: properties.headers ?? {},
  }));
}

/** Sends a task as a program that knows nothing of tq does, and gives the queue of its replies. */
async function sendForeign({ channel }: Peer, queue: string, headers: object, more: object = {}): Promise<string> {
  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
  const options = { contentType: 'application/json', correlationId: 'i1', replyTo, ...more };
  channel.sendToQueue(queue, Buffer.from('[[2],{},{}]'), { ...options, headers: { id: 'i1', ...headers } });
  return replyTo;
}

const repliesTo = async (peer: Peer, queue: string, count: number) =>
  (await receive(peer, queue, count)).map(({ content }) => JSON.parse(String(content)));

describe('a task that is tried again', () => {
  it('gives its caller the result, and its last try knows of the errors before', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app);
    const result = test.flaky.apply([2], { headers: { tenant: 't1' } });
    expect(await result.get()).toEqual({
      ...{ id: result.id, rootId: result.id, attempt: 3, headers: { tenant: 't1' } },
      errors: [
        [1, 'RangeError: try 1'],
        [2, 'RangeError: try 2'],
      ],
    });
    expect([result.state, problems(test.lines)]).toEqual(['success', []]);
  });

  it('says so to its caller between the tries, in order', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app);
    await using peer = await openPeer();
    const replies = await repliesTo(peer, await sendForeign(peer, test.queue, { task: 'flaky' }), 3);
    expect(replies.map(({ status }) => status)).toEqual(['RETRY', 'RETRY', 'SUCCESS']);
    expect(replies[1]).toMatchObject({ task_id: 'i1', result: { exc_type: 'RangeError', exc_message: ['try 2'] } });
  });

  it('keeps what its caller said of it, and loses what held for the first publish alone', async () => {
    await using test = openTest();
    await using worker = await startWorker(test.app);
    await using peer = await openPeer();
    const retried = new Promise((resolve) => worker.on('task:retried', resolve));
    const headers = { task: 'flaky', root_id: 'r1', tenant: 't1', 'x-death': [{ count: 1, reason: 'expired' }] };
    // As late as a delay may be: the copy waits until it is taken away below.
    const retry = { 'tq-retry': { delay: 2 ** 28 * UNIT_MS - UNIT_MS, maxDelay: 2 ** 28 * UNIT_MS } };
    const more = { priority: 3, expiration: '600000' };
    await sendForeign(peer, test.queue, { ...headers, ...retry }, more);
    expect(await retried).toMatchObject({ id: 'i1', attempt: 1, error: { message: 'try 1' } });
    await worker.stop();
    const [copy] = await receive(peer, `${test.prefix}tq.delay.v1.${UNIT_MS}.27`, 1);
    expect(copy?.properties).toMatchObject({ priority: 3, correlationId: 'i1', replyTo: expect.any(String) });
    expect(copy?.properties.expiration).toBeUndefined();
    expect(copy?.properties.headers).toMatchObject({ task: 'flaky', root_id: 'r1', tenant: 't1', retries: 1 });
    expect(copy?.properties.headers).not.toHaveProperty('x-death');
    expect(await queueState(peer, test.queue)).toMatchObject({ messages: 0 });
  });
});

/** The headers of a producer that is no tq: Celery's, and one of the caller's own. */
const FOREIGN = {
  ...{ lang: 'py', task: 'flaky', id: 'i1', shadow: null, group: 'g1', group_index: 2, root_id: 'r1', parent_id: 'p1' },
  ...{ timelimit: [300.5, null], argsrepr: '(2,)', kwargsrepr: '{}', origin: 'gen1@host', ignore_result: true },
  ...{ replaced_task_nesting: 0, stamped_headers: ['tenant'], stamps: { tenant: ['t1'] }, trace: { flags: [1, true] } },
};

it('a foreign task goes through the delays and comes back with all that its producer said of it', async () => {
  await using test = openApp({ delayUnit: UNIT_MS, queues: { tq: { type: 'classic', maxPriority: 10 } } });
  await using worker = await startWorker(test.app);
  await using peer = await openPeer();
  const queue = `${test.prefix}tq`;
  const retried = new Promise((resolve) => worker.on('task:retried', resolve));
  const retry = { 'tq-retry': { delay: 300 } };
  await sendForeign(peer, queue, { ...FOREIGN, ...retry }, { priority: 7 });
  await retried;
  await worker.stop();
  const [copy] = await receive(peer, queue, 1);
  const { 'x-death': _, ...headers } = copy?.properties.headers ?? {};
  const own = Object.entries(headers).filter(([name]) => !/^x-(first|last)-death-/.test(name));
  expect(Object.fromEntries(own)).toEqual({
    ...{ ...FOREIGN, ...retry, retries: 1, eta: expect.any(String) },
    'tq-errors': [{ attempt: 1, error: 'RangeError: try 1', time: expect.any(String) }],
  });
  expect(copy?.properties).toMatchObject({ priority: 7, correlationId: 'i1', replyTo: expect.any(String) });
  expect(String(copy?.content)).toBe('[[2],{},{}]');
});

describe('the last failure of a task', () => {
  it('fails with the last error, leaves one dead letter, and calls the task of onFailure once', async () => {
    await using test = openTest();
    await using worker = await startWorker(test.app);
    await using peer = await openPeer();
    const result = test.flaky.delay(9);
    const error = await rejection(result.get());
    await worker.stop();
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error.message).toBe('RangeError: try 4');
    const letters = await takeAll(peer, `${test.queue}.dead`);
    expect(letters.map(({ properties }) => properties.headers)).toEqual([
      expect.objectContaining({ id: result.id, retries: 3, 'tq-dead-reason': 'failed' }),
    ]);
    const [told, ...more] = await failuresTold(peer, test.prefix);
    expect(more).toEqual([]);
    expect(told?.failure).toEqual({
      ...{ id: result.id, task: 'flaky', queue: test.queue, attempt: 4, reason: 'failed' },
      error: { name: 'RangeError', message: 'try 4', stack: expect.stringContaining('failing-tasks.js') },
    });
    expect(told?.headers).toMatchObject({ task: 'told', parent_id: result.id, root_id: result.id });
  });

  it('calls the task that the call names, and that runs it', async () => {
    await using test = openTest();
    await using worker = await startWorker(test.app, { queues: ['tq', 'own'] });
    const ran = new Promise((resolve) => worker.on('task:succeeded', resolve));
    const onFailure = { task: 'told', queue: 'own' };
    const result = test.dropped.apply([], { onFailure });
    await rejection(result.get());
    expect(await ran).toMatchObject({ task: 'told', queue: `${test.prefix}own`, parentId: result.id });
  });

  it.each([
    ["is the broker's own", 'amq.reserved'],
    ['is too long', 'q'.repeat(250)],
  ])('ends although its call names a queue for onFailure whose name %s', async (_, nowhere) => {
    await using test = openTest();
    await using worker = await startWorker(test.app);
    await using peer = await openPeer();
    const headers = { task: 'dropped', 'tq-on-failure': { task: 'told', queue: nowhere } };
    const [reply] = await repliesTo(peer, await sendForeign(peer, test.queue, headers), 1);
    expect(reply).toMatchObject({ status: 'FAILURE', result: { exc_message: ['nobody keeps this'] } });
    await worker.stop();
    expect(await queueState(peer, test.queue)).toMatchObject({ messages: 0 });
    expect(problems(test.lines).map(({ message }) => message)).toContainEqual(
      expect.stringContaining('the task of onFailure cannot be called'),
    );
  });

  it('leaves no dead letter where the definition says so', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app);
    await using peer = await openPeer();
    expect((await rejection(test.dropped.delay().get())).message).toBe('RangeError: nobody keeps this');
    expect(await takeAll(peer, `${test.queue}.dead`)).toEqual([]);
  });

  it('is told of a task that rejects what it got, which is not tried again', async () => {
    await using test = openTest();
    await using worker = await startWorker(test.app);
    await using peer = await openPeer();
    const result = test.rejects.delay();
    await rejection(result.get());
    await worker.stop();
    const letters = await takeAll(peer, `${test.queue}.dead`);
    expect(letters.map(({ properties }) => properties.headers?.['tq-dead-reason'])).toEqual(['rejected']);
    expect(await failuresTold(peer, test.prefix)).toEqual([
      expect.objectContaining({ failure: expect.objectContaining({ reason: 'rejected', attempt: 1 }) }),
    ]);
  });

  it('is none where a task ignores what it got: its caller is told that it was revoked', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app);
    await using peer = await openPeer();
    const result = test.ignores.delay();
    const error = await rejection(result.get());
    expect(error).toMatchObject({ code: 'task-revoked', reason: 'ignored' });
    expect(error.message).toBe("Task 'ignores' was revoked: ignored (done already).");
    expect(result.state).toBe('revoked');
    expect(await takeAll(peer, `${test.queue}.dead`)).toEqual([]);
    expect(await queueState(peer, `${test.prefix}told`)).toBeUndefined();
  });
});

describe('what a worker counts', () => {
  it('is every end, whether it came in a slot or before one, as its events tell it', async () => {
    await using test = openTest();
    await using worker = await startWorker(test.app);
    await using peer = await openPeer();
    const told: string[] = [];
    for (const kind of ['succeeded', 'failed', 'retried', 'rejected', 'ignored', 'refused', 'expired'] as const) {
      worker.on(`task:${kind}`, (event) => told.push('reason' in event ? event.reason : kind));
    }
    const calls = [test.flaky.delay(1), test.flaky.apply([1], { retry: false }), test.rejects.delay()];
    await Promise.allSettled([...calls, test.ignores.delay()].map((result) => result.get()));
    const past = '2026-01-01T00:00:00Z';
    const foreign = [
      { task: 'nowhere' },
      { task: 'started', eta: '2999-01-01T00:00:00Z' },
      { task: 'flaky', retries: -1 },
    ];
    for (const headers of [...foreign, { task: 'flaky', expires: past }]) {
      await repliesTo(peer, await sendForeign(peer, test.queue, headers), 1);
    }
    expect(worker.health().ended).toEqual({
      ...{ success: 1, failure: 1, retry: 1, rejected: 1, ignored: 1, expired: 1 },
      ...{ poison: 1, refused: 1, 'unknown-task': 1, lost: 0, replaced: 0, stopped: 0, 'worker-lost': 0 },
    });
    const refused = ['poison', 'refused', 'unknown-task'];
    expect(told.sort()).toEqual(
      ['expired', 'failed', 'ignored', ...refused, 'rejected', 'retried', 'succeeded'].sort(),
    );
  });
});

describe('a start that a foreign caller asks for', () => {
  it('is waited for in the broker, and is the first try', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app);
    await using peer = await openPeer();
    const eta = Date.now() + 20 * UNIT_MS;
    const headers = { task: 'started', eta: new Date(eta).toISOString() };
    const [reply] = await repliesTo(peer, await sendForeign(peer, test.queue, headers), 1);
    expect(reply).toMatchObject({ status: 'SUCCESS', result: { attempt: 1 } });
    expect(reply.result.at).toBeGreaterThanOrEqual(eta);
  });

  it('waits without what held for its queue alone', async () => {
    await using test = openTest();
    await using worker = await startWorker(test.app);
    await using peer = await openPeer();
    // Declares the levels.
    await test.started.apply([], { countdown: 20 * UNIT_MS }).get();
    const headers = { task: 'started', eta: new Date(Date.now() + 1.5 * 2 ** 26 * UNIT_MS).toISOString() };
    await sendForeign(peer, test.queue, headers, { expiration: '600000', priority: 3 });
    const [copy] = await receive(peer, `${test.prefix}tq.delay.v1.${UNIT_MS}.26`, 1);
    expect(copy?.properties).toMatchObject({ priority: 3, correlationId: 'i1', headers });
    expect(copy?.properties.expiration).toBeUndefined();
    await worker.stop();
  });

  it('is refused when it is later than the broker can delay', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app);
    await using peer = await openPeer();
    const headers = { task: 'started', eta: '2999-01-01T00:00:00Z' };
    const [reply] = await repliesTo(peer, await sendForeign(peer, test.queue, headers), 1);
    expect(reply).toMatchObject({ status: 'FAILURE' });
    expect(String(reply.result.exc_message)).toMatch(
      /asks to start at 2999-01-01T00:00:00.000Z.* at most 2684354550 ms/,
    );
  });
});

describe('a task that a worker does not know', () => {
  it('is sent round until it comes to a worker that does', async () => {
    await using test = openTest();
    let round: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => (round = resolve));
    const debug = (fields: object) => void ('why' in fields && round());
    const options = { tasks: [others], unknownTask: 'delay', unknownTaskLimit: 30_000 } as const;
    await using __ = await startWorker(test.app, { ...options, logger: { ...silentLogger, debug } });
    const result = test.started.delay();
    await seen;
    await using _ = await startWorker(test.app);
    expect(await result.get()).toMatchObject({ attempt: 1 });
  });

  it('is given up when nobody has come that does', async () => {
    await using test = openTest();
    await using _ = await startWorker(test.app, { tasks: [others], unknownTask: 'delay', unknownTaskLimit: 3 });
    const error = await rejection(test.started.delay().get());
    expect(error.message).toContain("No task named 'started' here.");
  });
});
