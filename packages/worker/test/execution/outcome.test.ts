import type { JobEnd } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { dead, type IntakeFacts, outcomeOf, refusalOf } from '../../src/execution/outcome.js';
import { taskMessage } from '../messages.js';

const LIMITS = { lost: 3, deliveries: 20 };
const failure = { error: { exc_type: 'RangeError', exc_message: ['too big'], exc_module: 'tq' }, traceback: 'at x' };

describe('outcomeOf', () => {
  it.each<[JobEnd, object]>([
    [
      { kind: 'success', resultText: '1' },
      { kind: 'done', state: { status: 'SUCCESS', resultText: '1' } },
    ],
    [
      { kind: 'failure', failure },
      { kind: 'dead', reason: 'failed', failure },
    ],
    [
      { kind: 'poison', failure },
      { kind: 'dead', reason: 'poison', failure },
    ],
    [
      { kind: 'refused', failure },
      { kind: 'dead', reason: 'refused', failure },
    ],
    [
      { kind: 'unknown-task', failure },
      { kind: 'dead', reason: 'unknown-task', failure },
    ],
    [{ kind: 'stopped' }, { kind: 'give-back' }],
  ])('%j', (end, outcome) => {
    expect(outcomeOf(end, taskMessage(), LIMITS)).toEqual(outcome);
  });

  it.each([
    [0, 1],
    [1, 2],
  ])('after %i losses, one more makes a copy that counts %i', (lost, counted) => {
    const outcome = outcomeOf({ kind: 'lost', how: 'exit code 1' }, taskMessage({ lost }), LIMITS);
    expect(outcome).toEqual({ kind: 'again', headers: { 'tq-lost': counted } });
  });

  it.each([2, 7])('after %i losses, one more is the last', (lost) => {
    const outcome = outcomeOf({ kind: 'lost', how: 'exit code 1' }, taskMessage({ lost }), LIMITS);
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'worker-lost' });
    const text = `Task 'fib' ended its child ${lost + 1} times, the limit is 3; the last time: exit code 1.`;
    expect(JSON.stringify(outcome)).toContain(text);
    expect(JSON.stringify(outcome)).toContain('worker-lost');
  });

  it('with a limit of one, the first loss is the last', () => {
    const outcome = outcomeOf({ kind: 'lost', how: 'SIGKILL' }, taskMessage(), { lost: 1, deliveries: 20 });
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'worker-lost' });
  });
});

describe('refusalOf', () => {
  const NOW = Date.UTC(2026, 0, 1);
  const facts = (more: Partial<IntakeFacts> = {}): IntakeFacts => ({
    task: taskMessage(),
    redelivered: false,
    counted: false,
    limits: LIMITS,
    now: NOW,
    knows: (name) => name === 'fib',
    ...more,
  });

  it.each<[string, Partial<IntakeFacts>]>([
    ['is new', {}],
    ['is redelivered by a queue that counts', { redelivered: true, counted: true }],
    ['was delivered almost too often', { task: taskMessage({ earlierDeliveries: 19 }), counted: true }],
    ['has a moment left', { task: taskMessage({ expires: NOW + 1 }) }],
    ['asks to start now', { task: taskMessage({ eta: NOW }) }],
    ['lost children before', { task: taskMessage({ lost: 2 }) }],
  ])('lets a task run that %s', (_, more) => {
    expect(refusalOf(facts(more))).toBeUndefined();
  });

  it.each<[string, Partial<IntakeFacts>, string, RegExp]>([
    ['expires now', { task: taskMessage({ expires: NOW }) }, 'expired', /TaskRevokedError/],
    [
      'is late, whatever else is wrong with it',
      { task: taskMessage({ task: 'mail', expires: NOW - 1, earlierDeliveries: 20 }) },
      'expired',
      /"expired"/,
    ],
    ['nobody knows here', { task: taskMessage({ task: 'mail' }) }, 'unknown-task', /No task named 'mail'/],
    ['asks to start later', { task: taskMessage({ eta: NOW + 1 }) }, 'refused', /2026-01-01T00:00:00.001Z/],
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
    const refusal = refusalOf(facts(more));
    expect(refusal).toMatchObject({ kind: 'dead', reason, failure: { traceback: null } });
    expect(JSON.stringify(refusal)).toMatch(text);
  });

  it('replaces what a queue that does not count delivers again by a copy that counts', () => {
    const more = { task: taskMessage({ earlierDeliveries: 4 }), redelivered: true };
    expect(refusalOf(facts(more))).toEqual({ kind: 'again', headers: { 'tq-redeliveries': 5 } });
  });
});

it('a message that is given up shows the error and no stack of the worker', () => {
  const outcome = dead('poison', new TypeError('no JSON'));
  expect(outcome).toMatchObject({ kind: 'dead', reason: 'poison', failure: { traceback: null } });
  expect(JSON.stringify(outcome)).toContain('no JSON');
});
