import { describe, expect, it, vi } from 'vitest';
import { PublishError, TaskFailedError, TaskRevokedError, TqError } from '../../src/errors.js';
import type { GetOptions } from '../../src/results/async-result.js';
import type { PendingResult } from '../../src/results/pending-result.js';
import type { QueueStatus } from '../../src/results/transport.js';
import { nacked, now, reply, setup } from './pending-result.js';

describe('the state of a result', () => {
  it('follows the call from its publish to its end', () => {
    const { result } = setup();
    const states: string[] = [result.state];
    result.confirmed();
    states.push(result.state);
    for (const status of ['RECEIVED', 'STARTED', 'RETRY', 'STARTED', 'SUCCESS'] as const) {
      result.replied(reply(status));
      states.push(result.state);
    }
    expect(states).toEqual(['pending', 'published', 'received', 'started', 'retry', 'started', 'success']);
  });

  it('is the one of the tree that it gives', () => {
    const { result } = setup();
    result.replied(reply('STARTED'));
    expect(result.tree()).toEqual({ kind: 'task', id: 'i1', task: 'fib', state: 'started' });
  });

  it('ends with FAILURE as failure, and get() says what the worker said', async () => {
    const { result } = setup();
    result.confirmed();
    result.replied(reply('FAILURE'));
    expect(result.state).toBe('failure');
    const error = await result.get().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ code: 'task-failed', taskId: 'i1', message: 'RangeError: too big' });
    expect(error).toMatchObject({ remote: { name: 'RangeError', code: 'E_BIG' } });
    expect((error as Error).stack).toContain('at py');
  });

  it.each([
    ['expired', "Task 'fib' expired before a worker started it, so it was not run."],
    ['terminated', "Task 'fib' was revoked: terminated."],
  ])('ends with REVOKED as revoked, and get() says why: %s', async (reason, message) => {
    const { result } = setup();
    result.confirmed();
    const error = { name: 'TaskRevokedError', message: reason, stack: undefined, code: undefined, cause: undefined };
    result.replied({ status: 'REVOKED', taskId: 'i1', error });
    expect(result.state).toBe('revoked');
    const thrown = await result.get().catch((rejection: unknown) => rejection);
    expect(thrown).toBeInstanceOf(TaskRevokedError);
    expect(thrown).toMatchObject({ code: 'task-revoked', taskId: 'i1', reason, message });
  });

  it('is unknown when the publish failed, and when its replies may be lost', async () => {
    const unpublished = setup().result;
    unpublished.published.catch(() => undefined);
    unpublished.failed(nacked());
    expect(unpublished.state).toBe('unknown');
    const lost = setup().result;
    lost.confirmed();
    lost.failed(new TqError('replies-lost', 'gone'));
    expect(lost.state).toBe('unknown');
    await lost.published;
    await expect(lost.get()).rejects.toMatchObject({ code: 'replies-lost' });
  });
});

describe('published', () => {
  it('resolves with the confirm, asked for before it or after', async () => {
    const { result } = setup();
    const early = result.published;
    expect(await now(early)).toBe('open');
    result.confirmed();
    await early;
    await result.published;
  });

  it('resolves with a reply that is quicker than the confirm', async () => {
    const { result } = setup();
    const published = result.published;
    result.replied(reply('SUCCESS'));
    await published;
    expect(result.state).toBe('success');
    result.confirmed();
    result.failed(new PublishError('publish-timeout', 'late', { outcomeUnknown: true }));
    expect(result.state).toBe('success');
    expect(await result.get()).toBe(832_040);
  });

  it('rejects with what the publish failed of, asked for before it or after, as get() does', async () => {
    const { result } = setup();
    const error = nacked();
    const early = result.published.catch((thrown: unknown) => thrown);
    result.failed(error);
    expect(await early).toBe(error);
    await expect(result.published).rejects.toBe(error);
    await expect(result.get()).rejects.toBe(error);
  });

  it('still tells of the publish when the result was given up before it', async () => {
    const { result } = setup();
    const published = result.published;
    result.forget();
    expect(await now(published)).toBe('open');
    result.confirmed();
    await published;
  });
});

describe('a publish that failed', () => {
  it('is told when nobody awaits it', () => {
    const { result, state } = setup();
    const error = nacked();
    result.failed(error);
    expect(state.unobserved).toEqual([['i1', 'fib', error]]);
  });

  it('is not told when somebody awaits published', () => {
    const { result, state } = setup();
    result.published.catch(() => undefined);
    result.failed(nacked());
    expect(state.unobserved).toEqual([]);
  });

  it('is not told when somebody waits in get()', async () => {
    const { result, state } = setup();
    const got = result.get();
    result.failed(nacked());
    await expect(got).rejects.toMatchObject({ code: 'publish-nacked' });
    expect(state.unobserved).toEqual([]);
  });
});

describe('get()', () => {
  it('waits for the result, holds the connection meanwhile, and gives it to everybody', async () => {
    const { result, state, clock } = setup();
    const waits = [result.get(), result.get()];
    expect(state.holds).toBe(1);
    result.confirmed();
    result.replied(reply('STARTED'));
    expect(await now(waits[0] as Promise<number>)).toBe('open');
    result.replied(reply('SUCCESS'));
    expect(await Promise.all(waits)).toEqual([832_040, 832_040]);
    expect(await result.get()).toBe(832_040);
    expect(state.holds).toBe(0);
    // A duplicate of a redelivered task changes nothing.
    result.replied(reply('FAILURE'));
    expect(await result.get()).toBe(832_040);
    clock.advance(100_000);
    expect(state.asked).toEqual([]);
  });

  it.each<[string, QueueStatus | undefined | Error, string]>([
    [
      'no consumer',
      { messages: 3, consumers: 0, caughtUp: true },
      "'math' has 3 messages and no consumer: is a worker running on it?",
    ],
    ['one message', { messages: 1, consumers: 2, caughtUp: true }, "'math' has 1 message waiting and 2 consumers."],
    ['one consumer', { messages: 0, consumers: 1, caughtUp: true }, "'math' has 0 messages waiting and 1 consumer."],
    ['no answer', undefined, 'it is published.'],
    ['a failed look', new Error('gone'), 'it is published; the broker could not be asked for its queue.'],
  ])('says after its timeout what is known of the queue: %s', async (_, status, text) => {
    const { result, state, clock, answerStatus } = setup();
    answerStatus(async () => {
      if (status instanceof Error) throw status;
      return status;
    });
    result.confirmed();
    const wait = result.get({ timeout: 1_000 });
    clock.advance(999);
    expect(await now(wait)).toBe('open');
    clock.advance(1);
    await expect(wait).rejects.toMatchObject({
      code: 'result-timeout',
      message: expect.stringMatching(/^No result of task 'fib' within 1 ?s: /),
      fields: { taskId: 'i1', queue: 'math', timeoutMs: 1_000 },
    });
    await expect(wait).rejects.toThrow(text);
    expect([state.asked, state.holds]).toEqual([['math'], 0]);
  });

  it.each<[string, (result: PendingResult<number>) => void, string]>([
    ['not confirmed', () => undefined, 'the call is not confirmed yet.'],
    ['started', (result) => result.replied(reply('STARTED')), "its state is 'started'."],
  ])('says after its timeout how far the call has come: %s', async (_, bring, text) => {
    const { result, state, clock } = setup();
    bring(result);
    const wait = result.get();
    clock.advance(60_000);
    await expect(wait).rejects.toThrow(text);
    expect(state.asked).toEqual([]);
  });

  it('may be called again after its timeout', async () => {
    const { result, clock, state } = setup();
    const first = result.get({ timeout: 10 });
    clock.advance(10);
    await expect(first).rejects.toMatchObject({ code: 'result-timeout' });
    const second = result.get({ timeout: 10 });
    result.replied(reply('SUCCESS'));
    expect(await second).toBe(832_040);
    expect([state.holds, state.forgotten]).toEqual([0, []]);
  });

  it('takes the result that comes while the queue is still being looked at', async () => {
    const { result, clock, answerStatus } = setup();
    let answer: (status: undefined) => void = () => undefined;
    answerStatus(() => new Promise((resolve) => (answer = resolve)));
    result.confirmed();
    const wait = result.get({ timeout: 10 });
    clock.advance(10);
    result.replied(reply('SUCCESS'));
    answer(undefined);
    expect(await wait).toBe(832_040);
  });

  it('one wait that ends leaves the others and their hold', async () => {
    const { result, clock, state } = setup();
    const [short, long] = [result.get({ timeout: 10 }), result.get({ timeout: 1_000 })];
    clock.advance(10);
    await expect(short).rejects.toMatchObject({ code: 'result-timeout' });
    expect(state.holds).toBe(1);
    result.replied(reply('SUCCESS'));
    expect(await long).toBe(832_040);
    expect(state.holds).toBe(0);
  });

  it('ends with its signal, aborted before or later, and the task goes on', async () => {
    const { result, state } = setup();
    const reason = new Error('mine');
    const before: GetOptions = { signal: AbortSignal.abort(reason) };
    await expect(result.get(before)).rejects.toMatchObject({ code: 'result-aborted', cause: reason });
    const abort = new AbortController();
    const wait = result.get({ signal: abort.signal });
    abort.abort(reason);
    await expect(wait).rejects.toMatchObject({ code: 'result-aborted', message: expect.stringContaining('goes on') });
    expect([state.holds, result.state]).toEqual([0, 'pending']);
    result.replied(reply('SUCCESS'));
    expect(await result.get()).toBe(832_040);
  });

  it('refuses inside a task, unless it is told to wait all the same', async () => {
    const { result, state } = setup({ runningTask: 'outer' });
    await expect(result.get()).rejects.toMatchObject({
      code: 'result-wait-in-task',
      message: expect.stringContaining("'outer'"),
    });
    expect(state.holds).toBe(0);
    const wait = result.get({ allowInTask: true });
    result.replied(reply('SUCCESS'));
    expect(await wait).toBe(832_040);
  });

  it('refuses a call without a result, and tells that it was not published', async () => {
    const { result } = setup({ ignoreResult: true });
    result.confirmed();
    await expect(result.get()).rejects.toMatchObject({
      code: 'result-forgotten',
      message: expect.stringContaining('ignoreResult'),
    });
    const failed = setup({ ignoreResult: true }).result;
    failed.failed(nacked());
    await expect(failed.get()).rejects.toMatchObject({ code: 'publish-nacked' });
  });
});

describe('forget()', () => {
  it('ends open waits and later ones, and drops the reply', async () => {
    const { result, state } = setup();
    const wait = result.get();
    result.forget();
    await expect(wait).rejects.toMatchObject({ code: 'result-forgotten' });
    await expect(result.get()).rejects.toMatchObject({ code: 'result-forgotten' });
    expect([state.forgotten, state.holds]).toEqual([['i1'], 0]);
    result.replied(reply('SUCCESS'));
    await expect(result.get()).rejects.toMatchObject({ code: 'result-forgotten' });
  });

  it('keeps a result that was there', async () => {
    const { result } = setup();
    result.replied(reply('SUCCESS'));
    result.forget();
    expect(await result.get()).toBe(832_040);
  });
});

it('knows the error of a call that was not published, whichever copy of the package made it', async () => {
  vi.resetModules();
  const copy = await import('../../src/errors.js');
  const foreign = new copy.PublishError('publish-nacked', 'refused');
  expect(foreign).not.toBeInstanceOf(PublishError);
  const awaited = setup();
  const published = awaited.result.published.catch((error: unknown) => error);
  awaited.result.failed(foreign);
  expect(await now(published)).toBe(foreign);
  const alone = setup();
  alone.result.failed(foreign);
  expect(alone.state.unobserved).toEqual([['i1', 'fib', foreign]]);
});

it.each([Number.NaN, '5', Number.POSITIVE_INFINITY])('refuses to wait for %s ms', async (timeout) => {
  const { result, clock } = setup();
  expect(await now(result.get({ timeout: timeout as number }))).toMatchObject({ code: 'invalid-option' });
  expect(clock.timers).toBe(0);
});

it('refuses an option of get() that it does not know', async () => {
  const { result } = setup();
  const options = { timeOut: 5 } as object;
  expect(await now(result.get(options))).toMatchObject({
    code: 'unknown-option',
    message: expect.stringContaining("'timeout'"),
  });
});
