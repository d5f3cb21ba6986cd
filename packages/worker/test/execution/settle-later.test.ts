import { encodeError, TqError } from '@tq/core/internal';
import { expect, it } from 'vitest';
import type { Outcome } from '../../src/execution/outcome.js';
import { settled } from '../fake-app.js';
import { REPLY, setup } from './settling.js';

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
