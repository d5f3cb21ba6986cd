/** Calls that are too late to start after a while: what their workers do, and what their callers hear. */
import { randomUUID } from 'node:crypto';
import { type App, createApp, Retry, TaskRevokedError } from '@tq/core';
import { createTestApp, ManualClock } from '@tq/core/testing';
import { createWorker, type Worker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState, receive, takeAll } from '../support/broker.js';
import type * as tasks from './fixtures/expiring-tasks.js';
import { askWith } from './fixtures/expiring-tasks.js';
import { openApp, rejection, silentLogger } from './fixtures/test-app.js';

const MODULE = new URL('fixtures/expiring-tasks.js', import.meta.url);
const HOUR = 3_600_000;

/** An app of these names whose clock the test turns. */
function openAppOn(clock: ManualClock, prefix: string) {
  return createTestApp({
    clock,
    eager: false,
    url: brokerUrl(),
    prefix,
    queueType: 'classic',
    logger: silentLogger,
  });
}

/** A worker whose clock is so far ahead of its callers', and what it tells. */
async function startWorkerAhead(prefix: string, ms: number) {
  const app = openAppOn(new ManualClock(Date.now() + ms), prefix);
  app.task('echo', (n: number) => n);
  const worker = createWorker(app, { pool: 'async', concurrency: 1 });
  const expired: string[] = [];
  worker.on('task:expired', ({ id }) => expired.push(id));
  await worker.start();
  return { worker, expired, [Symbol.asyncDispose]: () => stop(worker, app) };
}

async function stop(worker: Worker, app: App): Promise<void> {
  await worker.stop();
  await app.close();
}

/** The properties of a queue's next dead letters. */
async function deadLetters(peer: Peer, queue: string, count: number) {
  return (await receive(peer, `${queue}.dead`, count)).map(({ properties }) => properties);
}

describe('a call that has expired', () => {
  it('ends by itself soon after, when no worker took it', async () => {
    await using test = openApp();
    const result = test.app.declareTask<typeof tasks.echo>('echo').apply([1], { expires: 1 });
    const error = await rejection(result.get());
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ code: 'task-revoked', taskId: result.id, reason: 'expired' });
    expect(error.message).toBe(
      `No worker had started task 'echo' 2s after it expired, so it will not run: '${test.prefix}tq' has 1 message and no consumer: is a worker running on it?`,
    );
    expect(result.state).toBe('revoked');
  });

  it('is refused by a worker that gets it later: its caller hears so, and a dead letter stays', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    await using late = await startWorkerAhead(test.prefix, HOUR);
    const result = test.app.declareTask<typeof tasks.echo>('echo').apply([1], { expires: HOUR / 2 });
    const error = await rejection(result.get());
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error.message).toBe("Task 'echo' expired before a worker started it, so it was not run.");
    expect(error).toMatchObject({ reason: 'expired', taskId: result.id });
    expect(result.state).toBe('revoked');
    const [letter] = await deadLetters(peer, `${test.prefix}tq`, 1);
    expect(letter).toMatchObject({
      correlationId: result.id,
      headers: { task: 'echo', 'tq-dead-reason': 'expired', 'tq-dead-error': 'TaskRevokedError: expired' },
    });
    expect(late.expired).toEqual([result.id]);
    expect(late.worker.health().ended).toMatchObject({ expired: 1, success: 0 });
    await late.worker.stop();
    expect(await queueState(peer, `${test.prefix}tq`)).toMatchObject({ messages: 0 });
  });

  it('while it waits in the delays is looked at when it comes, since nothing can take it out of there', async () => {
    await using test = openApp({ delayUnit: 10 });
    await using peer = await openPeer();
    let runs = 0;
    test.app.task('late', () => {
      runs++;
    });
    const first = test.app.task('first', () => 1);
    const worker = createWorker(test.app, { pool: 'async' });
    const expired = new Promise((resolve) => worker.on('task:expired', resolve));
    await worker.start();
    // The ladder is there before, so that the worker gets it in time.
    await first.apply([], { countdown: 200 }).get();
    // A call of tq with such times is refused; a foreign producer may send one.
    const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
    const headers = { id: 'i1', task: 'late', expires: inMs(1_500), eta: inMs(1_600) };
    const options = { contentType: 'application/json', correlationId: 'i1', headers };
    peer.channel.sendToQueue(`${test.prefix}tq`, Buffer.from('[[],{},{}]'), options);
    expect(await expired).toMatchObject({ id: 'i1' });
    const [letter] = await deadLetters(peer, `${test.prefix}tq`, 1);
    const cameFrom = expect.stringContaining('tq.delay.v1');
    expect(letter?.headers).toMatchObject({ id: 'i1', 'tq-dead-reason': 'expired', 'tq-dead-exchange': cameFrom });
    expect(runs).toBe(0);
    await worker.stop();
  });

  it('by the time of its next try fails at once with its own error', async () => {
    await using test = openApp();
    const again = test.app.task('again', () => {
      throw new Retry({ delay: HOUR, cause: new RangeError('busy') });
    });
    await using worker = createWorker(test.app, { pool: 'async' });
    await worker.start();
    const error = await rejection(again.apply([], { expires: HOUR }).get());
    expect(error).toMatchObject({ code: 'task-failed', message: 'RangeError: busy' });
    expect(worker.health().ended).toMatchObject({ failure: 1, retry: 0, expired: 0 });
  });

  it('runs when it is in time, also as the default of its task', async () => {
    await using test = openApp();
    await using _late = await startWorkerAhead(test.prefix, HOUR / 2);
    const echo = test.app.declareTask<typeof tasks.echo>('echo', { expires: HOUR });
    expect(await echo.delay(1).get()).toBe(1);
    await expect(echo.apply([2], { expires: 1_000 }).get()).rejects.toMatchObject({ reason: 'expired' });
  });
});

describe('a call that has been started in time', () => {
  it('goes on after its expiry, and its caller waits for it', async () => {
    const prefix = freshPrefix();
    await using workers = createApp({ url: brokerUrl(), prefix, queueType: 'classic', logger: silentLogger });
    workers.task('echo', (n: number) => n);
    let release: (value: string) => void = () => undefined;
    workers.task('hold', () => new Promise<string>((resolve) => (release = resolve)));
    await using worker = createWorker(workers, { pool: 'async' });
    await worker.start();
    const clock = new ManualClock(Date.now());
    await using app = openAppOn(clock, prefix);
    const hold = app.declareTask('hold').apply([], { expires: HOUR });
    const got = hold.get({ timeout: 10 * HOUR });
    await expect.poll(() => hold.state).toBe('started');
    clock.advance(2 * HOUR);
    // By the time of another answer, whatever the clock has set off has happened.
    expect(
      await app
        .declareTask('echo')
        .apply([1] as never)
        .get({ timeout: HOUR }),
    ).toBe(1);
    expect(hold.state).toBe('started');
    release('done');
    expect(await got).toBe('done');
  });
});

describe.concurrent.each(['thread', 'process', 'async'] as const)('in a worker with the pool %s', (pool) => {
  async function startWorker(prefix: string): Promise<AsyncDisposable> {
    const app = createApp({ url: brokerUrl(), prefix, queueType: 'classic', logger: silentLogger });
    // The tasks of the module are the default app's, which a child has a connection for, and this process has none.
    if (pool === 'async') app.task('ask', askWith(app.task('echo', (n: number) => n)));
    const tasks = pool === 'async' ? [] : [MODULE];
    const worker = createWorker(app, { tasks, pool, concurrency: 2 });
    await worker.start();
    return { [Symbol.asyncDispose]: () => stop(worker, app) };
  }

  it('a call that expires is told of its start before its end, and only such a one', { timeout: 60_000 }, async () => {
    await using peer = await openPeer();
    const prefix = freshPrefix();
    await using _worker = await startWorker(prefix);
    const replies = (await peer.channel.assertQueue('', { exclusive: true })).queue;
    const COUNT = 50;
    const send = (id: string, headers: object) =>
      peer.channel.sendToQueue(`${prefix}tq`, Buffer.from('[[7],{},{}]'), {
        contentType: 'application/json',
        correlationId: id,
        replyTo: replies,
        headers: { task: 'echo', id, ...headers },
      });
    const ids = Array.from({ length: COUNT }, () => randomUUID());
    const expires = new Date(Date.now() + HOUR).toISOString();
    for (const id of ids) send(id, { expires });
    send('plain', {});
    send('late', { expires: '2026-01-01T00:00:00+00:00' });
    const heard = new Map<string, string[]>();
    const channel = await peer.connection.createChannel();
    const all = 2 * COUNT + 2;
    await new Promise<void>((resolve) => {
      let count = 0;
      void channel.consume(
        replies,
        (message) => {
          const { task_id: id, status } = JSON.parse(String(message?.content));
          heard.set(id, [...(heard.get(id) ?? []), status]);
          if (++count === all) resolve();
        },
        { noAck: true },
      );
    });
    for (const id of ids) expect(heard.get(id)).toEqual(['STARTED', 'SUCCESS']);
    expect(heard.get('plain')).toEqual(['SUCCESS']);
    expect(heard.get('late')).toEqual(['REVOKED']);
  });

  it('a call from inside of a task expires like any other', { timeout: 60_000 }, async () => {
    await using test = openApp();
    await using peer = await openPeer();
    await using _worker = await startWorker(test.prefix);
    await using _late = await startWorkerAhead(`${test.prefix}late.`, HOUR);
    const ask = test.app.declareTask<typeof tasks.ask>('ask');
    const [nobody, refused, inTime] = await Promise.all([
      ask.delay('nobody', 1).get(),
      ask.delay('late.tq', HOUR / 2).get(),
      ask.delay('tq', HOUR).get(),
    ]);
    expect(nobody).toMatchObject({ name: 'TaskRevokedError', code: 'task-revoked', reason: 'expired' });
    expect(nobody).toMatchObject({ message: expect.stringContaining('No worker had started') });
    expect(refused).toMatchObject({ message: expect.stringContaining('expired before a worker started it') });
    expect(inTime).toBe(7);
    expect(await takeAll(peer, `${test.prefix}late.tq.dead`)).toHaveLength(1);
  });
});
