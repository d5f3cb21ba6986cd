import { TqError } from '@tq/core/internal';
import { expect, it } from 'vitest';
import { settled } from '../fake-app.js';
import { CLEAN, DEAD, setup } from './settling.js';

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

it('gives the call of onFailure up whose queue is an address for which the broker closes the connection', async () => {
  const onFailure = { task: 'clean', queue: 'amq.rabbitmq.reply-to.!!' };
  const { log, publish, settle, runtime } = setup({ facts: { deadLetter: false, onFailure } });
  const settling = settle(DEAD, 'nobody');
  (await publish(0)).end('publish-nacked');
  await settling;
  expect(log.at(-1)).toBe('ack i1');
  expect(runtime.lines).toMatchObject([{ level: 'error', fields: { onFailure } }]);
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
