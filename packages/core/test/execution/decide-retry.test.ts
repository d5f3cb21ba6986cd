import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRetry, type FailedTry } from '../../src/execution/decide-retry.js';
import { BACKOFF_SHAPES } from '../../src/protocol/call-retry.js';
import type { RetryOptions } from '../../src/task/retry-options.js';

class HttpError extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

const decide = (more: Partial<FailedTry>) =>
  decideRetry({
    error: new Error('no'),
    attempt: 1,
    task: {},
    call: undefined,
    request: undefined,
    leftMs: undefined,
    random: 0.5,
    ...more,
  });

/** The delay after each of the first tries; undefined where there is no other try. */
function delays(task: RetryOptions | undefined, tries: number, more: Partial<FailedTry> = {}): (number | undefined)[] {
  return Array.from({ length: tries }, (_, index) => {
    const decision = decide({ task, attempt: index + 1, ...more });
    return decision.kind === 'retry' ? decision.delayMs : undefined;
  });
}

const exactly = { jitter: false } as const;

describe('a task that expires', () => {
  it('has another try as long as that one can still start', () => {
    const task = { ...exactly, backoff: 'fixed', delay: 50 } as const;
    expect(decide({ task, leftMs: 51 })).toEqual({ kind: 'retry', delayMs: 50, fault: undefined });
    expect(decide({ task, leftMs: 50 })).toEqual({ kind: 'too-late', delayMs: 50, fault: undefined });
    expect(decide({ task: { ...task, delay: 0 }, leftMs: -1 }).kind).toBe('too-late');
    expect(decide({ task: undefined, request: { delay: 60 }, leftMs: 60 }).kind).toBe('too-late');
    expect(decide({ task: { maxRetries: 0 }, leftMs: 1 }).kind).toBe('give-up');
  });
});

describe('how long a task waits for its next try', () => {
  it('grows as its backoff says, up to maxDelay', () => {
    expect(delays({ ...exactly, backoff: 'fixed', delay: 50 }, 4)).toEqual([50, 50, 50, undefined]);
    expect(delays({ ...exactly, backoff: 'linear', delay: 50 }, 4)).toEqual([50, 100, 150, undefined]);
    expect(delays({ ...exactly, delay: 50, maxRetries: 5, maxDelay: 300 }, 6)).toEqual([
      50,
      100,
      200,
      300,
      300,
      undefined,
    ]);
    const squares = (attempt: number) => attempt ** 2;
    expect(delays({ ...exactly, backoff: squares, maxDelay: 5 }, 4)).toEqual([1, 4, 5, undefined]);
  });

  it('is one second, then two, then four, with jitter, when the policy says nothing', () => {
    expect(delays(exactly, 4)).toEqual([1_000, 2_000, 4_000, undefined]);
    expect(delays({}, 4, { random: 0.25 })).toEqual([250, 500, 1_000, undefined]);
    expect(delays({ ...exactly, maxRetries: 99 }, 99).at(-1)).toBe(600_000);
    expect(delays({ ...exactly, backoff: 'fixed', delay: 3_600_000 }, 1)).toEqual([3_600_000]);
  });

  const policy = fc.record({
    backoff: fc.constantFrom(...BACKOFF_SHAPES),
    delay: fc.nat(2 ** 40),
    maxDelay: fc.nat(2 ** 40),
    maxRetries: fc.nat(10_000),
  });

  it('never shrinks from try to try without jitter, and never passes maxDelay', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 10_000 }), (numbers, attempt) => {
        const [first = 0, second = 0] = [attempt, attempt + 1].map((attempt) => {
          const decision = decide({ task: { ...numbers, ...exactly, maxRetries: 99_999 }, attempt });
          return decision.kind === 'retry' ? decision.delayMs : Number.NaN;
        });
        expect(first).toBeLessThanOrEqual(second);
        expect(second).toBeLessThanOrEqual(numbers.maxDelay);
        expect(first).toBeGreaterThanOrEqual(Math.min(numbers.delay, numbers.maxDelay));
      }),
    );
  });

  it('is drawn from all of 0 to that with jitter, whole milliseconds', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 100 }), random, (numbers, attempt, random) => {
        const task = { ...numbers, maxRetries: 100 };
        const [least = -1] = delays(task, 1, { attempt, random: 0 });
        const [drawn = -1] = delays(task, 1, { attempt, random });
        const [most = -1] = delays(task, 1, { attempt, random: 1 - 2 ** -53 });
        const [exact = -1] = delays({ ...task, ...exactly }, 1, { attempt });
        expect(least).toBe(0);
        expect(most).toBe(exact);
        expect(Number.isInteger(drawn) && drawn >= least && drawn <= most).toBe(true);
      }),
    );
  });

  it('ends after maxRetries further tries, whatever else the policy says', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 20_000 }), (numbers, attempt) => {
        expect(decide({ task: numbers, attempt }).kind).toBe(attempt <= numbers.maxRetries ? 'retry' : 'give-up');
      }),
    );
  });

  it('tells a function which try failed, and with what', () => {
    const seen: unknown[] = [];
    const backoff = (attempt: number, error: Error) => {
      seen.push([attempt, error.message]);
      return 7;
    };
    expect(delays({ ...exactly, backoff, maxRetries: 2 }, 2, { error: 'plain text' })).toEqual([7, 7]);
    expect(seen).toEqual([
      [1, 'plain text'],
      [2, 'plain text'],
    ]);
  });

  it.each([Number.NaN, -1, undefined, '7', null])('is exponential when a function gives %s, and says why', (given) => {
    const task = { ...exactly, backoff: () => given as number, delay: 10 };
    expect(delays(task, 3)).toEqual([10, 20, 40]);
    expect(decide({ task }).fault).toMatchObject({
      message: `backoff: expected milliseconds from 0 on, found ${given}.`,
    });
  });

  it('is exponential when a function throws, and says what', () => {
    const fault = new Error('no table');
    const backoff = () => {
      throw fault;
    };
    expect(decide({ task: { ...exactly, backoff, delay: 10 } })).toEqual({ kind: 'retry', delayMs: 10, fault });
    expect(delays({ ...exactly, backoff: () => Number.POSITIVE_INFINITY, maxDelay: 9 }, 1)).toEqual([9]);
  });
});

describe('whether there is a next try', () => {
  const again = (task: RetryOptions | undefined, error: unknown) => decide({ task, error }).kind === 'retry';

  it('is for a policy to say: without one there is none', () => {
    expect(again(undefined, new Error('no'))).toBe(false);
    expect(again({}, new Error('no'))).toBe(true);
    expect(again({}, 'no error at all')).toBe(true);
    expect(again({ maxRetries: 0 }, new Error('no'))).toBe(false);
  });

  it('is for the errors of retryOn, classes with those under them and predicates', () => {
    const retryOn = [HttpError, (error: Error) => error.message === 'busy'];
    expect(again({ retryOn }, new HttpError(500))).toBe(true);
    expect(again({ retryOn }, new (class extends HttpError {})(500))).toBe(true);
    expect(again({ retryOn }, new Error('busy'))).toBe(true);
    expect(again({ retryOn }, new Error('no'))).toBe(false);
    expect(again({ retryOn }, 'busy')).toBe(true);
    expect(again({ retryOn: [Error] }, 'text')).toBe(false);
    expect(again({ retryOn: [] }, new Error('no'))).toBe(false);
  });

  it('is not for those of noRetryOn, whatever retryOn says', () => {
    const permanent = (error: Error) => error instanceof HttpError && error.status < 500;
    expect(again({ noRetryOn: [permanent] }, new HttpError(404))).toBe(false);
    expect(again({ noRetryOn: [permanent] }, new HttpError(503))).toBe(true);
    expect(again({ retryOn: [HttpError], noRetryOn: [Error] }, new HttpError(503))).toBe(false);
  });

  it('takes an error of another realm for one, and its class for a class', () => {
    const [thrown, Foreign] = runInNewContext('[new RangeError("far"), RangeError]');
    expect(again({ retryOn: [(error) => error.name === 'RangeError' && error === thrown] }, thrown)).toBe(true);
    expect(again({ retryOn: [Foreign] }, thrown)).toBe(true);
    expect(again({ retryOn: [Foreign] }, new RangeError('ours'))).toBe(false);
  });

  it('is not when a predicate throws, and says what', () => {
    const fault = new Error('undefined is not a function');
    const predicate = () => {
      throw fault;
    };
    expect(decide({ task: { retryOn: [predicate] } })).toEqual({ kind: 'give-up', fault });
    expect(decide({ task: { noRetryOn: [predicate] } })).toEqual({ kind: 'give-up', fault });
  });

  it('is for the call to say as well, value by value', () => {
    const task: RetryOptions = { ...exactly, maxRetries: 1, delay: 10, backoff: 'linear' };
    expect(delays(task, 3, { call: { maxRetries: 2 } })).toEqual([10, 20, undefined]);
    expect(delays(task, 3, { call: { backoff: 'fixed', maxRetries: 3 } })).toEqual([10, 10, 10]);
    expect(delays(task, 1, { call: false })).toEqual([undefined]);
    expect(delays(undefined, 2, { call: { ...exactly, delay: 5, maxRetries: 1 } })).toEqual([5, undefined]);
    expect(delays({ retryOn: [HttpError] }, 1, { call: { maxRetries: 9 } })).toEqual([undefined]);
  });
});

describe('a Retry that the task threw', () => {
  it('is granted without a policy, three times unless it says otherwise', () => {
    expect(delays(undefined, 4, { request: {}, random: 0 })).toEqual([0, 0, 0, undefined]);
    expect(delays(undefined, 3, { request: { maxRetries: 1, delay: 9 } })).toEqual([9, undefined, undefined]);
  });

  it('is granted by the policy’s count and delays, where it has none of its own, and whatever the error', () => {
    const task: RetryOptions = { ...exactly, maxRetries: 2, delay: 10, retryOn: [], noRetryOn: [Error] };
    expect(delays(task, 3, { request: {} })).toEqual([10, 20, undefined]);
    expect(delays(task, 3, { request: { delay: 5 } })).toEqual([5, 5, undefined]);
    expect(delays(task, 4, { request: { maxRetries: 3 } })).toEqual([10, 20, 40, undefined]);
  });

  it('waits as long as it says, whatever maxDelay and jitter say', () => {
    expect(delays({ maxDelay: 10 }, 1, { request: { delay: 60_000 }, random: 0 })).toEqual([60_000]);
  });

  it('is granted when the call turns the policy off, and not beyond the number of tries that the call allows', () => {
    expect(delays({}, 1, { call: false, request: { delay: 1 } })).toEqual([1]);
    expect(delays({}, 1, { call: { maxRetries: 0 }, request: { delay: 1 } })).toEqual([undefined]);
  });
});
