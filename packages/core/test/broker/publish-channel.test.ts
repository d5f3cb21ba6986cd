import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OutboxLimits, PublishEnd, PublishRequest } from '../../src/broker/outbox.js';
import { PublishChannel } from '../../src/broker/publish-channel.js';
import { Deadlines } from '../../src/time/deadlines.js';
import { ManualClock } from '../manual-clock.js';
import { testRuntime } from '../test-runtime.js';
import { FakeConnection } from './fake-link.js';

interface Setup {
  readonly window?: number;
  readonly limits?: OutboxLimits;
  readonly maxMessageBytes?: number;
}

function setup({
  window = 1_000,
  limits = { messages: 1_000, bytes: 1_000_000 },
  maxMessageBytes = 1_000,
}: Setup = {}) {
  const clock = new ManualClock();
  const fake = new FakeConnection();
  const runtime = testRuntime(clock);
  const publisher = new PublishChannel({
    connection: fake.connection,
    runtime,
    deadlines: new Deadlines(clock, 1),
    limits,
    window,
    maxMessageBytes,
  });
  const ends: [string, PublishEnd][] = [];
  const publish = (body: string, more: Partial<PublishRequest> = {}) =>
    publisher.publish({
      exchange: '',
      routingKey: 'q',
      message: { properties: { correlationId: body, messageId: `id of ${body}` }, body: Buffer.from(body) },
      timeoutMs: undefined,
      onEnd: (end) => ends.push([body, end]),
      ...more,
    });
  const ended = () => ends.map(([body, end]) => `${body} ${end.kind === 'failed' ? end.error.code : end.kind}`);
  const errorOf = (body: string) => {
    const end = ends.find(([of]) => of === body)?.[1];
    if (end?.kind !== 'failed') throw new Error(`expected ${body} to have failed, found ${end?.kind ?? 'no end'}`);
    return end.error;
  };
  return { clock, fake, runtime, publisher, publish, ended, errorOf };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

it('opens the connection with the first publish and holds it until nothing is unconfirmed', async () => {
  const { fake, publish, ended, publisher } = setup();
  expect([fake.opens, fake.holds, publisher.up]).toEqual([0, 0, false]);
  publish('a');
  publish('b');
  expect([fake.opens > 0, fake.holds]).toEqual([true, 1]);
  const channel = await fake.up();
  expect(publisher.up).toBe(true);
  channel.confirm('a');
  expect(fake.holds).toBe(1);
  channel.confirm('b');
  expect(fake.holds).toBe(0);
  expect(ended()).toEqual(['a confirmed', 'b confirmed']);
});

it('publishes mandatory messages with their own properties', async () => {
  const { fake, publish } = setup();
  publish('a', { exchange: 'x', routingKey: 'k' });
  const { written } = await fake.up();
  expect(written[0]).toMatchObject({ exchange: 'x', routingKey: 'k', body: 'a' });
  expect(written[0]?.options).toMatchObject({ mandatory: true, messageId: 'id of a', correlationId: 'a' });
});

it('has no more than a window on the channel, and fills it again confirm by confirm', async () => {
  const { fake, publish } = setup({ window: 2 });
  for (const body of ['a', 'b', 'c', 'd']) publish(body);
  const channel = await fake.up();
  expect(channel.bodies).toEqual(['a', 'b']);
  channel.confirm('b');
  expect(channel.bodies).toEqual(['a', 'b', 'c']);
  channel.confirm('a');
  channel.confirm('c');
  expect(channel.bodies).toEqual(['a', 'b', 'c', 'd']);
});

it('stops writing when the socket is full and goes on when it has drained', async () => {
  const { fake, publish } = setup();
  const channel = await fake.up();
  channel.accepts = false;
  for (const body of ['a', 'b', 'c']) publish(body);
  // The write that filled the buffer has gone out all the same.
  expect(channel.bodies).toEqual(['a']);
  channel.confirm('a');
  expect(channel.bodies).toEqual(['a']);
  channel.drain();
  expect(channel.bodies).toEqual(['a', 'b', 'c']);
});

it('ends messages in the order of their confirms, whatever the order of their writes', async () => {
  const { fake, publish, ended } = setup();
  const channel = await fake.up();
  for (const body of ['a', 'b', 'c']) publish(body);
  for (const body of ['c', 'a', 'b']) channel.confirm(body);
  expect(ended()).toEqual(['c confirmed', 'a confirmed', 'b confirmed']);
});

it('a returned message ends as returned, at its confirm and not before', async () => {
  const { fake, publish, ended } = setup();
  const channel = await fake.up();
  for (const body of ['a', 'b', 'c']) publish(body);
  channel.return('b');
  expect(ended()).toEqual([]);
  for (const body of ['a', 'b', 'c']) channel.confirm(body);
  expect(ended()).toEqual(['a confirmed', 'b returned', 'c confirmed']);
});

it('of two messages that are alike the first return is of the first', async () => {
  const { fake, publish, ended } = setup();
  const channel = await fake.up();
  const properties = { correlationId: 'same' };
  for (const body of ['a', 'b']) publish(body, { message: { properties, body: Buffer.from(body) } });
  channel.return('a');
  channel.return('b');
  channel.confirm('a');
  channel.confirm('b');
  expect(ended()).toEqual(['a returned', 'b returned']);
});

it('a message that the broker refuses fails alone, and its outcome is known', async () => {
  const { fake, publish, ended, errorOf } = setup();
  const channel = await fake.up();
  for (const body of ['a', 'b']) publish(body);
  channel.nack('a');
  channel.confirm('b');
  expect(ended()).toEqual(['a publish-nacked', 'b confirmed']);
  expect(errorOf('a')).toMatchObject({ outcomeUnknown: false, message: expect.stringContaining("'q'") });
});

it('a deadline ends a message; its outcome is unknown only when it was written', async () => {
  const { clock, fake, publish, ended, errorOf } = setup({ window: 1 });
  await fake.up();
  publish('written', { timeoutMs: 100 });
  publish('waiting', { timeoutMs: 200 });
  clock.advance(99);
  expect(ended()).toEqual([]);
  clock.advance(1);
  expect(ended()).toEqual(['written publish-timeout']);
  expect(errorOf('written')).toMatchObject({
    outcomeUnknown: true,
    message: expect.stringMatching(/within 100 ?ms: no confirm came\. It was written, so it may have arrived/),
  });
});

it('a deadline of what was never written says why there was no broker', () => {
  const { clock, fake, publish, errorOf } = setup();
  fake.lastError = new Error('No connection to amqp://host: ECONNREFUSED');
  publish('a', { timeoutMs: 100 });
  clock.advance(100);
  const error = errorOf('a');
  expect(error).toMatchObject({ code: 'publish-timeout', outcomeUnknown: false, cause: fake.lastError });
  expect(error.message).toContain('ECONNREFUSED');
  expect(error.message).not.toContain('may have arrived');
});

it('what timed out is not written afterwards, and makes room in the window', async () => {
  const { clock, fake, publish } = setup({ window: 1 });
  publish('late', { timeoutMs: 100 });
  publish('b');
  clock.advance(100);
  const channel = await fake.up();
  expect(channel.bodies).toEqual(['b']);
});

it('what was written to a channel that went is of unknown outcome when its deadline comes', async () => {
  const { clock, fake, publish, errorOf } = setup();
  await fake.up();
  publish('a', { timeoutMs: 100 });
  fake.down();
  clock.advance(100);
  expect(errorOf('a')).toMatchObject({ code: 'publish-timeout', outcomeUnknown: true });
});

it('a confirm that comes after the deadline changes nothing', async () => {
  const { clock, fake, publish, ended } = setup();
  const channel = await fake.up();
  publish('a', { timeoutMs: 100 });
  clock.advance(100);
  channel.confirm('a');
  expect(ended()).toEqual(['a publish-timeout']);
});

it('a confirmed message leaves no deadline and no listener on its signal behind', async () => {
  const { clock, fake, publish, ended } = setup();
  const channel = await fake.up();
  const abort = new AbortController();
  publish('a', { timeoutMs: 100, signal: abort.signal });
  channel.confirm('a');
  abort.abort();
  clock.advance(1_000);
  expect(ended()).toEqual(['a confirmed']);
});

it('an abort ends a message, before it is written and after', async () => {
  const { fake, publish, ended, errorOf } = setup({ window: 1 });
  const channel = await fake.up();
  const [first, second] = [new AbortController(), new AbortController()];
  publish('written', { signal: first.signal });
  publish('waiting', { signal: second.signal });
  const reason = new Error('mine');
  second.abort(reason);
  first.abort(reason);
  expect(ended()).toEqual(['waiting publish-aborted', 'written publish-aborted']);
  expect(errorOf('written')).toMatchObject({ outcomeUnknown: true, cause: reason });
  expect(errorOf('waiting')).toMatchObject({ outcomeUnknown: false, cause: reason });
  expect(channel.bodies).toEqual(['written']);
});

it('a signal that is aborted already ends the message, and not before publish has returned', async () => {
  const { publish, ended, fake } = setup();
  publish('a', { signal: AbortSignal.abort() });
  expect(ended()).toEqual([]);
  await settle();
  expect(ended()).toEqual(['a publish-aborted']);
  expect(fake.holds).toBe(0);
});

it('refuses what is too large, unless a settling run publishes it', async () => {
  const { fake, publish, ended, errorOf } = setup({ maxMessageBytes: 4 });
  publish('12345');
  expect(ended()).toEqual([]);
  await settle();
  expect(errorOf('12345')).toMatchObject({ code: 'message-too-large', fields: { bytes: 5, maxMessageBytes: 4 } });
  publish('1234');
  publish('123456', { lease: { alive: true } });
  expect((await fake.up()).bodies).toEqual(['1234', '123456']);
});

it('refuses a message when the outbox is full, and says when there is room again', async () => {
  const { fake, publish, publisher, ended } = setup({ limits: { messages: 2, bytes: 1_000 } });
  expect(publisher.room()).toBeUndefined();
  for (const body of ['a', 'b', 'c']) publish(body);
  publish('leased', { lease: { alive: true } });
  await settle();
  expect(ended()).toEqual(['c outbox-full']);
  let told = false;
  const room = publisher.room()?.then(() => {
    told = true;
  });
  const channel = await fake.up();
  expect(channel.bodies).toEqual(['a', 'b', 'leased']);
  channel.confirm('a');
  await settle();
  expect(told).toBe(false);
  channel.confirm('b');
  await room;
  publish('d');
  expect(channel.bodies).toEqual(['a', 'b', 'leased', 'd']);
});

it('writes nothing while the broker is blocked, and all of it in order afterwards', async () => {
  const { clock, fake, publish, publisher, errorOf } = setup();
  const channel = await fake.up();
  publish('a');
  fake.block(true);
  expect(publisher.blocked).toBe(true);
  for (const body of ['b', 'c']) publish(body);
  publish('hasty', { timeoutMs: 100 });
  channel.confirm('a');
  expect(channel.bodies).toEqual(['a']);
  clock.advance(100);
  expect(errorOf('hasty').message).toContain('the broker is blocked');
  fake.block(false);
  expect(publisher.blocked).toBe(false);
  expect(channel.bodies).toEqual(['a', 'b', 'c']);
});

it('forgets with the connection that it was blocked', async () => {
  const { fake, publish, publisher } = setup();
  await fake.up();
  fake.block(true);
  publish('a');
  fake.down();
  expect(publisher.blocked).toBe(false);
  expect((await fake.up()).bodies).toEqual(['a']);
});

it('after a lost link it writes what was not confirmed first, in the same order and with the same ids', async () => {
  const { fake, publish, ended } = setup({ window: 3 });
  for (const body of ['a', 'b', 'c', 'd']) publish(body);
  const first = await fake.up();
  first.return('b');
  first.confirm('a');
  fake.down();
  publish('e');
  expect(ended()).toEqual(['a confirmed']);
  const second = await fake.up();
  expect(second.bodies).toEqual(['b', 'c', 'd']);
  expect(second.written.map(({ options }) => options.messageId)).toEqual(['id of b', 'id of c', 'id of d']);
  // The return was of the first try: this one arrives.
  for (const body of ['b', 'c', 'd', 'e']) second.confirm(body);
  expect(ended()).toEqual(['a confirmed', 'b confirmed', 'c confirmed', 'd confirmed', 'e confirmed']);
});

it('opens another channel on the same link when the broker closes one', async () => {
  const { clock, fake, publish, publisher, runtime } = setup();
  const first = await fake.up();
  first.close(new Error('Channel closed by server: 404'));
  expect(publisher.up).toBe(false);
  publish('a');
  expect(runtime.lines).toContainEqual(expect.objectContaining({ level: 'warn' }));
  const next = fake.nextChannel();
  clock.advance(0);
  expect((await next).bodies).toEqual(['a']);
  expect(fake.channels).toHaveLength(2);
});

it('tries again on the same link when the broker gives no channel', async () => {
  const { clock, fake, publish } = setup();
  await fake.up();
  const { model } = fake.link as { model: { createConfirmChannel: () => Promise<unknown> } };
  const create = model.createConfirmChannel;
  model.createConfirmChannel = () => Promise.reject(new Error('no channel for you'));
  fake.channel.close(new Error('gone'));
  clock.advance(0);
  await settle();
  publish('a');
  model.createConfirmChannel = create;
  const next = fake.nextChannel();
  clock.advance(0);
  expect((await next).bodies).toEqual(['a']);
});

it('finds the message that the broker closes the channel for and fails it alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.nat(8), async (culprits, window) => {
      const { clock, fake, publish, ended, errorOf } = setup({ window: window + 1 });
      const bodies = culprits.map((culprit, index) => `${culprit ? 'bad' : 'good'} ${index}`);
      for (const body of bodies) publish(body);
      let channel = await fake.up();
      const handled = new Map<object, number>();
      // The broker takes messages in order, and closes the channel at the first bad one: what follows it is not seen.
      for (let rounds = 0; ended().length < bodies.length; rounds++) {
        if (rounds > 100) throw new Error(`no end in sight: ${ended().join(', ')}`);
        const index = handled.get(channel) ?? 0;
        const next = channel.written[index];
        if (next === undefined) throw new Error(`nothing written; ended: ${ended().join(', ')}`);
        handled.set(channel, index + 1);
        if (next.body.startsWith('good')) {
          channel.confirm(next.body);
          continue;
        }
        const reopened = fake.nextChannel();
        channel.close(new Error('Channel closed by server: 404 (NOT_FOUND)'));
        clock.advance(10_000);
        channel = await reopened;
      }
      expect(ended().sort()).toEqual(
        bodies.map((body) => `${body} ${body.startsWith('good') ? 'confirmed' : 'publish-nacked'}`).sort(),
      );
      for (const body of bodies.filter((one) => one.startsWith('bad'))) {
        expect(errorOf(body)).toMatchObject({ outcomeUnknown: false, message: expect.stringContaining('NOT_FOUND') });
      }
    }),
    { numRuns: 60 },
  );
});

it('fills its window again once the message at fault has shown itself', async () => {
  const { clock, fake, publish } = setup({ window: 3 });
  for (const body of ['a', 'bad', 'c', 'd', 'e']) publish(body);
  let channel = await fake.up();
  const closeForBad = async () => {
    const reopened = fake.nextChannel();
    channel.close(new Error('404'));
    clock.advance(10_000);
    channel = await reopened;
  };
  await closeForBad();
  expect(channel.bodies).toEqual(['a']);
  channel.confirm('a');
  expect(channel.bodies).toEqual(['a', 'bad']);
  await closeForBad();
  expect(channel.bodies).toEqual(['c']);
  channel.confirm('c');
  expect(channel.bodies).toEqual(['c', 'd', 'e']);
});

it('does not suspect what was on a channel that went with its link', async () => {
  const { fake, publish } = setup();
  for (const body of ['a', 'b', 'c']) publish(body);
  await fake.up();
  fake.down();
  expect((await fake.up()).bodies).toEqual(['a', 'b', 'c']);
});

it('a message that cannot be encoded fails alone', async () => {
  const { fake, publish, ended, errorOf } = setup();
  const channel = await fake.up();
  channel.throws = new RangeError('the header table is too large');
  publish('a');
  channel.throws = undefined;
  publish('b');
  channel.confirm('b');
  expect(ended()).toEqual(['a unserialisable', 'b confirmed']);
  expect(errorOf('a')).toMatchObject({ outcomeUnknown: false, message: expect.stringContaining('header table') });
});

it('keeps what a channel that is closing does not take, for the next one', async () => {
  const { fake, publish, ended } = setup();
  const channel = await fake.up();
  channel.throws = Object.assign(new Error('Connection closing'), { name: 'IllegalOperationError' });
  publish('a');
  expect(ended()).toEqual([]);
  fake.down();
  expect((await fake.up()).bodies).toEqual(['a']);
});

it('a run whose delivery is lost publishes nothing: before, while it waits, and on a later channel', async () => {
  const { fake, publish, publisher, ended } = setup({ window: 1 });
  const lease = { alive: false };
  publish('before', { lease });
  expect(ended()).toEqual([]);
  await settle();
  expect(ended()).toEqual(['before abandoned']);

  const [lost, kept] = [{ alive: true }, { alive: true }];
  publish('written', { lease: lost });
  publish('waiting', { lease: lost });
  publish('other', { lease: kept });
  const first = await fake.up();
  expect(first.bodies).toEqual(['written']);
  lost.alive = false;
  publisher.dropAbandoned();
  expect(ended()).toEqual(['before abandoned', 'written abandoned', 'waiting abandoned']);
  fake.down();
  expect((await fake.up()).bodies).toEqual(['other']);
});

it('looks at the lease once more when it writes', async () => {
  const { fake, publish, ended } = setup();
  const lease = { alive: true };
  publish('a', { lease });
  publish('b');
  lease.alive = false;
  expect((await fake.up()).bodies).toEqual(['b']);
  expect(ended()).toEqual(['a abandoned']);
});

it('drains when nothing is unconfirmed any more, and at once when nothing is', async () => {
  const { fake, publish, publisher } = setup();
  await publisher.drain();
  publish('a');
  let drained = false;
  const draining = publisher.drain().then(() => {
    drained = true;
  });
  const channel = await fake.up();
  await settle();
  expect(drained).toBe(false);
  channel.confirm('a');
  await draining;
});

it('closed, it ends what is left and takes nothing more', async () => {
  const { fake, publish, publisher, ended, errorOf } = setup({ window: 1 });
  await fake.up();
  publish('written');
  publish('waiting');
  publisher.close();
  publish('after');
  await settle();
  expect(ended()).toEqual(['written closed', 'waiting closed', 'after closed']);
  expect([errorOf('written').outcomeUnknown, errorOf('waiting').outcomeUnknown]).toEqual([true, false]);
  expect([fake.users.size, fake.holds]).toEqual([0, 0]);
  expect(publisher.room()).toBeUndefined();
});
