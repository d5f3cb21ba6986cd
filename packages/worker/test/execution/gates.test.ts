import type { TaskMessage } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { ladderEntry } from '../../../core/src/broker/delay-ladder.js';
import { type Gates, refusalOf } from '../../src/execution/gates.js';
import { inbound, taskMessage } from '../messages.js';

const NOW = Date.UTC(2026, 0, 1);
const CLOCK = { wallTime: () => NOW };
const LIMITS = { lost: 3, deliveries: 20 };

/** A delivery, and what a worker does with tasks that it does not know. */
interface Scene extends Partial<Pick<Gates, 'unknownTask'>> {
  readonly task?: TaskMessage;
  readonly redelivered?: boolean;
  /** By the queue. */
  readonly counted?: boolean;
  /** By the broker. */
  readonly delayed?: boolean;
}

describe('refusalOf', () => {
  const refusal = ({
    task = taskMessage(),
    redelivered = false,
    counted = false,
    delayed = false,
    unknownTask,
  }: Scene) => {
    const headers = counted ? { 'x-delivery-count': 1 } : {};
    const way = delayed ? ladderEntry({ prefix: '', unitMs: 100 }, 'math', 100) : {};
    return refusalOf(
      { task, message: { ...inbound(headers), redelivered, ...way } },
      {
        ...{ prefix: '', limits: LIMITS, maxDelayMs: 1_000_000, clock: CLOCK },
        unknownTask: unknownTask ?? { kind: 'dead-letter', limitMs: 600_000 },
        knows: ({ task }) => task === 'fib',
      },
    );
  };

  it.each<[string, Scene]>([
    ['is new', {}],
    ['is redelivered by a queue that counts', { redelivered: true, counted: true }],
    ['was delivered almost too often', { task: taskMessage({ earlierDeliveries: 19 }), counted: true }],
    ['has a moment left', { task: taskMessage({ expires: NOW + 1 }) }],
    ['asks to start now', { task: taskMessage({ eta: NOW }) }],
    ['was delayed by the broker, whatever this clock says', { task: taskMessage({ eta: NOW + 5_000 }), delayed: true }],
    ['lost children before', { task: taskMessage({ lost: 2 }) }],
  ])('lets a task run that %s', (_, more) => {
    expect(refusal(more)).toBeUndefined();
  });

  it.each<[string, Scene, string, RegExp]>([
    ['expires now', { task: taskMessage({ expires: NOW }) }, 'expired', /TaskRevokedError/],
    [
      'is late, whatever else is wrong with it',
      { task: taskMessage({ task: 'mail', expires: NOW - 1, earlierDeliveries: 20 }) },
      'expired',
      /"expired"/,
    ],
    ['nobody knows here', { task: taskMessage({ task: 'mail' }) }, 'unknown-task', /No task named 'mail'/],
    [
      'asks to start later than the broker can delay it',
      { task: taskMessage({ eta: NOW + 1_000_001 }) },
      'refused',
      /start at 2026-01-01T00:16:40.001Z, and the broker delays a message for at most 1000000 ms/,
    ],
    [
      'was delivered too often',
      { task: taskMessage({ earlierDeliveries: 20 }), redelivered: true, counted: true },
      'worker-lost',
      /delivered 20 times/,
    ],
    [
      'was delivered too often by a queue that does not count',
      { task: taskMessage({ earlierDeliveries: 20 }), redelivered: true },
      'worker-lost',
      /the limit is 20/,
    ],
  ])('gives a task up that %s', (_, more, reason, text) => {
    const outcome = refusal(more);
    expect(outcome).toMatchObject({ kind: 'dead', reason, failure: { traceback: null } });
    expect(JSON.stringify(outcome)).toMatch(text);
  });

  it('lets the broker keep what asks to start later, known or not, and counts no try', () => {
    for (const task of ['fib', 'mail']) {
      const outcome = refusal({ task: taskMessage({ task, eta: NOW + 1_000_000 }) });
      expect(outcome).toMatchObject({ kind: 'later', why: 'eta', delayMs: 1_000_000, headers: {} });
      expect(outcome).toMatchObject({ otherwise: { reason: 'refused' } });
    }
  });

  it('sends an unknown task round until its time is over', () => {
    const unknown = (limitMs: number, unknownRounds: number) =>
      refusal({ task: taskMessage({ task: 'mail', unknownRounds }), unknownTask: { kind: 'delay', limitMs } });
    const later = { kind: 'later', why: 'unknown-task', delayMs: 10_000 };
    expect(unknown(600_000, 0)).toMatchObject({ ...later, headers: { 'tq-unknown-rounds': 1 } });
    expect(unknown(600_000, 59)).toMatchObject({ ...later, headers: { 'tq-unknown-rounds': 60 } });
    expect(unknown(600_000, 60)).toMatchObject({ kind: 'dead', reason: 'unknown-task' });
    // A long limit is not divided into longer rounds, and a short one not into more.
    expect(unknown(86_400_000, 0)).toMatchObject(later);
    expect(unknown(600, 0)).toMatchObject({ kind: 'later', delayMs: 10 });
    expect(unknown(600, 60)).toMatchObject({ kind: 'dead' });
  });

  it('replaces what a queue that does not count delivers again by a copy that counts', () => {
    const more = { task: taskMessage({ earlierDeliveries: 4 }), redelivered: true };
    expect(refusal(more)).toEqual({ kind: 'again', headers: { 'tq-redeliveries': 5 } });
  });
});

it('asks the clock only about tasks that have times', () => {
  const clock = {
    wallTime: (): number => {
      throw new Error('asked');
    },
  };
  const gates = {
    prefix: '',
    limits: LIMITS,
    maxDelayMs: 1,
    clock,
    unknownTask: { kind: 'delay', limitMs: 1 },
  } as const;
  const arrive = (task: TaskMessage) => refusalOf({ task, message: inbound() }, { ...gates, knows: () => true });
  expect(arrive(taskMessage())).toBeUndefined();
  expect(() => arrive(taskMessage({ expires: NOW }))).toThrow('asked');
});
