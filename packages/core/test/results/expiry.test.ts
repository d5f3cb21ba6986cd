import { describe, expect, it } from 'vitest';
import { TaskRevokedError } from '../../src/errors.js';
import type { QueueStatus } from '../../src/results/transport.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { now, reply, setup } from './pending-result.js';

/** When the clock of a test begins. */
const START = new ManualClock().wallTime();
const STATUS: QueueStatus = { messages: 3, consumers: 0, caughtUp: true };

/** A call that expires 10 s after it was made, published, and what the broker says of its queue. */
function expiring(status: QueueStatus | undefined = STATUS) {
  const scene = setup({ expires: START + 10_000 });
  scene.answerStatus(async () => status);
  scene.result.confirmed();
  return scene;
}

describe('a result whose task may not start any more', () => {
  it('ends by itself 2 s after the expiry, and says that no worker has started it', async () => {
    const { clock, result, state } = expiring();
    const got = result.get();
    clock.advance(11_999);
    expect(await now(got)).toBe('open');
    clock.advance(1);
    const error = await now(got);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({
      code: 'task-revoked',
      taskId: 'i1',
      reason: 'expired',
      message:
        "No worker had started task 'fib' 2s after it expired, so it will not run: 'math' has 3 messages and no consumer: is a worker running on it?",
    });
    expect(result.state).toBe('revoked');
    expect(state).toMatchObject({ asked: ['math'], forgotten: ['i1'], holds: 0 });
  });

  it('leaves a worker as much time to refuse a task that had expired when it was called', async () => {
    const { clock, result, answerStatus } = setup({ expires: START - 10_000 });
    answerStatus(async () => STATUS);
    result.confirmed();
    clock.advance(1_999);
    expect(await now(result.get())).toBe('open');
    clock.advance(1);
    await expect.poll(() => result.state).toBe('revoked');
  });

  it('ends also when nobody waits, and get() says so afterwards', async () => {
    const { clock, result } = expiring();
    clock.advance(12_000);
    await expect.poll(() => result.state).toBe('revoked');
    await expect(result.get()).rejects.toMatchObject({ reason: 'expired' });
  });

  it.each(['STARTED', 'RETRY', 'SUCCESS', 'FAILURE'] as const)(
    'goes on after a word of a worker: %s',
    async (status) => {
      const { clock, result, state } = expiring();
      result.replied(reply(status));
      clock.advance(60_000);
      await now(Promise.resolve());
      expect(state).toMatchObject({ asked: [], forgotten: [] });
    },
  );

  it('says what its last try failed with, where it was tried before', async () => {
    const { result } = expiring();
    result.replied(reply('RETRY'));
    const error = { name: 'TaskRevokedError', message: 'expired', stack: undefined, code: undefined, cause: undefined };
    result.replied({ status: 'REVOKED', taskId: 'i1', error });
    await expect(result.get()).rejects.toMatchObject({
      reason: 'expired',
      cause: { code: 'task-failed', message: 'RangeError: too big' },
    });
  });

  it('says that it was started before, where it was to be run once more', async () => {
    const { result } = expiring();
    result.replied(reply('STARTED'));
    const error = { name: 'TaskRevokedError', message: 'expired', stack: undefined, code: undefined, cause: undefined };
    result.replied({ status: 'REVOKED', taskId: 'i1', error });
    await expect(result.get()).rejects.toThrow(
      "Task 'fib' expired before a worker started it once more, so it was not run once more.",
    );
  });

  it('names the exchange where it went to one', async () => {
    const { clock, result, answerStatus } = setup({ expires: START + 10_000, exchange: 'events' });
    answerStatus(async () => STATUS);
    result.confirmed();
    const got = result.get({ timeout: 1_000 });
    clock.advance(1_000);
    await expect(got).rejects.toThrow("it was published to the exchange 'events': is a worker running on a queue");
    clock.advance(11_000);
    await expect.poll(() => result.state).toBe('revoked');
    await expect(result.get()).rejects.toThrow("so it will not run: it was published to the exchange 'events'");
  });

  it('goes on when the word comes while the broker is asked', async () => {
    const { clock, result, answerStatus, state } = expiring();
    let answer: (status: QueueStatus) => void = () => undefined;
    answerStatus(() => new Promise((resolve) => (answer = resolve)));
    clock.advance(12_000);
    expect(state.asked).toEqual(['math']);
    result.replied(reply('STARTED'));
    answer(STATUS);
    await now(Promise.resolve());
    expect(result.state).toBe('started');
  });

  it('ends though a worker has it, when that has not started it', async () => {
    const { clock, result } = expiring();
    result.replied(reply('RECEIVED'));
    clock.advance(12_000);
    await expect.poll(() => result.state).toBe('revoked');
  });

  it.each([
    ['the broker cannot be asked', undefined],
    ['replies do not come in', { ...STATUS, caughtUp: false }],
  ])('does not end while %s: it may have started', async (_, status) => {
    const { clock, result, answerStatus, state } = expiring();
    answerStatus(async () => status);
    clock.advance(12_000);
    await now(Promise.resolve());
    expect(result.state).toBe('published');
    answerStatus(async () => STATUS);
    clock.advance(2_000);
    await expect.poll(() => result.state).toBe('revoked');
    expect(state.asked).toEqual(['math', 'math']);
  });

  it('does not end before its call is published', async () => {
    const { clock, result, answerStatus } = setup({ expires: START + 10_000 });
    answerStatus(async () => STATUS);
    clock.advance(12_000);
    await now(Promise.resolve());
    expect(result.state).toBe('pending');
    result.confirmed();
    clock.advance(2_000);
    await expect.poll(() => result.state).toBe('revoked');
  });
});

it.each([
  ['it does not expire', {}],
  ['nobody wants its result', { expires: START + 10_000, ignoreResult: true }],
])('a call costs no timer where %s', (_, facts) => {
  const { clock } = setup(facts);
  expect(clock.timers).toBe(0);
});

it('the timeout of a call that is delayed says until when', async () => {
  const { clock, result, state } = setup({ eta: Date.UTC(2026, 0, 1, 1) });
  result.confirmed();
  const got = result.get({ timeout: 1_000 });
  clock.advance(1_000);
  await expect(got).rejects.toThrow('it waits in the broker and is not to start before 2026-01-01T01:00:00.000Z.');
  expect(state.asked).toEqual([]);
});
