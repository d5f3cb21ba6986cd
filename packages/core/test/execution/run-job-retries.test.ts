import { Ignore, Reject, Retry } from '@tq/core';
import { findCurrentTask, type Job, type JobEnd, Registry, type Runnable, runJob, TqError } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { type Middleware, MiddlewareStack } from '../../src/task/middleware.js';
import { testRuntime } from '../test-runtime.js';

const NOW = Date.UTC(2026, 0, 1);
const sources = { random: () => 0.5, clock: { wallTime: () => NOW } };

interface Scene extends Omit<Runnable, 'name' | 'handler' | 'middleware'> {
  readonly job?: Partial<Job>;
  readonly middleware?: readonly Middleware[];
  readonly act?: (run: ReturnType<typeof runJob>) => void;
}

/** Runs a handler as a task, and gives its end and what was logged. */
async function run(handler: () => unknown, { job, middleware = [], act, ...more }: Scene = {}) {
  const { logger, lines } = testRuntime();
  const stack = new MiddlewareStack();
  for (const one of middleware) stack.use(one);
  const registry = new Registry();
  registry.add({ name: 'flaky', handler, middleware: stack, ...more });
  const whole: Job = {
    ...{ id: 'j', task: 'flaky', attempt: 1, queue: 'q', rootId: 'j', parentId: undefined, headers: {} },
    ...{ bodyText: '[[7],{},{}]', ...job },
  };
  const end = await new Promise<JobEnd>((resolve) => {
    const running = runJob(whole, logger, resolve, registry, sources);
    act?.(running);
  });
  return { end, lines };
}

const throwing = (thrown: unknown) => () => {
  throw thrown;
};
const fails = throwing(new RangeError('too far'));
const rejects = () => Promise.reject(new RangeError('too far'));
const failure = { error: { exc_type: 'RangeError', exc_message: ['too far'] }, traceback: expect.any(String) };

describe('a task that fails', () => {
  it('is a failure without a policy, and to be run again with one, asynchronous or not', async () => {
    for (const handler of [fails, rejects]) {
      expect((await run(handler)).end).toMatchObject({ kind: 'failure', failure });
      expect((await run(handler, { retry: {} })).end).toMatchObject({ kind: 'retry', failure, delayMs: 500 });
      const outOfTries = { retry: { maxRetries: 2 }, job: { attempt: 3 } };
      expect((await run(handler, outOfTries)).end).toMatchObject({ kind: 'failure', failure });
    }
  });

  it('is to be run again when its call says so, and not when it says no', async () => {
    const ofCall = { job: { retry: { delay: 10, jitter: false, maxRetries: 1 } } } as const;
    expect((await run(fails, ofCall)).end).toMatchObject({ kind: 'retry', delayMs: 10 });
    expect((await run(fails, { retry: {}, job: { retry: false } })).end.kind).toBe('failure');
  });

  it('fails with its own error when its next try would come after it has expired', async () => {
    const retry = { delay: 1_000, jitter: false };
    expect((await run(fails, { retry, job: { expires: NOW + 1_001 } })).end).toMatchObject({ kind: 'retry' });
    const told: number[] = [];
    const middleware = [{ retry: () => void told.push(1) }];
    const late = await run(fails, { retry, middleware, job: { expires: NOW + 1_000 } });
    expect(late.end).toMatchObject({ kind: 'failure', failure });
    expect([told, late.lines]).toMatchObject([
      [],
      [{ level: 'info', message: expect.stringContaining('after the task expires'), fields: { delayMs: 1_000 } }],
    ]);
    const asked = await run(throwing(new Retry({ delay: 5 })), { job: { expires: NOW + 5 } });
    const text = "Task 'flaky' asked to run again after try 1, and would have expired by then: raise expires";
    expect(asked.end).toMatchObject({
      kind: 'failure',
      failure: { error: { code: 'retry', exc_message: [expect.stringContaining(text)] } },
    });
  });

  it('costs no turn of the loop when the handler is not asynchronous', () => {
    const registry = new Registry();
    registry.add({ name: 'flaky', handler: fails, retry: {} });
    const job = { id: 'j', task: 'flaky', attempt: 1, queue: 'q', rootId: 'j', parentId: undefined, headers: {} };
    const ends: string[] = [];
    runJob({ ...job, bodyText: '[[],{},{}]' }, testRuntime().logger, (end) => ends.push(end.kind), registry);
    expect(ends).toEqual(['retry']);
  });

  it('knows what its earlier tries failed with', async () => {
    const errors = [{ attempt: 1, error: 'Error: no', time: '2026-01-01T00:00:00.000Z' }];
    let seen: unknown;
    const look = () => {
      seen = findCurrentTask()?.errors;
    };
    await run(look, { job: { attempt: 2, errors } });
    expect(seen).toEqual(errors);
    await run(look);
    expect(seen).toEqual([]);
  });

  it('has what a function of the policy throws in its log', async () => {
    const broken = throwing(new TypeError('not a function'));
    const predicate = await run(fails, { retry: { retryOn: [broken as () => boolean] } });
    expect(predicate.end).toMatchObject({ kind: 'failure', failure });
    expect(predicate.lines).toMatchObject([
      {
        level: 'error',
        message: expect.stringContaining('so it is not run again'),
        fields: { task: 'flaky', id: 'j' },
      },
    ]);
    const backoff = await run(fails, { retry: { backoff: broken as () => number, delay: 100 } });
    expect(backoff.end).toMatchObject({ kind: 'retry', delayMs: 50 });
    expect(backoff.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('exponential delay') }]);
  });
});

describe('a task that decides itself', () => {
  it('runs again at its Retry, with a policy or without, failing with the cause where it has one', async () => {
    const cause = new RangeError('too far');
    const asked = await run(throwing(new Retry({ delay: 77, cause })));
    expect(asked.end).toMatchObject({ kind: 'retry', failure, delayMs: 77 });
    const used = await run(throwing(new Retry({ cause, maxRetries: 1 })), { job: { attempt: 2 } });
    expect(used.end).toMatchObject({ kind: 'failure', failure });
  });

  it('says that its retries are used up when its Retry has no cause', async () => {
    const asked = await run(throwing(new Retry()));
    expect(asked.end).toMatchObject({ kind: 'retry', failure: { error: { exc_type: 'Retry', code: 'retry' } } });
    const used = await run(() => Promise.reject(new Retry()), { job: { attempt: 4 } });
    const text =
      "Task 'flaky' asked to run again after try 4, which was its last: raise maxRetries, or give Retry a cause";
    expect(used.end).toMatchObject({
      kind: 'failure',
      failure: { error: { code: 'retry', exc_message: [expect.stringContaining(text)] } },
    });
  });

  it('is not run again at its Reject or its Ignore, whatever its policy says', async () => {
    const rejected = await run(throwing(new Reject('no such user', { cause: 'gone' })), { retry: {} });
    expect(rejected.end).toMatchObject({
      kind: 'rejected',
      failure: { error: { exc_type: 'Reject', exc_message: ['no such user'], code: 'rejected', cause: {} } },
    });
    const ignored = await run(() => Promise.reject(new Ignore()), { retry: {} });
    expect(ignored.end).toMatchObject({
      kind: 'ignored',
      failure: { error: { exc_message: ['ignored'], code: 'ignored' } },
    });
  });

  it('is understood when another copy of the package made the error, and not when a library has the same code', async () => {
    const alien = Object.assign(new Error('again'), { code: 'retry', fields: {}, delay: 5, maxRetries: 'many' });
    expect((await run(throwing(alien))).end).toMatchObject({ kind: 'retry', delayMs: 5 });
    expect((await run(throwing(alien), { job: { attempt: 4 } })).end.kind).toBe('failure');
    const unrelated = Object.assign(new Error('rejected by the bank'), { code: 'rejected' });
    expect((await run(throwing(unrelated))).end).toMatchObject({
      kind: 'failure',
      failure: { error: { code: 'rejected' } },
    });
  });

  it('may throw what cannot be read, and ends all the same', async () => {
    const trap = () => {
      throw new Error('trap');
    };
    const hostile = [
      new Proxy(new Error('x'), { get: trap, has: trap, getPrototypeOf: trap }),
      Object.defineProperty(new Retry(), 'delay', { get: trap }),
      Object.defineProperty(new Retry(), 'cause', { get: trap }),
    ];
    for (const thrown of hostile) {
      const { end } = await run(throwing(thrown), { retry: { retryOn: [Error] } });
      expect(['retry', 'failure']).toContain(end.kind);
    }
  });

  it.each([
    [{ delay: -1 }, 'Retry: delay (ms): expected a whole number from 0 to'],
    [{ delay: Number.NaN }, 'found NaN'],
    [{ maxRetries: 0.5 }, 'Retry: maxRetries: expected a whole number'],
  ])('cannot make a Retry of %o', (request, text) => {
    expect(() => new Retry(request)).toThrow(text);
  });
});

describe('what is never run again', () => {
  it('is what was refused, is poison or is unknown', async () => {
    const refuses = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) } };
    expect((await run(fails, { retry: {}, args: refuses as never })).end.kind).toBe('refused');
    expect((await run(fails, { retry: {}, job: { bodyText: '{' } })).end.kind).toBe('poison');
    expect((await run(fails, { retry: {}, job: { task: 'nowhere' } })).end.kind).toBe('unknown-task');
  });

  it('is what succeeded with a result that cannot be sent, or that its schema refuses', async () => {
    const refuses = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) } };
    const refused = await run(() => 1, { retry: {}, result: refuses as never });
    expect(refused.end).toMatchObject({ kind: 'failure', failure: { error: { code: 'invalid-result' } } });
    const unsendable = await run(() => () => 1, { retry: {} });
    expect(unsendable.end).toMatchObject({ kind: 'failure', failure: { error: { code: 'unserialisable' } } });
  });

  const untilAborted = () => {
    const signal = findCurrentTask()?.signal as AbortSignal;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };

  it('is a run that was given up; one that a stop ends goes back, and one at its soft limit has failed', async () => {
    const gone = new TqError('consumer-timeout', 'the broker took it away');
    const givenUp = await run(untilAborted, { retry: {}, act: (running) => running.abortFor(gone) });
    expect(givenUp.end).toMatchObject({ kind: 'failure', failure: { error: { code: 'consumer-timeout' } } });
    expect((await run(untilAborted, { retry: {}, act: (running) => running.abort() })).end.kind).toBe('stopped');
    const limited = await run(untilAborted, { retry: {}, act: (running) => running.exceedSoftLimit(5) });
    expect(limited.end).toMatchObject({ kind: 'retry', failure: { error: { code: 'soft-time-limit' } } });
  });
});

describe('middleware', () => {
  it('is told of a retry before the worker is, in the task’s context, with its arguments', async () => {
    const seen: unknown[] = [];
    const hook: Middleware = {
      execute: (run, next) => {
        run.args = [8];
        return next();
      },
      retry: async (run, { error, delayMs, attempt }) => {
        await undefined;
        seen.push([run.context === findCurrentTask(), run.args, error.message, delayMs, attempt]);
      },
    };
    const { end } = await run(rejects, { retry: { delay: 100 }, middleware: [hook], job: { attempt: 2 } });
    expect(seen).toEqual([[true, [8], 'too far', 100, 2]]);
    expect(end.kind).toBe('retry');
  });

  it('is told without execute too, and of the cause of a Retry', async () => {
    const seen: unknown[] = [];
    const hook: Middleware = { retry: (run, { error }) => seen.push([run.args, error]) };
    const cause = new Error('why');
    await run(throwing(new Retry({ cause })), { middleware: [hook] });
    expect(seen).toEqual([[[7], cause]]);
  });

  it('is not told of what is not run again', async () => {
    const seen: unknown[] = [];
    const hook: Middleware = { retry: (_, retry) => seen.push(retry) };
    for (const scene of [{}, { retry: { maxRetries: 0 } }]) await run(fails, { ...scene, middleware: [hook] });
    await run(throwing(new Reject('no')), { retry: {}, middleware: [hook] });
    await run(() => 1, { retry: {}, middleware: [hook] });
    expect(seen).toEqual([]);
  });

  it('changes nothing when it fails, and is logged', async () => {
    const broken: Middleware[] = [
      { retry: throwing(new Error('at once')) },
      { retry: () => Promise.reject(new Error('late')) },
    ];
    const { end, lines } = await run(fails, { retry: {}, middleware: broken });
    expect(end).toMatchObject({ kind: 'retry', delayMs: 500, failure });
    expect(lines.map(({ fields }) => (fields as { err: Error }).err.message)).toEqual(['at once', 'late']);
  });

  it('decides by what it throws, a Retry too, and hides a failure that it does not throw on', async () => {
    const asking: Middleware = {
      execute: (_, next) => next().catch((cause) => Promise.reject(new Retry({ cause, delay: 3 }))),
    };
    expect((await run(fails, { middleware: [asking] })).end).toMatchObject({ kind: 'retry', delayMs: 3, failure });
    const hiding: Middleware = { execute: (_, next) => next().catch(() => 'hidden') };
    expect((await run(throwing(new Retry()), { middleware: [hiding] })).end.kind).toBe('success');
  });
});
