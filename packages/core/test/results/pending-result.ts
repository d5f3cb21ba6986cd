/** One result, and everything around it in the hands of the test. */
import { PublishError } from '../../src/errors.js';
import type { Reply } from '../../src/protocol/reply.js';
import type { CallFacts } from '../../src/results/async-result.js';
import { PendingResult } from '../../src/results/pending-result.js';
import type { QueueStatus } from '../../src/results/transport.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';

interface Setup extends Pick<CallFacts, 'eta' | 'expires' | 'exchange'> {
  readonly ignoreResult?: boolean;
  readonly runningTask?: string | undefined;
}

/** A result whose transport is the test. */
export function setup({ ignoreResult = false, runningTask = undefined as string | undefined, ...times }: Setup = {}) {
  const clock = new ManualClock();
  const state = { holds: 0, forgotten: [] as string[], asked: [] as string[], unobserved: [] as unknown[] };
  let status: () => Promise<QueueStatus | undefined> = async () => undefined;
  const result = new PendingResult<number>(
    { id: 'i1', task: 'fib', queue: 'math', ignoreResult, ...times },
    {
      deadlines: new Deadlines(clock, 1),
      expiries: new Deadlines(clock, 1),
      wallTime: () => clock.wallTime(),
      resultTimeoutMs: 60_000,
      runningTask: () => runningTask,
      unobservedFailure: (...facts) => state.unobserved.push(facts),
      transport: {
        send: () => undefined,
        publish: () => undefined,
        ask: () => undefined,
        room: () => undefined,
        forget: (id) => state.forgotten.push(id),
        hold: () => {
          state.holds++;
          return () => {
            state.holds--;
          };
        },
        queueStatus: (queue) => {
          state.asked.push(queue);
          return status();
        },
      },
    },
  );
  return {
    clock,
    state,
    result,
    answerStatus: (answer: typeof status) => {
      status = answer;
    },
  };
}

/** A reply of this status to the call of `setup`. */
export const reply = (status: Reply['status']): Reply => {
  if (status === 'SUCCESS') return { status, taskId: 'i1', value: 832_040 };
  if (status === 'RECEIVED' || status === 'STARTED') return { status, taskId: 'i1' };
  if (status === 'PROGRESS') return { status, taskId: 'i1', progress: { done: 1, total: 2, message: undefined } };
  const error = { name: 'RangeError', message: 'too big', stack: 'at py', code: 'E_BIG', cause: undefined };
  return { status, taskId: 'i1', error };
};

export const nacked = () => new PublishError('publish-nacked', 'refused');

/** What a promise has come to by now. */
export async function now(promise: Promise<unknown>): Promise<unknown> {
  const open = Symbol('open');
  const ended = await Promise.race([
    promise.catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(() => resolve(open))),
  ]);
  return ended === open ? 'open' : ended;
}
