import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { thrownBy } from '../../core/test/protocol/thrown-by.js';
import { resolveWorkerOptions, type WorkerOptions } from '../src/options.js';

const TASKS = ['./tasks.js'];

it('fills in every default', () => {
  expect(resolveWorkerOptions({ tasks: TASKS }, 'tq')).toEqual({
    tasks: TASKS,
    queues: [{ name: 'tq', slots: undefined }],
    subscriptions: true,
    broadcast: true,
    concurrency: 4,
    pool: 'thread',
    prefetchMultiplier: 1,
    longTasks: [],
    shutdownTimeout: 25_000,
    abortGrace: 2_000,
    timeLimit: undefined,
    softTimeLimit: undefined,
    maxTasksPerChild: undefined,
    maxMemoryPerChild: undefined,
    blockedLoopLimit: undefined,
    hostname: `tq@${hostname()}`,
    lostLimit: 3,
    deliveryLimit: 20,
    unknownTask: 'dead-letter',
    unknownTaskLimit: 600_000,
    summaryInterval: 60_000,
  });
});

it('keeps what is given', () => {
  const given: WorkerOptions = {
    ...{ concurrency: 7, prefetchMultiplier: 3, shutdownTimeout: 0, abortGrace: 0 },
    pool: 'async',
    ...{ hostname: 'w1', lostLimit: 1, deliveryLimit: 29, summaryInterval: 1 },
  };
  expect(resolveWorkerOptions(given, 'tq')).toMatchObject(given);
});

it('keeps the limits that are given', () => {
  const given = { timeLimit: 2, softTimeLimit: 1, maxTasksPerChild: 1, maxMemoryPerChild: 1, blockedLoopLimit: 0 };
  expect(resolveWorkerOptions({ ...given, tasks: TASKS }, 'tq')).toMatchObject(given);
  expect(resolveWorkerOptions({ softTimeLimit: 1, pool: 'async' }, 'tq')).toMatchObject({ softTimeLimit: 1 });
});

it.each<[WorkerOptions['queues'], object[]]>([
  [
    ['mail', 'math'],
    [
      { name: 'mail', slots: undefined },
      { name: 'math', slots: undefined },
    ],
  ],
  [
    { mail: 2, math: 1 },
    [
      { name: 'mail', slots: 2 },
      { name: 'math', slots: 1 },
    ],
  ],
  [
    { mail: 2, math: undefined },
    [
      { name: 'mail', slots: 2 },
      { name: 'math', slots: undefined },
    ],
  ],
  [undefined, [{ name: 'celery', slots: undefined }]],
])('takes queues as %j', (queues, resolved) => {
  expect(resolveWorkerOptions({ tasks: TASKS, queues }, 'celery').queues).toEqual(resolved);
});

it.each([
  [{ longTasks: ['mail'] }, {}, ['mail']],
  [{}, { TQ_LONG_TASKS: 'math, mail' }, ['math', 'mail']],
])('takes long tasks from %j and %j', (options, env, resolved) => {
  const given = { tasks: TASKS, queues: 'mail,math=2', ...options };
  expect(resolveWorkerOptions(given, 'tq', env).longTasks).toEqual(resolved);
});

it('takes task modules as text and as URLs', () => {
  const tasks = ['./a.js', new URL('file:///b.js')];
  expect(resolveWorkerOptions({ tasks }, 'tq').tasks).toEqual(['./a.js', 'file:///b.js']);
});

it('needs no task modules where tasks run in the loop of the program that defines them', () => {
  expect(resolveWorkerOptions({ pool: 'async' }, 'tq').tasks).toEqual([]);
});

it.each<[object, string, RegExp]>([
  [{ queues: ['a', 'b', 'a'] }, 'invalid-option', /each queue once, found 'a' twice/],
  [{ concurency: 2 }, 'unknown-option', /'concurency'.*'concurrency'/],
  [{ tasks: [] }, 'invalid-option', /tasks: expected the modules.*new URL/],
  [{ pool: 'proces' }, 'invalid-option', /pool: .*thread.*process.*async.*proces/],
  [{ timeLimit: 1_000, softTimeLimit: 1_000 }, 'invalid-option', /softTimeLimit: expected less than the timeLimit/],
  [{ pool: 'async', timeLimit: 1_000 }, 'invalid-option', /timeLimit: .*async, which cannot end a task.*softTimeLimit/],
  [{ pool: 'async', maxTasksPerChild: 5 }, 'invalid-option', /maxTasksPerChild: expected a thread or process pool/],
  [{ pool: 'async', maxMemoryPerChild: 5 }, 'invalid-option', /maxMemoryPerChild: expected a thread or process pool/],
  [{ maxTasksPerChild: 0 }, 'invalid-option', /maxTasksPerChild: expected a whole number from 1/],
  [
    { queues: ['reports', 'x'], longTasks: ['reprots'] },
    'invalid-option',
    /longTasks: .*\(reports, x\), found 'reprots'.*'reports'\?/,
  ],
  [{ longTasks: ['elsewhere'] }, 'invalid-option', /found 'elsewhere'\. Add it to queues/],
  [{ longTasks: [''] }, 'invalid-option', /longTasks: expected at least one queue/],
  [
    { queues: [], subscriptions: false, broadcast: false },
    'invalid-option',
    /queues: expected at least one queue for a worker without subscriptions and broadcasts, found none/,
  ],
  [{ queues: ['mail', ''] }, 'invalid-option', /queues: expected names, found an empty one/],
  [{ queues: { '': 1 } }, 'invalid-option', /queues: expected names, found an empty one/],
  [{ queues: [7] }, 'invalid-option', /queues: expected names/],
  [{ queues: { mail: 0 } }, 'invalid-option', /slots of 'mail'.*1 to 1000.*0/],
  [{ queues: { mail: 1.5 } }, 'invalid-option', /slots of 'mail'/],
  [{ concurrency: 0 }, 'invalid-option', /concurrency.*1 to 1000.*0/],
  [{ concurrency: 1_001 }, 'invalid-option', /concurrency/],
  [{ concurrency: '4' }, 'invalid-option', /concurrency/],
  [{ prefetchMultiplier: 101 }, 'invalid-option', /prefetchMultiplier/],
  [{ shutdownTimeout: -1 }, 'invalid-option', /shutdownTimeout \(ms\)/],
  [{ abortGrace: Number.NaN }, 'invalid-option', /abortGrace \(ms\)/],
  [{ lostLimit: 0 }, 'invalid-option', /lostLimit/],
  [{ deliveryLimit: 30 }, 'invalid-option', /deliveryLimit.*1 to 29/],
  [{ summaryInterval: 0 }, 'invalid-option', /summaryInterval/],
])('refuses %j', (options, code, text) => {
  const thrown = thrownBy(() => resolveWorkerOptions({ tasks: TASKS, ...options } as WorkerOptions, 'tq'));
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(text) });
});
