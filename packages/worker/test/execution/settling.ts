/** A settler whose app, broker and delivery are the test's. */
import { type AppInternals, encodeError, type TaskFacts, type TaskMessage } from '@tq/core/internal';
import { createSettler, type SettlingOptions } from '../../src/execution/create-settler.js';
import type { Outcome } from '../../src/execution/outcome.js';
import type { Settler } from '../../src/execution/settle.js';
import { type FakeAppOptions, fakeApp } from '../fake-app.js';
import { runOf } from '../messages.js';

export const REPLY = { taskId: 'i1', replyTo: 'replies' };
export const DONE: Outcome = { kind: 'done', state: { status: 'SUCCESS', resultText: '832040' } };
export const DEAD: Outcome = { kind: 'dead', reason: 'failed', failure: encodeError(new RangeError('too big')) };
export const AGAIN: Outcome = { kind: 'again', headers: { 'tq-lost': 1 } };

export const MISSING = () => Promise.reject(Object.assign(new Error("NOT_FOUND - no queue 'replies'"), { code: 404 }));
export const AWAY = () =>
  Promise.reject(Object.assign(new Error("NOT_FOUND - home node 'b@host' of durable queue is down"), { code: 404 }));

export interface SetupOptions extends FakeAppOptions {
  readonly facts?: TaskFacts;
  readonly message?: Partial<TaskMessage>;
}

export function setup({ facts, message, ...options }: SetupOptions = {}) {
  const fake = fakeApp(options);
  const { run, delivery } = runOf(fake.log, message);
  const givenUp: string[] = [];
  const onGivenUp: SettlingOptions['onGivenUp'] = ({ queue, task }, { reason }) =>
    void givenUp.push(`${task?.id} of ${queue}: ${reason}`);
  const createJoiner: SettlingOptions['createJoiner'] = () => ({
    joined: async (_lease, members) => {
      for (const { groupId, index } of members) fake.log.push(`joined ${groupId} ${index}`);
      return 'sent';
    },
  });
  const settler = createSettler({ app: fake.app, worker: 'tq@w1', factsOf: () => facts, onGivenUp, createJoiner });
  let over = false;
  const settle = (outcome: Outcome, reply: typeof REPLY | 'nobody' = REPLY) =>
    Promise.resolve(settler.settle(run, outcome, reply === 'nobody' ? undefined : reply)).then(() => {
      over = true;
    });
  return { ...fake, run, delivery, settler, settle, givenUp, isOver: () => over };
}

/** A settler of an app that knows no task, and joins nothing. */
export function plainSettler(app: AppInternals): Settler {
  const createJoiner: SettlingOptions['createJoiner'] = () => ({ joined: async () => 'sent' });
  return createSettler({ app, worker: 'tq@w1', factsOf: () => undefined, onGivenUp: () => undefined, createJoiner });
}

/** The task that is called after a failure. */
export const CLEAN = { task: 'clean', queue: 'cleaning' };
