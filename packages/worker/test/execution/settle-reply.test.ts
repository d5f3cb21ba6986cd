import { expect, it } from 'vitest';
import { settled } from '../fake-app.js';
import { AWAY, DONE, MISSING, setup } from './settling.js';

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

it('drops a reply that the broker refuses again and again, and says so', async () => {
  const { log, publish, settle, clock, runtime } = setup();
  const settling = settle(DONE);
  for (let refusal = 0; refusal < 10; refusal++) {
    expect(log).not.toContain('ack i1');
    (await publish(refusal)).end('publish-nacked');
    await settled();
    clock.advance(5_000);
  }
  await settling;
  expect(log.at(-1)).toBe('ack i1');
  expect(runtime.lines).toMatchObject([
    {
      level: 'warn',
      fields: { id: 'i1', replyTo: 'replies' },
      message: expect.stringMatching(/reply is dropped.*full/),
    },
  ]);
});

it('drops a reply at once to an address of direct reply-to for which the broker closes the connection', async () => {
  const { log, publish, settler, run, runtime } = setup();
  const settling = settler.settle(run, DONE, { taskId: 'i1', replyTo: 'amq.rabbitmq.reply-to.!!' });
  (await publish(0)).end('publish-nacked');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
  expect(runtime.lines).toMatchObject([
    { level: 'warn', message: expect.stringContaining('no address that the broker') },
  ]);
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
