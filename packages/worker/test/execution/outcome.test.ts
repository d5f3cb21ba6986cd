import { encodeRevocation, type JobEnd } from '@tq/core/internal';
import { describe, expect, it } from 'vitest';
import { dead, outcomeOf, withinReach } from '../../src/execution/outcome.js';
import { taskMessage } from '../messages.js';

const NOW = Date.UTC(2026, 0, 1);
const CLOCK = { wallTime: () => NOW };
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
    [
      { kind: 'rejected', failure },
      { kind: 'dead', reason: 'rejected', failure },
    ],
    [
      { kind: 'ignored', failure },
      { kind: 'done', state: { status: 'REVOKED', failure: encodeRevocation('ignored', failure) } },
    ],
    [{ kind: 'stopped' }, { kind: 'give-back' }],
  ])('%j', (end, outcome) => {
    expect(outcomeOf(end, taskMessage(), LIMITS, CLOCK)).toEqual(outcome);
  });

  it.each([
    [0, 1],
    [1, 2],
  ])('after %i losses, one more makes a copy that counts %i', (lost, counted) => {
    const outcome = outcomeOf({ kind: 'lost', how: 'exit code 1' }, taskMessage({ lost }), LIMITS, CLOCK);
    expect(outcome).toEqual({ kind: 'again', headers: { 'tq-lost': counted } });
  });

  it.each([2, 7])('after %i losses, one more is the last', (lost) => {
    const outcome = outcomeOf({ kind: 'lost', how: 'exit code 1' }, taskMessage({ lost }), LIMITS, CLOCK);
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'worker-lost' });
    const text = `Task 'fib' ended its child ${lost + 1} times, the limit is 3; the last time: exit code 1.`;
    expect(JSON.stringify(outcome)).toContain(text);
    expect(JSON.stringify(outcome)).toContain('worker-lost');
  });

  it('with a limit of one, the first loss is the last', () => {
    const outcome = outcomeOf({ kind: 'lost', how: 'SIGKILL' }, taskMessage(), { lost: 1, deliveries: 20 }, CLOCK);
    expect(outcome).toMatchObject({ kind: 'dead', reason: 'worker-lost' });
  });
});

describe('a failure that is tried again', () => {
  const earlier = { attempt: 1, error: 'Error: first', time: '2025-12-31T00:00:00.000Z' };
  const retry = (delayMs: number) =>
    outcomeOf({ kind: 'retry', failure, delayMs }, taskMessage({ retries: 1, errors: [earlier] }), LIMITS, CLOCK);

  it('is a copy for later, which counts the tries, says when it starts, and brings the errors along', () => {
    expect(retry(2_000)).toMatchObject({ kind: 'later', why: 'retry', delayMs: 2_000 });
    expect(retry(2_000)).toMatchObject({
      headers: {
        retries: 2,
        eta: '2026-01-01T00:00:02.000Z',
        'tq-errors': [earlier, { attempt: 2, error: 'RangeError: too big', time: '2026-01-01T00:00:00.000Z' }],
      },
      otherwise: { reason: 'failed', failure },
    });
  });

  it('has no start of its own when it is tried again at once', () => {
    expect(retry(0)).toMatchObject({ delayMs: 0, headers: { retries: 2, eta: undefined } });
  });

  it.each([0.5, 1e20, Number.MAX_VALUE])('is an outcome whatever the delay is: %d ms', (delayMs) => {
    expect(retry(delayMs)).toMatchObject({ kind: 'later', delayMs, headers: { eta: expect.any(String) } });
  });

  it('waits no longer than the broker can hold it', () => {
    const end = { kind: 'retry', failure, delayMs: 2_001 } as const;
    expect(withinReach(end, 2_000)).toEqual({ ...end, delayMs: 2_000 });
    expect(withinReach(end, 2_001)).toBe(end);
  });

  it('starts its counts of deliveries and of rounds anew, and not that of lost children', () => {
    const { headers } = retry(1) as { headers: Record<string, unknown> };
    for (const name of ['tq-redeliveries', 'tq-unknown-rounds']) {
      expect([name in headers, headers[name]]).toEqual([true, undefined]);
    }
    expect('tq-lost' in headers).toBe(false);
  });
});

it('asks the clock only after failures', () => {
  const clock = {
    wallTime: (): number => {
      throw new Error('asked');
    },
  };
  const end = (jobEnd: JobEnd) => outcomeOf(jobEnd, taskMessage(), LIMITS, clock);
  expect(end({ kind: 'success', resultText: '1' })).toMatchObject({ kind: 'done' });
  expect(() => end({ kind: 'retry', failure, delayMs: 1 })).toThrow('asked');
});

it('a message that is given up shows the error and no stack of the worker', () => {
  const outcome = dead('poison', new TypeError('no JSON'));
  expect(outcome).toMatchObject({ kind: 'dead', reason: 'poison', failure: { traceback: null } });
  expect(JSON.stringify(outcome)).toContain('no JSON');
});
