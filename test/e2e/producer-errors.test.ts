import { once } from 'node:events';
import { PublishError } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, queueState, takeOne } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

/** A call whose `published` and `get()` both reject, with the very same error. */
async function failure(result: { readonly published: Promise<void>; get(): Promise<unknown> }): Promise<PublishError> {
  const [published, got] = await Promise.all([rejection(result.published), rejection(result.get())]);
  expect(got).toBe(published);
  expect(published).toBeInstanceOf(PublishError);
  return published as PublishError;
}

describe('a call that cannot be sent', () => {
  it.each([
    ['a function', () => 1],
    ['a promise', Promise.resolve(1)],
    ['a symbol', Symbol('x')],
    ['an instance of a class', new (class Money {})()],
    ['a circle', circle()],
  ])('is unserialisable with %s in its arguments', async (_, value) => {
    await using test = openApp();
    const error = await failure(test.app.task('take', (given: unknown) => given).delay(value));
    expect(error).toMatchObject({ code: 'unserialisable', outcomeUnknown: false });
  });

  it('is too large beyond maxMessageBytes', async () => {
    await using test = openApp({ maxMessageBytes: 1_000 });
    const task = test.app.task('take', (text: string) => text.length);
    const error = await failure(task.delay('x'.repeat(1_000)));
    expect(error).toMatchObject({ code: 'message-too-large', fields: { maxMessageBytes: 1_000 } });
    expect(error.message).toMatch(/has 10\d\d bytes, more than the 1000 that maxMessageBytes allows; store the data/);
    await task.delay('x'.repeat(900)).published;
  });

  it.each<[string, object, string]>([
    ['an option that nobody knows', { quueue: 'math' }, "unknown option 'quueue'. Did you mean 'queue'?"],
    ['a priority out of range', { priority: 256 }, 'priority: expected a whole number from 0 to 255, found 256.'],
    ['a queue without a name', { queue: '' }, 'queue: expected a name'],
    ['a queue with too long a name', { queue: 'q'.repeat(200) }, 'queue: expected a name of at most 199 bytes'],
    ["a header of the protocol's", { headers: { id: 'mine' } }, "headers: 'id' belongs to the protocol"],
  ])('is refused with %s', async (_, options, text) => {
    await using test = openApp();
    const error = await failure(test.app.task('take', () => 1).apply([], options));
    expect(error.code).toBe('invalid-option');
    expect(error.message).toContain(text);
  });

  it('is refused once the app is closed, whether the app was ever connected or not', async () => {
    const { app } = openApp();
    const task = app.task('take', () => 1);
    await task.delay().published;
    await app.close();
    const { app: unused } = openApp();
    const never = unused.task('take', () => 1);
    await unused.close();
    const elsewhere = app.task('elsewhere', () => 1, { queue: 'never looked at' });
    for (const closed of [task, elsewhere, never]) {
      const error = await failure(closed.delay());
      expect(error).toMatchObject({ code: 'closed', outcomeUnknown: false });
      expect(error.message).toContain('closed');
    }
  });
});

describe('a call that the broker does not take', () => {
  it('is nacked by a full queue', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const limits = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await peer.channel.assertQueue(`${test.prefix}full`, { durable: true, arguments: limits });
    const task = test.app.task('take', () => 1, { queue: 'full' });
    await task.delay().published;
    const error = await failure(task.delay());
    expect(error).toMatchObject({ code: 'publish-nacked', outcomeUnknown: false });
    expect(error.message).toBe(
      `The broker refused the message for '${test.prefix}full' (basic.nack): the queue is full or its node failed.`,
    );
  });

  it('is unroutable when its queue goes as fast as it is declared', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const queue = `${test.prefix}tq`;
    const task = test.app.task('take', () => 1);
    let deleting = true;
    const deletions = (async () => {
      while (deleting) await peer.channel.deleteQueue(queue);
    })();
    // Which of the two wins a race is chance; two lost in a row make a call unroutable.
    let error: Error | undefined;
    while (error === undefined)
      error = await task.delay().published.then(
        () => undefined,
        (thrown: Error) => thrown,
      );
    deleting = false;
    await deletions;
    expect(error).toMatchObject({ code: 'unroutable', fields: { queue } });
    expect(error.message).toBe(`No queue took the call for '${queue}': 312 NO_ROUTE. Is the queue being deleted?`);
    await task.delay().published;
  });

  it('declares its queue again when that is deleted, and arrives', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const task = test.app.task('take', () => 1);
    await task.delay().published;
    await peer.channel.deleteQueue(`${test.prefix}tq`);
    await task.delay().published;
    expect(await queueState(peer, `${test.prefix}tq`)).toEqual({ messages: 1, consumers: 0 });
  });

  it('leaves a queue as it is, whatever its properties', async () => {
    await using test = openApp({ queueType: 'quorum' });
    await using peer = await openPeer();
    await peer.channel.assertQueue(`${test.prefix}tq`, { durable: true, arguments: { 'x-max-priority': 3 } });
    await test.app.task('take', () => 1).delay().published;
    expect(await queueState(peer, `${test.prefix}tq`)).toEqual({ messages: 1, consumers: 0 });
  });

  it('names the difference when what it must declare exists with other properties', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const dead = `${test.prefix}tq.dead`;
    await peer.channel.assertQueue(dead, { durable: true, arguments: { 'x-message-ttl': 5 } });
    const error = await failure(test.app.task('take', () => 1).delay());
    expect(error).toMatchObject({ code: 'declaration-conflict', fields: { name: dead, argument: 'x-message-ttl' } });
    expect(error.message).toMatch(
      /^The queue '.*tq\.dead' exists with other properties: x-message-ttl is to be .*604800000.*, and the broker has .*5/,
    );
    expect(error.message).toContain('delete the queue once it is empty');
  });
});

describe('a call while the connection is frozen', () => {
  it('times out at its deadline, in the outbox or before it', async () => {
    await using proxy = await startProxy(brokerUrl());
    await using test = openApp({ url: proxy.url });
    const task = test.app.task('take', () => 1);
    await task.delay().published;
    proxy.freeze();
    const [written, staged] = await Promise.all([
      failure(task.apply([], { deadline: 200 })),
      failure(task.apply([], { deadline: 200, queue: 'other' })),
    ]);
    proxy.thaw();
    expect(written).toMatchObject({ code: 'publish-timeout', outcomeUnknown: true });
    expect(written.message).toBe(
      'Not confirmed within 200ms: no confirm came. It was written, so it may have arrived all the same.',
    );
    expect(staged).toMatchObject({ code: 'publish-timeout', outcomeUnknown: false });
    expect(staged.message).toBe('Not published within 200ms: the queue could not be looked at');
  });

  it('takes the deadline of the app where it has none of its own', async () => {
    await using proxy = await startProxy(brokerUrl());
    await using test = openApp({ url: proxy.url, publishTimeout: 150 });
    proxy.freeze();
    const error = await failure(test.app.task('take', () => 1).delay());
    proxy.thaw();
    expect(error).toMatchObject({ code: 'publish-timeout' });
    expect(error.message).toContain('within 150ms');
  });

  it('is aborted by its signal, in the outbox or before it', async () => {
    await using proxy = await startProxy(brokerUrl());
    await using test = openApp({ url: proxy.url });
    const task = test.app.task('take', () => 1);
    await task.delay().published;
    proxy.freeze();
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [task.apply([], { signal }), task.apply([], { signal, queue: 'other' })];
    const failures = Promise.all(calls.map(failure));
    const reason = new Error('changed my mind');
    controller.abort(reason);
    const [written, staged] = await failures;
    const late = await failure(task.apply([], { signal }));
    proxy.thaw();
    expect(written).toMatchObject({ code: 'publish-aborted', outcomeUnknown: true, cause: reason });
    expect(staged).toMatchObject({ code: 'publish-aborted', outcomeUnknown: false, cause: reason });
    expect(late).toMatchObject({ code: 'publish-aborted', outcomeUnknown: false, cause: reason });
    expect(staged?.message).toBe('The publish was aborted by its signal.');
  });

  it('finds the outbox full beyond its bounds in messages or bytes, and room again after the thaw', async () => {
    await using proxy = await startProxy(brokerUrl());
    for (const bounds of [{ outboxMessages: 2 }, { outboxBytes: 100 }]) {
      await using test = openApp({ url: proxy.url, ...bounds });
      const task = test.app.task('take', (text: string) => text);
      await task.delay('warm').published;
      proxy.freeze();
      const taken = [task.delay('x'.repeat(40)), task.delay('x'.repeat(40))].map(({ published }) => published);
      const error = await failure(task.delay('x'));
      proxy.thaw();
      await Promise.all(taken);
      expect(error).toMatchObject({ code: 'outbox-full', outcomeUnknown: false });
      expect(error.message).toMatch(
        /^The outbox is full: 2 messages \(\d+ bytes\) wait for the broker, .* are allowed\./,
      );
      expect(error.message).toContain('Await result.published, or use task.bulk, which waits for room.');
      await task.delay('again').published;
    }
  });
});

it('a call is published again after a cut, with the same id', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using test = openApp({ url: proxy.url });
  await using peer = await openPeer();
  const task = test.app.task('take', () => 1);
  await task.delay().published;
  await peer.channel.purgeQueue(`${test.prefix}tq`);
  proxy.freeze();
  const result = task.delay();
  const { published } = result;
  proxy.cut();
  proxy.thaw();
  await published;
  const message = await takeOne(peer, `${test.prefix}tq`);
  expect(message?.properties.correlationId).toBe(result.id);
});

describe('a failed publish that nobody awaits', () => {
  it('is an event and a line in the log', async () => {
    await using test = openApp({ maxMessageBytes: 10 });
    const seen = once(eventsOf(test.app), 'publish:failed');
    const result = test.app.task('take', (text: string) => text).delay('far too large');
    const [event] = (await seen) as [{ taskId: string; task: string; error: Error }];
    expect(event).toMatchObject({ taskId: result.id, task: 'take', error: { code: 'message-too-large' } });
    expect(problems(test.lines)).toEqual([
      {
        level: 'error',
        message: 'a call was not published, and nobody awaited it',
        fields: { taskId: result.id, task: 'take', err: event.error },
      },
    ]);
    expect(result.state).toBe('unknown');
    expect(await rejection(result.get())).toBe(event.error);
    expect(await rejection(result.published)).toBe(event.error);
  });

  it('is neither when it is awaited, by published or by get()', async () => {
    await using test = openApp({ maxMessageBytes: 10 });
    const events: unknown[] = [];
    test.app.on('publish:failed', (event) => events.push(event));
    const task = test.app.task('take', (text: string) => text);
    await rejection(task.delay('far too large').published);
    await rejection(task.delay('far too large').get());
    expect(events).toEqual([]);
    expect(problems(test.lines)).toEqual([]);
  });
});

function circle(): object {
  const one: { self?: object } = {};
  one.self = one;
  return one;
}

/** The app's events as an emitter, for `once`. */
function eventsOf(app: ReturnType<typeof openApp>['app']) {
  const target = new EventTarget();
  return Object.assign(target, {
    addEventListener: (_: string, listener: (event: unknown) => void) => app.on('publish:failed', listener),
  });
}
