import { encodeError, type TaskFacts, TqError } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { EXPIRED } from '../../src/execution/gates.js';
import type { Outcome } from '../../src/execution/outcome.js';
import { settled } from '../fake-app.js';
import { inbound } from '../messages.js';
import { AGAIN, CLEAN, DEAD, DONE, setup } from './settling.js';

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

it('declares the queue of the dead letters again when one came back, and not the queue itself, which may be of others', async () => {
  const { log, publish, settle, clock } = setup();
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('returned');
  await settled();
  expect(log).toEqual(['publish tq.dead/math', 'returned tq.dead/math', 'declare math.dead']);
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
