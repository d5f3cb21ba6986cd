import { encodeError, maxDelayMs, Observers, type TimeLimits, TqError, type WorkerEvents } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { Companions } from '../../src/execution/companions.js';
import { Executor } from '../../src/execution/execute.js';
import { RunEvents } from '../../src/execution/run-events.js';
import { SlotGroup } from '../../src/execution/slots.js';
import { Tally } from '../../src/execution/tally.js';
import type { FreezeWatch } from '../../src/freeze-watch.js';
import { Run, runKey } from '../../src/run.js';
import { fakeApp, settled } from '../fake-app.js';
import { FakeDelivery, runOf, taskMessage } from '../messages.js';
import { FakePool } from './fake-pool.js';
import { plainSettler } from './settling.js';

const NO_LIMITS = { timeLimit: undefined, softTimeLimit: undefined };

function setup({ size = 10, frozen = async () => undefined as unknown, timeLimits = NO_LIMITS as TimeLimits } = {}) {
  const fake = fakeApp();
  const { app, clock, log, runtime } = fake;
  const pool = new FakePool(size);
  const observers = new Observers<WorkerEvents>(() => undefined);
  const told: unknown[] = [];
  observers.on('task:expired', (event) => told.push(['expired', event]));
  observers.on('task:retried', ({ delayMs }) => told.push(['retried', delayMs]));
  const frozenWatch = { verifying: frozen } as unknown as FreezeWatch;
  const companions = new Companions();
  const executor = new Executor({
    app,
    pool,
    settler: plainSettler(app),
    companions,
    limits: { lost: 3, deliveries: 20 },
    tally: new Tally(runtime.logger, clock, 60_000),
    freezeWatch: frozenWatch,
    events: new RunEvents(observers, clock, 3),
    timeLimits,
  });
  const submit = (group: SlotGroup, id: string, more: Parameters<typeof taskMessage>[0] = { replyTo: undefined }) => {
    const made = runOf(log, { id, ...more });
    executor.submit(made.run, group);
    return made;
  };
  return { ...fake, pool, executor, companions, submit, told };
}

it('starts as many runs of a queue as it has slots, and the next when one is settled', async () => {
  const { pool, executor, submit, log } = setup();
  const group = new SlotGroup(2);
  for (const id of ['a', 'b', 'c', 'd']) submit(group, id);
  expect([pool.started, executor.running]).toEqual([['a', 'b'], 2]);
  pool.end('b');
  await settled();
  expect([pool.started, log]).toEqual([['a', 'b', 'c'], ['ack b']]);
  pool.end('a');
  pool.end('c');
  await settled();
  pool.end('d');
  await settled();
  expect([pool.started.length, executor.running, group.busy]).toEqual([4, 0, 0]);
});

it('counts a member no more that has its end still to come, in another delivery that replies for it', async () => {
  const { pool, executor, companions, publish } = setup();
  const lease = { alive: true };
  const member = (id: string, index: number) => {
    const task = taskMessage({ id, replyTo: undefined, group: { id: 'g', index } });
    return new Run(task, 'math', Object.assign(new FakeDelivery([]), { lease }));
  };
  const [again, other] = [member('a', 0), member('b', 1)];
  executor.submit(again, new SlotGroup(1));
  expect(companions.areLeftBy(other, 'g')).toBe(true);
  pool.end('a', { kind: 'retry', failure: encodeError(new Error('busy')), delayMs: 1 });
  // Its copy is not confirmed yet.
  await publish(0);
  expect(companions.areLeftBy(other, 'g')).toBe(false);
});

it('delays a try that asks for more than the broker can hold by as long as it can, and says so', async () => {
  const { pool, submit, publish, told } = setup();
  submit(new SlotGroup(1), 'a');
  const failure = encodeError(new Error('busy'));
  pool.end('a', { kind: 'retry', failure, delayMs: Number.MAX_SAFE_INTEGER });
  const longest = maxDelayMs(100);
  expect((await publish(0)).to).toBe(`delay/${longest}.math`);
  expect(told).toEqual([['retried', longest]]);
});

it('knows which runs go on with a delivery of a lease, and gives one up', () => {
  const { pool, executor, submit } = setup();
  const group = new SlotGroup(2);
  const [running, ended, waiting] = ['a', 'b', 'c'].map((id) => submit(group, id, {}));
  pool.end('b');
  const held = [running, ended, waiting].map((made) => executor.heldBy(made?.delivery.lease ?? { alive: false }));
  expect(held).toEqual([[running?.run], [], []]);
  executor.giveUp(running?.run as Run, new TqError('consumer-timeout', 'too long'));
  expect(pool.givenUp).toEqual([['a', 'consumer-timeout']]);
});

it('does not give a run up any more that has ended', () => {
  const { pool, submit, clock } = setup();
  const { run } = submit(new SlotGroup(1), 'a');
  const fired: string[] = [];
  run.deadline = clock.setTimer(() => fired.push('deadline'), 5);
  pool.end('a');
  clock.advance(5);
  expect([run.state, fired]).toEqual(['settling', []]);
});

it("holds a run to the call's limits, else to the task's, else to the worker's, each by itself", () => {
  const { pool, submit } = setup({ timeLimits: { timeLimit: 9_000, softTimeLimit: 1_000 } });
  const group = new SlotGroup(10);
  const limits = { timeLimit: 500, softTimeLimit: undefined };
  submit(group, 'call', { replyTo: undefined, task: 'limited', limits });
  submit(group, 'task', { replyTo: undefined, task: 'limited' });
  submit(group, 'worker', { replyTo: undefined, task: 'fib' });
  expect(pool.jobs.map((job) => job.limits)).toEqual([
    { timeLimit: 500, softTimeLimit: 1_000 },
    { timeLimit: 2_000, softTimeLimit: 1_000 },
    { timeLimit: 9_000, softTimeLimit: 1_000 },
  ]);
});

it('holds a run to no limit when nobody sets one', () => {
  const { pool, submit } = setup();
  submit(new SlotGroup(1), 'free');
  expect(pool.jobs[0]?.limits).toBeUndefined();
});

it('keeps the slot until the reply is confirmed', async () => {
  const { pool, submit, publish, log } = setup();
  const group = new SlotGroup(1);
  submit(group, 'a', {});
  submit(group, 'b', {});
  pool.end('a');
  const reply = await publish(0);
  await settled();
  expect(pool.started).toEqual(['a']);
  reply.end('confirmed');
  await settled();
  expect([pool.started, log.at(-1)]).toEqual([['a', 'b'], 'ack a']);
});

it('a queue that is full of work leaves the slots of another alone', async () => {
  const { pool, submit } = setup({ size: 3 });
  const [busy, quiet] = [new SlotGroup(2), new SlotGroup(1)];
  for (let index = 0; index < 10; index++) submit(busy, `busy ${index}`);
  submit(quiet, 'quiet');
  expect(pool.started).toEqual(['busy 0', 'busy 1', 'quiet']);
});

it('what waited for a child that died starts when the child is replaced, or another slot is free', async () => {
  const { pool, submit } = setup({ size: 2 });
  const [one, two] = [new SlotGroup(1), new SlotGroup(1)];
  pool.broken = 1;
  submit(one, 'a');
  submit(two, 'b');
  expect(pool.started).toEqual(['a']);
  pool.end('a');
  await settled();
  expect(pool.started).toEqual(['a', 'b']);
  submit(one, 'c');
  pool.repair();
  expect(pool.started).toEqual(['a', 'b', 'c']);
});

it('a queue that is full of work does not keep another from the one slot that is left', async () => {
  const { pool, submit } = setup({ size: 2 });
  const [busy, quiet] = [new SlotGroup(1), new SlotGroup(1)];
  pool.broken = 1;
  for (const id of ['busy 1', 'busy 2', 'busy 3']) submit(busy, id);
  submit(quiet, 'quiet');
  pool.end('busy 1');
  await settled();
  expect(pool.started).toEqual(['busy 1', 'quiet']);
  pool.end('quiet');
  await settled();
  expect(pool.started).toEqual(['busy 1', 'quiet', 'busy 2']);
});

it('tells the pool what the task is and which try this is', () => {
  const { pool, submit } = setup();
  submit(new SlotGroup(1), 'a', { retries: 2, rootId: 'root', parentId: 'parent', headers: { tenant: 't1' } });
  expect(pool.jobs).toEqual([
    {
      ...{ id: 'a', task: 'fib', attempt: 3, queue: 'math', rootId: 'root', parentId: 'parent' },
      ...{ headers: { tenant: 't1' }, bodyText: '[[30],{},{}]', errors: [] },
    },
  ]);
});

it('while the broker is blocked only runs start that publish nothing', async () => {
  const { pool, executor, submit, publisher } = setup();
  const group = new SlotGroup(2);
  publisher.blocked = true;
  submit(group, 'wants reply', {});
  submit(group, 'ignored', { ignoreResult: true });
  submit(group, 'no address', { replyTo: undefined });
  expect(pool.started).toEqual(['ignored', 'no address']);
  pool.end('ignored');
  await settled();
  expect(pool.started).toHaveLength(2);
  publisher.blocked = false;
  executor.pump();
  expect(pool.started).toEqual(['ignored', 'no address', 'wants reply']);
});

it('a redelivery of what runs joins it, and both are acked when it ends', async () => {
  const { pool, executor, submit, log } = setup();
  const { run, delivery } = submit(new SlotGroup(1), 'a');
  expect(executor.find(runKey('math', taskMessage({ id: 'a' })))).toBe(run);
  delivery.lease.alive = false;
  run.attach(new FakeDelivery(log, 'again'));
  pool.end('a');
  await settled();
  expect(log).toEqual(['ack again']);
  expect(executor.find(run.key)).toBeUndefined();
});

it('the copy that follows a loss is a run of its own, also when it arrives before its confirm', async () => {
  const { pool, executor, submit, publish, log } = setup();
  const group = new SlotGroup(2);
  submit(group, 'a', {});
  pool.end('a', { kind: 'lost', how: 'exit code 1' });
  const copy = await publish(0);
  expect(copy.to).toBe('/math');
  expect(executor.find(runKey('math', taskMessage({ id: 'a', lost: 1 })))).toBeUndefined();
  const second = runOf(log, { id: 'a', lost: 1, replyTo: undefined });
  executor.submit(second.run, group);
  copy.end('confirmed');
  await settled();
  // The first is over; the copy still runs and is not acked with it.
  expect(log.filter((line) => line.startsWith('ack'))).toEqual(['ack a']);
  expect([executor.running, executor.find(second.run.key)]).toEqual([1, second.run]);
});

it('a run whose deliveries are all lost publishes nothing and frees its slot', async () => {
  const { pool, submit, log, published } = setup();
  const group = new SlotGroup(1);
  const { delivery } = submit(group, 'a', {});
  delivery.lease.alive = false;
  submit(group, 'b');
  pool.end('a');
  await settled();
  expect([published, log, pool.started]).toEqual([[], [], ['a', 'b']]);
});

it('after a freeze it learns whether the delivery is still its own before it settles', async () => {
  let answer: () => void = () => undefined;
  const frozen = () => new Promise<void>((resolve) => (answer = resolve));
  const { pool, submit, published, log } = setup({ frozen });
  const [lost, kept] = ['lost', 'kept'].map((id) => submit(new SlotGroup(1), id, id === 'lost' ? {} : undefined));
  pool.end('lost');
  await settled();
  expect(published).toEqual([]);
  lost!.delivery.lease.alive = false;
  answer();
  await settled();
  expect([published, log]).toEqual([[], []]);
  pool.end('kept');
  await settled();
  answer();
  await settled();
  expect([kept!.delivery.lease.alive, log]).toEqual([true, ['ack kept']]);
});

it('forgets what waits and is lost, and leaves what runs', async () => {
  const { pool, executor, submit } = setup();
  const group = new SlotGroup(1);
  const [running, waiting, kept] = ['a', 'b', 'c'].map((id) => submit(group, id));
  for (const made of [running, waiting]) made!.delivery.lease.alive = false;
  executor.dropLost();
  expect([executor.find(running!.run.key), executor.find(waiting!.run.key)]).toEqual([running!.run, undefined]);
  pool.end('a');
  await settled();
  expect(pool.started).toEqual(['a', 'c']);
  expect(executor.find(kept!.run.key)).toBe(kept!.run);
});

it('gives back what has not started, of every queue, and is idle when the rest is settled', async () => {
  const { pool, executor, submit, log } = setup();
  const groups = [new SlotGroup(1), new SlotGroup(1)];
  for (const [index, group] of groups.entries()) for (const id of ['x', 'y']) submit(group, `${id}${index}`);
  executor.giveBackWaiting();
  expect(log).toEqual(['requeue y0', 'requeue y1']);
  let idle = false;
  const waiting = executor.whenIdle().then(() => {
    idle = true;
  });
  pool.end('x0');
  await settled();
  expect(idle).toBe(false);
  pool.end('x1');
  await waiting;
  await executor.whenIdle();
  expect(executor.running).toBe(0);
});

it('does not start a run that expired while it waited for its slot, and tells its caller so', async () => {
  const { pool, executor, submit, clock, publish, log, told } = setup();
  const group = new SlotGroup(1);
  const expires = clock.wallTime() + 1_000;
  submit(group, 'a');
  submit(group, 'late', { replyTo: 'replies', expires });
  submit(group, 'next');
  clock.advance(1_000);
  pool.end('a');
  const [first, second] = [await publish(0), await publish(1)];
  const [letter, reply] = first.to === '/replies' ? [second, first] : [first, second];
  expect(letter).toMatchObject({ to: 'tq.dead/math', headers: { 'tq-dead-reason': 'expired' } });
  expect(JSON.parse(reply.body)).toMatchObject({
    task_id: 'late',
    status: 'REVOKED',
    result: { exc_type: 'TaskRevokedError', exc_message: ['expired'] },
  });
  expect(pool.started).toEqual(['a']);
  letter.end('confirmed');
  reply.end('confirmed');
  await settled();
  expect([pool.started, log.at(-1), executor.running]).toEqual([['a', 'next'], 'ack late', 1]);
  expect(told).toEqual([['expired', expect.objectContaining({ id: 'late', expires: new Date(expires) })]]);
});

it('tells the caller of a run that expires that it has started, before it can have ended', async () => {
  const { pool, submit, clock, published, runtime } = setup();
  const { run } = submit(new SlotGroup(1), 'a', { expires: clock.wallTime() + 1_000 });
  pool.end('a');
  await settled();
  expect(published.map(({ to, body }) => [to, JSON.parse(body).status])).toEqual([
    ['/replies', 'STARTED'],
    ['/replies', 'SUCCESS'],
  ]);
  expect(published[0]?.request.lease).toBe(run);
  expect(JSON.parse(published[0]?.body ?? '')).toMatchObject({
    task_id: 'a',
    result: { hostname: 'tq@w1', pid: process.pid },
  });
  // Whatever becomes of it.
  published[0]?.end('returned');
  expect(runtime.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

it.each([
  ['does not expire', { expires: undefined }],
  ['has no caller that waits', { ignoreResult: true }],
])('tells nobody of the start of a run that %s', (_, more) => {
  const { submit, clock, published } = setup();
  submit(new SlotGroup(1), 'a', { expires: clock.wallTime() + 1_000, ...more });
  expect(published).toEqual([]);
});
