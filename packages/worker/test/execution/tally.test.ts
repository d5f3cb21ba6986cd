import type { JobEnd } from '@tq/core/internal';
import { ManualClock } from '@tq/core/testing';
import { expect, it } from 'vitest';
import { testRuntime } from '../../../core/test/test-runtime.js';
import { Tally } from '../../src/execution/tally.js';
import { runOf, taskMessage } from '../messages.js';

const SUCCESS: JobEnd = { kind: 'success', resultText: '1' };
const failure = { error: { exc_type: 'RangeError', exc_message: ['too big'], exc_module: 'tq' }, traceback: 'at x' };

function setup() {
  const clock = new ManualClock();
  const { logger, lines } = testRuntime(clock);
  const tally = new Tally(logger, clock, 60_000);
  const ended = (...ends: JobEnd[]) => {
    for (const end of ends) tally.ended(runOf([]).run, end);
  };
  const at = (level: string) => lines.filter((line) => line.level === level);
  return { clock, tally, ended, at };
}

it('counts every end by its kind', () => {
  const { tally, ended } = setup();
  ended(SUCCESS, SUCCESS, { kind: 'failure', failure }, { kind: 'lost', how: 'exit' }, { kind: 'stopped' });
  expect(tally.total).toEqual({
    ...{ success: 2, failure: 1, lost: 1, stopped: 1 },
    ...{ poison: 0, refused: 0, 'unknown-task': 0, retry: 0, replaced: 0, rejected: 0, ignored: 0, expired: 0 },
    'worker-lost': 0,
  });
});

it('sums up what ended since the last time, and says nothing when nothing did', () => {
  const { clock, tally, ended, at } = setup();
  tally.start();
  // The summary alone keeps no process alive.
  expect(clock.referencedTimers).toBe(0);
  ended(SUCCESS, SUCCESS, { kind: 'stopped' });
  clock.advance(59_999);
  expect(at('info')).toEqual([]);
  clock.advance(1);
  clock.advance(60_000);
  ended(SUCCESS);
  clock.advance(60_000);
  expect(at('info').map(({ fields }) => fields)).toEqual([{ success: 2, stopped: 1 }, { success: 1 }]);
  expect(tally.total.success).toBe(3);
});

it('sums up once more at the end, and not again', () => {
  const { clock, tally, ended, at } = setup();
  tally.start();
  ended(SUCCESS);
  tally.stop();
  expect(at('info').map(({ fields }) => fields)).toEqual([{ success: 1 }]);
  clock.advance(600_000);
  expect([clock.timers, at('info').length]).toEqual([0, 1]);
});

it.each(['failure', 'poison', 'refused', 'unknown-task'] as const)('tells of each %s with its error', (kind) => {
  const { ended, at } = setup();
  ended({ kind, failure });
  expect(at('warn')).toEqual([
    {
      level: 'warn',
      fields: { id: 'i1', task: 'fib', queue: 'math', error: 'RangeError', stack: 'at x' },
      message: 'task failed: too big',
    },
  ]);
});

it('tells of the rest at debug only', () => {
  const { ended, at } = setup();
  ended(SUCCESS, { kind: 'lost', how: 'exit' }, { kind: 'stopped' });
  expect(at('debug').map(({ fields }) => fields.end)).toEqual(['success', 'lost', 'stopped']);
  expect([at('warn'), at('info')]).toEqual([[], []]);
});

it('counts what was given up without a run that ended so', () => {
  const { tally, at } = setup();
  const reasons = ['poison', 'unknown-task', 'refused', 'worker-lost', 'failed'] as const;
  for (const reason of [...reasons, 'poison', 'no-queue'] as const) tally.givenUp(reason);
  expect(tally.total).toMatchObject({ poison: 2, 'unknown-task': 1, refused: 1, 'worker-lost': 1, failure: 1 });
  expect(at('warn')).toEqual([]);
});

it('counts and tells what came too late', () => {
  const { clock, tally, at } = setup();
  tally.start();
  tally.expired('math', taskMessage({ expires: Date.UTC(2026, 0, 1) }));
  expect(tally.total).toMatchObject({ expired: 1, success: 0 });
  const fields = { id: 'i1', task: 'fib', queue: 'math', expires: new Date(Date.UTC(2026, 0, 1)) };
  expect(at('info')).toMatchObject([{ fields, message: 'task expired before it could start' }]);
  clock.advance(60_000);
  expect(at('info')[1]).toMatchObject({ fields: { expired: 1 } });
});
