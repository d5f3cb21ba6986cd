import { encodeError, type TaskFacts, type TaskMessage, TqError } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { EXPIRED } from '../../src/execution/gates.js';
import type { Outcome } from '../../src/execution/outcome.js';
import { Settler, type SettlerOptions } from '../../src/execution/settle.js';
import { type FakeAppOptions, fakeApp, settled } from '../fake-app.js';
import { inbound, runOf } from '../messages.js';

const REPLY = { taskId: 'i1', replyTo: 'replies' };
const DONE: Outcome = { kind: 'done', state: { status: 'SUCCESS', resultText: '832040' } };
const DEAD: Outcome = { kind: 'dead', reason: 'failed', failure: encodeError(new RangeError('too big')) };
const AGAIN: Outcome = { kind: 'again', headers: { 'tq-lost': 1 } };

const MISSING = () => Promise.reject(Object.assign(new Error("NOT_FOUND - no queue 'replies'"), { code: 404 }));
const AWAY = () =>
  Promise.reject(Object.assign(new Error("NOT_FOUND - home node 'b@host' of durable queue is down"), { code: 404 }));

interface SetupOptions extends FakeAppOptions {
  readonly facts?: TaskFacts;
  readonly message?: Partial<TaskMessage>;
}

function setup({ facts, message, ...options }: SetupOptions = {}) {
  const fake = fakeApp(options);
  const { run, delivery } = runOf(fake.log, message);
  const givenUp: string[] = [];
  const onGivenUp: SettlerOptions['onGivenUp'] = ({ queue, task }, { reason }) =>
    void givenUp.push(`${task?.id} of ${queue}: ${reason}`);
  const settler = new Settler({ app: fake.app, worker: 'tq@w1', factsOf: () => facts, onGivenUp });
  let over = false;
  const settle = (outcome: Outcome, reply: typeof REPLY | 'nobody' = REPLY) =>
    Promise.resolve(settler.settle(run, outcome, reply === 'nobody' ? undefined : reply)).then(() => {
      over = true;
    });
  return { ...fake, run, delivery, settler, settle, givenUp, isOver: () => over };
}

it('publishes the reply, gets its confirm, and only then acks', async () => {
  const { log, publish, settle, run } = setup();
  const settling = settle(DONE);
  const reply = await publish(0);
  await settled();
  expect(log).toEqual(['publish /replies']);
  expect(JSON.parse(reply.body)).toMatchObject({ task_id: 'i1', status: 'SUCCESS', result: 832_040 });
  // As long as the delivery is ours and no longer: no deadline, and the run is the lease.
  expect(reply.request).toMatchObject({ timeoutMs: undefined, lease: run });
  reply.end('confirmed');
  await settling;
  expect(log).toEqual(['publish /replies', 'confirmed /replies', 'ack i1']);
});

it('acks at once when nobody asked for a reply', async () => {
  const { log, settle } = setup();
  await settle(DONE, 'nobody');
  expect(log).toEqual(['ack i1']);
});

it.each(['abandoned', 'closed'] as const)(
  'never acks when the reply was %s: somebody else has the task',
  async (how) => {
    const { log, publish, settle } = setup();
    const settling = settle(DONE);
    (await publish(0)).end(how);
    await settling;
    expect(log).toEqual(['publish /replies', `${how} /replies`]);
  },
);

it('acks, and says so, when the caller and its reply queue are gone', async () => {
  const { log, publish, settle, runtime } = setup({ look: MISSING });
  const settling = settle(DONE);
  (await publish(0)).end('returned');
  await settling;
  expect(log).toEqual(['publish /replies', 'returned /replies', 'look replies', 'ack i1']);
  expect(runtime.lines).toEqual([
    {
      level: 'info',
      fields: { id: 'i1', replyTo: 'replies' },
      message: expect.stringContaining('its reply queue is gone'),
    },
  ]);
});

it.each([
  ['its node is down', AWAY],
  ['it is there again', async () => ({ messageCount: 0, consumerCount: 1 })],
  ['nobody can look', () => Promise.reject(new Error('channel closed'))],
])('keeps the delivery and tries again when a reply came back and %s', async (_, look) => {
  const { log, publish, settle, clock, isOver } = setup({ look });
  const settling = settle(DONE);
  for (let round = 0; round < 3; round++) {
    (await publish(round)).end('returned');
    await settled();
    expect([isOver(), log.includes('ack i1')]).toEqual([false, false]);
    clock.advance(5_000);
  }
  (await publish(3)).end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it('waits out a connection that is away without asking it anything', async () => {
  const { log, publish, settle, clock, publishing } = setup({ look: MISSING });
  const { link } = publishing;
  const settling = settle(DONE);
  publishing.link = undefined;
  (await publish(0)).end('returned');
  await settled();
  publishing.link = link;
  clock.advance(5_000);
  (await publish(1)).end('confirmed');
  await settling;
  expect(log).toEqual(['publish /replies', 'returned /replies', 'publish /replies', 'confirmed /replies', 'ack i1']);
});

it('tries a reply again that the broker refused', async () => {
  const { log, publish, settle, clock } = setup();
  const settling = settle(DONE);
  (await publish(0)).end('publish-nacked');
  await settled();
  clock.advance(5_000);
  (await publish(1)).end('confirmed');
  await settling;
  expect(log.filter((line) => line.startsWith('publish '))).toHaveLength(2);
  expect(log.at(-1)).toBe('ack i1');
});

it('tells of a failure instead of a reply that is too large to send', async () => {
  const { publish, settle } = setup({ maxMessageBytes: 400 });
  const settling = settle({ kind: 'done', state: { status: 'SUCCESS', resultText: `"${'x'.repeat(400)}"` } });
  const reply = await publish(0);
  expect(JSON.parse(reply.body)).toMatchObject({ status: 'FAILURE', result: { exc_type: 'TqError' } });
  expect(reply.body).toMatch(/The reply has \d+ bytes, more than the 400 that maxMessageBytes allows/);
  expect(reply.body).toContain('message-too-large');
  reply.end('confirmed');
  await settling;
});

it('leaves a dead letter and tells the caller, and acks when both are confirmed', async () => {
  const { log, publish, settle } = setup();
  const settling = settle(DEAD);
  const [letter, reply] = [await publish(0), await publish(1)];
  expect([letter.to, reply.to]).toEqual(['tq.dead/math', '/replies']);
  expect(letter.headers).toMatchObject({
    ...{ 'tq-dead-reason': 'failed', 'tq-dead-error': 'RangeError: too big', 'tq-dead-worker': 'tq@w1' },
    ...{ 'tq-dead-time': '2026-01-01T00:00:00.000Z', 'tq-dead-routing-key': 'math', id: 'i1', task: 'fib' },
  });
  expect(JSON.parse(reply.body)).toMatchObject({ status: 'FAILURE', result: { exc_type: 'RangeError' } });
  reply.end('confirmed');
  await settled();
  expect(log).not.toContain('ack i1');
  letter.end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it.each([
  ['letter', 0],
  ['reply', 1],
])('does not ack when the dead %s was abandoned', async (_, index) => {
  const { log, publish, settle } = setup();
  const settling = settle(DEAD);
  const both = [await publish(0), await publish(1)];
  both[1 - index]?.end('confirmed');
  both[index]?.end('abandoned');
  await settling;
  expect(log).not.toContain('ack i1');
});

it('leaves a dead letter of what nobody waits for', async () => {
  const { log, publish, settle } = setup();
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('confirmed');
  await settling;
  expect(log).toEqual(['publish tq.dead/math', 'confirmed tq.dead/math', 'ack i1']);
});

it('leaves a dead letter of a body that cannot be read too, though its task wants none', async () => {
  const { publish, settle, log } = setup({ facts: { deadLetter: false } });
  const settling = settle({ ...DEAD, reason: 'poison' } as Outcome, 'nobody');
  (await publish(0)).end('confirmed');
  await settling;
  expect(log).toEqual(['publish tq.dead/math', 'confirmed tq.dead/math', 'ack i1']);
});

it('declares the queue and its dead letters again when one came back', async () => {
  const { log, publish, settle, clock } = setup();
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('returned');
  await settled();
  expect(log).toEqual(['publish tq.dead/math', 'returned tq.dead/math', 'declare math']);
  clock.advance(5_000);
  (await publish(1)).end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it('publishes a copy to the queue that the task came from, gets its confirm, and only then acks', async () => {
  const { log, publish, settle, run } = setup();
  const settling = settle(AGAIN);
  const copy = await publish(0);
  expect([copy.to, copy.body]).toEqual(['/math', String(run.message.body)]);
  expect(copy.headers).toEqual({ id: 'i1', task: 'fib', 'tq-lost': 1 });
  await settled();
  expect(log).not.toContain('ack i1');
  copy.end('confirmed');
  await settling;
  // The caller is told nothing: the task goes on.
  expect(log).toEqual(['publish /math', 'confirmed /math', 'ack i1']);
});

it('does not ack when the copy was abandoned', async () => {
  const { log, publish, settle } = setup();
  const settling = settle(AGAIN);
  (await publish(0)).end('abandoned');
  await settling;
  expect(log).not.toContain('ack i1');
});

it('a copy that AMQP cannot carry becomes a dead letter and a failure', async () => {
  const { log, publish, settle } = setup();
  const settling = settle(AGAIN);
  (await publish(0)).end('unserialisable');
  const [letter, reply] = [await publish(1), await publish(2)];
  expect(letter.headers['tq-dead-reason']).toBe('poison');
  expect(reply.body).toContain('"FAILURE"');
  letter.end('unserialisable');
  await settled();
  // The letter's own headers are what is too large: body and certificate alone go.
  const bare = await publish(3);
  expect([bare.to, bare.body, bare.headers.task]).toEqual(['tq.dead/math', String(inbound().body), undefined]);
  expect(bare.headers['tq-dead-reason']).toBe('poison');
  bare.end('confirmed');
  reply.end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it('gives back what is to be given back, and publishes nothing for it', async () => {
  const { log, settle } = setup();
  await settle({ kind: 'give-back' });
  expect(log).toEqual(['requeue i1']);
});

it('waits as long as a blocked broker takes', async () => {
  const { log, publish, settle, clock } = setup();
  const settling = settle(DONE);
  const reply = await publish(0);
  clock.advance(24 * 60 * 60_000);
  await settled();
  expect(log).toEqual(['publish /replies']);
  reply.end('confirmed');
  await settling;
});

it('a run whose only delivery is lost settles nothing, whatever became of its publish', async () => {
  const { log, publish, settle, delivery } = setup();
  const settling = settle(DONE);
  const reply = await publish(0);
  delivery.lease.alive = false;
  expect(reply.request.lease?.alive).toBe(false);
  reply.end('confirmed');
  await settling;
  expect(log).not.toContain('ack i1');
});

it('an error that has a code keeps it in the dead letter', async () => {
  const { publish, settle } = setup();
  const failure = encodeError(new TqError('worker-lost', 'gone'));
  const settling = settle({ kind: 'dead', reason: 'worker-lost', failure });
  const [letter, reply] = [await publish(0), await publish(1)];
  expect([letter.headers['tq-dead-reason'], reply.body.includes('worker-lost')]).toEqual(['worker-lost', true]);
  letter.end('confirmed');
  reply.end('confirmed');
  await settling;
});

it('leaves no dead letter of a task that wants none, and tells the caller all the same', async () => {
  const { log, publish, settle } = setup({ facts: { deadLetter: false } });
  const settling = settle(DEAD);
  const reply = await publish(0);
  expect(JSON.parse(reply.body)).toMatchObject({ status: 'FAILURE' });
  reply.end('confirmed');
  await settling;
  expect(log).toEqual(['publish /replies', 'confirmed /replies', 'ack i1']);
});

it('leaves a dead letter of what cannot be read, whatever a definition says', async () => {
  const { log, publish, settler, delivery } = setup({ facts: { deadLetter: false, onFailure: CLEAN } });
  const unread = { task: undefined, queue: 'math', message: inbound(), alive: true };
  const item = { ...unread, ack: () => delivery.ack(), requeue: () => delivery.requeue() };
  const settling = settler.settle(item, { ...DEAD, reason: 'poison' } as Outcome, undefined);
  (await publish(0)).end('confirmed');
  await settling;
  expect(log).toEqual(['publish tq.dead/math', 'confirmed tq.dead/math', 'ack i1']);
});

const CLEAN = { task: 'clean', queue: 'cleaning' };

it('calls the task of onFailure with what happened, and acks when that is confirmed as well', async () => {
  const { log, publish, settle } = setup({ facts: { onFailure: CLEAN }, message: { rootId: 'r1', retries: 2 } });
  const settling = settle(DEAD, 'nobody');
  const [letter, call] = [await publish(0), await publish(1)];
  expect([letter.to, call.to]).toEqual(['tq.dead/math', '/cleaning']);
  expect(call.headers).toMatchObject({ task: 'clean', root_id: 'r1', parent_id: 'i1', ignore_result: true });
  const [[failure]] = JSON.parse(call.body);
  expect(failure).toMatchObject({ id: 'i1', task: 'fib', queue: 'math', attempt: 3, reason: 'failed' });
  expect(failure.error).toMatchObject({ name: 'RangeError', message: 'too big' });
  letter.end('confirmed');
  await settled();
  expect(log).not.toContain('ack i1');
  call.end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it("a call's own onFailure comes before its task's, and is the same call whenever it is repeated", async () => {
  const ids: unknown[] = [];
  for (const facts of [{ deadLetter: false, onFailure: CLEAN } as const, { deadLetter: false } as const]) {
    const { publish, settle, log } = setup({ facts, message: { onFailure: { task: 'own', queue: 'q' } } });
    const settling = settle(DEAD, 'nobody');
    const call = await publish(0);
    expect([call.to, call.headers.task]).toEqual(['/q', 'own']);
    ids.push(call.headers.id);
    call.end('confirmed');
    await settling;
    expect(log).toEqual(['publish /q', 'confirmed /q', 'ack i1']);
  }
  expect(ids[0]).toBe(ids[1]);
});

it('declares the queue of onFailure when it is missing', async () => {
  const { log, publish, settle, clock } = setup({ facts: { deadLetter: false, onFailure: CLEAN } });
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('returned');
  await settled();
  expect(log.at(-1)).toBe('declare cleaning');
  clock.advance(5_000);
  (await publish(1)).end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it.each([
  ['the broker refuses it', () => Promise.reject(Object.assign(new Error('ACCESS_REFUSED - amq.'), { code: 403 }))],
  [
    'its name is too long',
    () => {
      throw new TqError('invalid-option', 'queue: expected a name of at most 199 bytes');
    },
  ],
])('gives the call of onFailure up whose queue cannot be declared since %s, and says so', async (_, declare) => {
  const { log, publish, settle, runtime } = setup({ facts: { onFailure: CLEAN }, declare });
  const settling = settle(DEAD);
  const [letter, reply, call] = [await publish(0), await publish(1), await publish(2)];
  letter.end('confirmed');
  reply.end('confirmed');
  call.end('returned');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
  expect(runtime.lines.filter(({ level }) => level === 'error')).toMatchObject([
    { fields: { id: 'i1', task: 'fib', onFailure: CLEAN }, message: expect.stringContaining('cannot be declared') },
  ]);
});

it('waits for a queue of onFailure that cannot be declared yet', async () => {
  let refused = true;
  const declare = async () => {
    if (refused) throw new Error('its node is down');
  };
  const { log, publish, settle, clock } = setup({ facts: { deadLetter: false, onFailure: CLEAN }, declare });
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('returned');
  await settled();
  refused = false;
  clock.advance(5_000);
  (await publish(1)).end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

it('does not ack when the call of onFailure was abandoned', async () => {
  const { log, publish, settle } = setup({ facts: { deadLetter: false, onFailure: CLEAN } });
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('abandoned');
  await settling;
  expect(log).not.toContain('ack i1');
});

it('leaves what came too late as a dead letter, answers REVOKED, and calls no errback', async () => {
  const facts = { onFailure: { task: 'alarm', queue: 'alarms' } } as TaskFacts;
  const { publish, published, settle, log } = setup({ facts });
  const settling = settle(EXPIRED);
  const ends = [await publish(0), await publish(1)];
  expect(published.map(({ to }) => to).sort()).toEqual(['/replies', 'tq.dead/math']);
  expect(ends.find(({ to }) => to !== '/replies')?.headers).toMatchObject({
    'tq-dead-reason': 'expired',
    'tq-dead-error': 'TaskRevokedError: expired',
  });
  for (const { end } of ends) end('confirmed');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
});

const LATER: Outcome = {
  kind: 'later',
  why: 'retry',
  delayMs: 2_000,
  headers: { retries: 1, eta: '2026-01-01T00:00:02.000Z' },
  otherwise: { reason: 'failed', failure: encodeError(new RangeError('too big')) },
};
const AT_ONCE: Outcome = { ...LATER, delayMs: 0 };
const DUE: Outcome = { ...LATER, why: 'eta', delayMs: 5_000 };

it('lets the broker keep a copy that is tried again, says so before, and acks when the copy is confirmed', async () => {
  const { log, publish, settle, run } = setup();
  const settling = settle(LATER);
  const [state, copy] = [await publish(0), await publish(1)];
  expect([state.to, copy.to, copy.body]).toEqual(['/replies', 'delay/2000.math', String(run.message.body)]);
  expect(JSON.parse(state.body)).toMatchObject({ status: 'RETRY', task_id: 'i1', result: { exc_type: 'RangeError' } });
  expect(copy.headers).toEqual({ id: 'i1', task: 'fib', retries: 1, eta: '2026-01-01T00:00:02.000Z' });
  expect(copy.request.lease).toBe(run);
  await settled();
  expect(log).not.toContain('ack i1');
  copy.end('confirmed');
  await settling;
  // Nobody waits for a state on the way.
  expect(log).toEqual(['publish /replies', 'publish delay/2000.math', 'confirmed delay/2000.math', 'ack i1']);
});

it.each([
  ['a retry that nobody waits for', LATER, 'nobody'],
  ['what has to start later', DUE, REPLY],
] as const)('says nothing on the way of %s', async (_, outcome, reply) => {
  const { log, publish, settle } = setup();
  const settling = settle(outcome, reply);
  (await publish(0)).end('confirmed');
  await settling;
  expect(log).toEqual([expect.stringMatching(/^publish delay/), expect.stringMatching(/^confirmed delay/), 'ack i1']);
});

it('publishes what is tried again at once straight to its queue, whether there are delays or not', async () => {
  const { publish, settle, delayed } = setup();
  delayed.ready = new TqError('access-refused', 'no delays here');
  const settling = settle(AT_ONCE, 'nobody');
  const copy = await publish(0);
  expect(copy.to).toBe('/math');
  copy.end('confirmed');
  await settling;
});

it('delays for what is left of the delay once the delays can be used', async () => {
  const { publish, settle, delayed, clock } = setup();
  let open: () => void = () => undefined;
  delayed.ready = new Promise((resolve) => (open = resolve));
  const settling = settle(LATER, 'nobody');
  clock.advance(500);
  open();
  const copy = await publish(0);
  expect(copy.to).toBe('delay/1500.math');
  copy.end('confirmed');
  await settling;
});

it('does not ack when the copy that is tried again was abandoned, and publishes nothing more', async () => {
  const { log, publish, settle } = setup();
  const settling = settle(LATER, 'nobody');
  (await publish(0)).end('abandoned');
  await settling;
  expect(log).toEqual(['publish delay/2000.math', 'abandoned delay/2000.math']);
});

it('lets go of a delivery that is lost before the delays can be used, however long that takes', async () => {
  const { log, settle, settler, delivery, delayed, isOver } = setup();
  delayed.ready = new Promise(() => undefined);
  const settling = settle(LATER, 'nobody');
  await settled();
  settler.dropAbandoned();
  await settled();
  expect(isOver()).toBe(false);
  delivery.lease.alive = false;
  settler.dropAbandoned();
  await settling;
  expect(log).toEqual([]);
});

it('gives nothing up of a delivery that is lost when it is known that the delays cannot be used', async () => {
  const { log, settle, delivery, delayed } = setup();
  let fail: (error: Error) => void = () => undefined;
  delayed.ready = new Promise((_, reject) => (fail = reject));
  const settling = settle(LATER, 'nobody');
  delivery.lease.alive = false;
  fail(new TqError('declaration-conflict', 'other properties'));
  await settling;
  expect(log).toEqual([]);
});

it.each(['returned', 'publish-nacked'] as const)(
  'prepares the delays and the queue again when the copy was %s, and tries once more with what is left',
  async (how) => {
    const { log, publish, settle, clock } = setup();
    const settling = settle(LATER, 'nobody');
    (await publish(0)).end(how);
    await settled();
    expect(log.slice(2)).toEqual(['forget delays', 'declare math']);
    clock.advance(100);
    const copy = await publish(1);
    expect(copy.to).toBe('delay/1900.math');
    copy.end('confirmed');
    await settling;
    expect(log.at(-1)).toBe('ack i1');
  },
);

it.each(['the broker has other delays', 'its headers are too large'])(
  'gives up with its own error what cannot be delayed since %s',
  async (why) => {
    const { publish, settle, delayed, runtime, log, givenUp } = setup();
    const refused = why.startsWith('the broker');
    if (refused) delayed.ready = new TqError('declaration-conflict', 'other properties');
    const settling = settle(LATER);
    expect((await publish(0)).to).toBe('/replies');
    if (!refused) (await publish(1)).end('unserialisable');
    const first = refused ? 1 : 2;
    const [letter, reply] = [await publish(first), await publish(first + 1)];
    expect([letter.to, letter.headers['tq-dead-reason']]).toEqual(['tq.dead/math', 'failed']);
    expect(JSON.parse(reply.body)).toMatchObject({ status: 'FAILURE', result: { exc_type: 'RangeError' } });
    expect(runtime.lines).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringMatching('delay') }),
    ]);
    letter.end('confirmed');
    reply.end('confirmed');
    await settling;
    expect([log.at(-1), givenUp]).toEqual(['ack i1', ['i1 of math: failed']]);
  },
);
