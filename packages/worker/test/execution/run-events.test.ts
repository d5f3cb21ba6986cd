import { encodeError, type JobEnd, Observers, type WorkerEvents } from '@tq/core/internal';
import { ManualClock } from '@tq/core/testing';
import { expect, it } from 'vitest';
import { RunEvents } from '../../src/execution/run-events.js';
import { runOf, taskMessage } from '../messages.js';

const TASK_EVENTS = [
  ...(['started', 'succeeded', 'failed', 'retried', 'rejected', 'ignored'] as const),
  ...(['lost', 'returned', 'refused', 'expired'] as const),
];

function setup() {
  const clock = new ManualClock();
  const observers = new Observers<WorkerEvents>((error) => {
    throw error;
  });
  const told: unknown[] = [];
  const listen = () => {
    for (const kind of TASK_EVENTS) observers.on(`task:${kind}`, (event) => told.push([kind, event]));
  };
  return { clock, observers, events: new RunEvents(observers, clock, 3), told, listen };
}

const IDENTITY = {
  id: 'i1',
  task: 'fib',
  queue: 'math',
  attempt: 2,
  rootId: 'root',
  parentId: 'parent',
  headers: { tenant: 't1' },
};
const MESSAGE = { retries: 1, rootId: 'root', parentId: 'parent', headers: { tenant: 't1' } };

const failure = encodeError(new RangeError('too large'));
const error = expect.objectContaining({ name: 'RangeError', message: 'too large', stack: expect.any(String) });

it.each<[string, JobEnd, number, unknown]>([
  ['success', { kind: 'success', resultText: '1' }, 0, ['succeeded', { ...IDENTITY, durationMs: 25 }]],
  ['failure', { kind: 'failure', failure }, 0, ['failed', { ...IDENTITY, durationMs: 25, error }]],
  [
    'first loss',
    { kind: 'lost', how: 'exit code 1' },
    0,
    ['lost', { ...IDENTITY, durationMs: 25, how: 'exit code 1', losses: 1, givenUp: false }],
  ],
  [
    'last loss',
    { kind: 'lost', how: 'SIGKILL' },
    2,
    ['lost', { ...IDENTITY, durationMs: 25, how: 'SIGKILL', losses: 3, givenUp: true }],
  ],
  [
    'retry',
    { kind: 'retry', failure, delayMs: 40 },
    0,
    ['retried', { ...IDENTITY, durationMs: 25, delayMs: 40, error }],
  ],
  ['rejection', { kind: 'rejected', failure }, 0, ['rejected', { ...IDENTITY, durationMs: 25, error }]],
  ['nothing to do', { kind: 'ignored', failure }, 0, ['ignored', { ...IDENTITY, durationMs: 25, error }]],
  ['cold stop', { kind: 'stopped' }, 0, ['returned', { ...IDENTITY, durationMs: 25 }]],
  [
    'poison',
    { kind: 'poison', failure },
    0,
    ['refused', { id: 'i1', task: 'fib', queue: 'math', reason: 'poison', error }],
  ],
])('tells who it was and how long it took: %s', (_, end, lost, expected) => {
  const { clock, events, told, listen } = setup();
  listen();
  clock.advance(1_000);
  const { run } = runOf([], { ...MESSAGE, lost });
  events.started(run);
  clock.advance(25);
  events.ended(run, end);
  expect(told).toEqual([['started', IDENTITY], expected]);
});

it('knows how long a run took that began before somebody listened', () => {
  const { clock, events, told, listen } = setup();
  const { run } = runOf([]);
  clock.advance(1_000);
  events.started(run);
  listen();
  clock.advance(5);
  events.ended(run, { kind: 'success', resultText: '1' });
  expect(told).toEqual([['succeeded', expect.objectContaining({ durationMs: 5 })]]);
});

it('tells of what is refused unread, and of the queues', () => {
  const { observers, events, told, listen } = setup();
  listen();
  observers.on('queue:attached', (event) => told.push(event));
  observers.on('queue:detached', (event) => told.push(event));
  events.givenUp('math', undefined, { reason: 'poison', failure });
  events.givenUp('math', taskMessage(), { reason: 'worker-lost', failure });
  events.consumed('math');
  const gone = new Error('gone');
  events.consumed('math', gone);
  expect(told).toEqual([
    ['refused', { id: undefined, task: undefined, queue: 'math', reason: 'poison', error }],
    ['refused', { id: 'i1', task: 'fib', queue: 'math', reason: 'worker-lost', error }],
    { queue: 'math' },
    { queue: 'math', error: gone },
  ]);
});

it('tells what came too late, and when that was', () => {
  const { events, told, listen } = setup();
  listen();
  events.expired('math', taskMessage({ ...MESSAGE, expires: 1_000 }));
  expect(told).toEqual([['expired', { ...IDENTITY, expires: new Date(1_000) }]]);
});
