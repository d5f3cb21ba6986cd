import { Observers, type TaskMessage, type WorkerEvents } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { Companions } from '../../src/execution/companions.js';
import { Executor } from '../../src/execution/execute.js';
import { RunEvents } from '../../src/execution/run-events.js';

import { SlotGroup } from '../../src/execution/slots.js';
import { Tally } from '../../src/execution/tally.js';
import type { FreezeWatch } from '../../src/freeze-watch.js';
import { fakeApp, settled } from '../fake-app.js';
import { runOf } from '../messages.js';
import { FakePool } from './fake-pool.js';
import { plainSettler } from './settling.js';

/** A run `a` that goes on, and what is published of it. */
function setup(more: Partial<TaskMessage> = {}) {
  const fake = fakeApp();
  const { app, clock, log, runtime, published } = fake;
  const pool = new FakePool(1);
  const executor = new Executor({
    app,
    pool,
    settler: plainSettler(app),
    companions: new Companions(),
    limits: { lost: 3, deliveries: 20 },
    tally: new Tally(runtime.logger, clock, 60_000),
    freezeWatch: { verifying: () => undefined } as unknown as FreezeWatch,
    events: new RunEvents(new Observers<WorkerEvents>(() => undefined), clock, 3),
    timeLimits: { timeLimit: undefined, softTimeLimit: undefined },
  });
  const made = runOf(log, { id: 'a', ...more });
  executor.submit(made.run, new SlotGroup(1));
  /** What was published: how much is done, or another state. */
  const told = () =>
    published.map(({ body }) => {
      const { status, result } = JSON.parse(body);
      return status === 'PROGRESS' ? result.done : status;
    });
  /** Says it, once what was said before is with the broker. */
  const progress = async (done: number) => {
    published.at(-1)?.end('confirmed');
    await settled();
    pool.progress('a', done);
  };
  return { ...fake, ...made, pool, told, progress };
}

it('tells the caller at once, then the newest every 100 ms, and the last before the reply', async () => {
  const { pool, clock, told, progress, published, run } = setup();
  await progress(1);
  expect(told()).toEqual([1]);
  expect(published[0]).toMatchObject({ to: '/replies', request: { lease: run } });
  await progress(2);
  await progress(3);
  expect(told()).toEqual([1]);
  clock.advance(100);
  expect(told()).toEqual([1, 3]);
  await progress(4);
  pool.end('a');
  await settled();
  expect(told()).toEqual([1, 3, 4, 'SUCCESS']);
});

it('has one word of it on its way to the broker at a time, so that a blocked one collects none', async () => {
  const { pool, clock, told } = setup();
  for (let done = 1; done <= 1_000; done++) {
    pool.progress('a', done);
    clock.advance(100);
  }
  expect(told()).toEqual([1]);
  pool.end('a');
  await settled();
  expect(told()).toEqual([1, 1_000, 'SUCCESS']);
});

it.each(['returned', 'publish-nacked', 'closed'] as const)(
  'goes on when a word of it ends as %s, and the run ends as it would have',
  async (how) => {
    const { pool, clock, told, published, log } = setup();
    pool.progress('a', 1);
    published[0]?.end(how);
    await settled();
    clock.advance(100);
    pool.progress('a', 2);
    expect(told()).toEqual([1, 2]);
    published[1]?.end(how);
    pool.end('a');
    await settled();
    published[2]?.end('confirmed');
    await settled();
    expect(log.at(-1)).toBe('ack a');
  },
);

it.each<[string, Partial<TaskMessage>]>([
  ['that asked for no result', { ignoreResult: true }],
  ['without a reply queue', { replyTo: undefined }],
  ['that is answered directly', { replyTo: 'amq.rabbitmq.reply-to.g1h2.x' }],
  ['of a plain program', { foreign: { format: 'json', message: {} } as TaskMessage['foreign'] }],
])('tells nobody of a call %s', async (_, more) => {
  const { pool, clock, published } = setup(more);
  pool.progress('a', 1);
  clock.advance(1_000);
  expect([published, clock.timers]).toEqual([[], 0]);
});

it('tells nothing after the end, whatever the handler still says', async () => {
  const { pool, clock, told } = setup();
  pool.end('a');
  await settled();
  pool.progress('a', 1);
  clock.advance(1_000);
  expect(told()).toEqual(['SUCCESS']);
});
