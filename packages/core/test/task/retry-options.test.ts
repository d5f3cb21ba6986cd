import { describe, expect, it } from 'vitest';
import { checkCallRetry, checkRetry } from '../../src/task/retry-options.js';

const REACH = 100 * (2 ** 28 - 1);

describe("a task's retry policy", () => {
  it.each([
    undefined,
    {},
    { maxRetries: 0, delay: 0, maxDelay: 0, jitter: false, backoff: 'linear' },
    { maxRetries: undefined, backoff: undefined, retryOn: undefined },
    { backoff: () => 1, retryOn: [RangeError, () => true], noRetryOn: [] },
    { delay: REACH },
  ] as const)('may be %o', (retry) => {
    expect(() => checkRetry(retry as never, 'retry')).not.toThrow();
  });

  it.each([
    [false, "retry: expected { maxRetries, backoff, … }, found boolean 'false'; leave it out for no retries."],
    [3, "retry: expected { maxRetries, backoff, … }, found number '3'; leave it out for no retries."],
    [null, 'found null'],
    [[RangeError], 'found a list'],
    [{ maxRetires: 3 }, "retry: unknown option 'maxRetires'. Did you mean 'maxRetries'?"],
    [{ maxRetries: -1 }, 'retry.maxRetries: expected a whole number from 0 to'],
    [{ maxRetries: Number.POSITIVE_INFINITY }, 'found Infinity'],
    [{ delay: 0.5 }, 'retry.delay (ms): expected a whole number from 0 to'],
    [{ delay: '1s' }, 'found 1s'],
    [{ maxDelay: REACH + 1 }, `retry.maxDelay (ms): expected a whole number from 0 to ${REACH}`],
    [{ delay: 20, maxDelay: 10 }, 'retry.delay: expected at most the maxDelay of 10 ms, found 20 ms'],
    [{ jitter: 'full' }, 'retry.jitter: expected true or false, found string.'],
    [
      { backoff: 'exponental' },
      "retry.backoff: expected fixed or linear or exponential, found 'exponental'. Did you mean 'exponential'?",
    ],
    [{ retryOn: RangeError }, 'retry.retryOn: expected a list of error classes and functions, found function.'],
    [
      { noRetryOn: ['RangeError'] },
      'retry.noRetryOn: expected a list of error classes and functions, found string in it.',
    ],
    [{ retryOn: [undefined] }, 'found undefined in it.'],
    [{ retryOn: [null] }, 'found null in it.'],
  ])('is not %o', (retry, text) => {
    expect(() => checkRetry(retry as never, 'retry')).toThrow(text);
  });
});

describe('what a call says of retries', () => {
  it.each([undefined, false, {}, { maxRetries: 1, backoff: 'fixed', delay: 10, maxDelay: 20, jitter: true }] as const)(
    'may be %o',
    (retry) => {
      expect(() => checkCallRetry(retry, 'retry')).not.toThrow();
    },
  );

  it.each([
    [true, "retry: expected false or { maxRetries, backoff, … }, found boolean 'true'; use false for no retries."],
    [{ backoff: () => 1 }, 'retry.backoff: expected data, which a call can carry to the worker, found a function'],
    [{ retryOn: [RangeError] }, 'retry.retryOn: expected data, which a call can carry to the worker'],
    [{ noRetryOn: [] }, 'say it in the task’s own retry options'.replace('’', "'")],
    [{ maxRetires: 1 }, "retry: unknown option 'maxRetires'. Did you mean 'maxRetries'?"],
    [{ backoff: 'cubic' }, 'retry.backoff: expected fixed or linear or exponential'],
    [{ delay: -1 }, 'retry.delay (ms)'],
  ])('is not %o', (retry, text) => {
    expect(() => checkCallRetry(retry as never, 'retry')).toThrow(text);
  });
});
