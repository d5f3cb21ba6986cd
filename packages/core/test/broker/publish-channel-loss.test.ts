import fc from 'fast-check';
import { expect, it } from 'vitest';
import { settle, setup } from './publishing.js';

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
        channel.close(new Error('Channel closed by server: 406 (PRECONDITION_FAILED)'));
        clock.advance(10_000);
        channel = await reopened;
      }
      expect(ended().sort()).toEqual(
        bodies.map((body) => `${body} ${body.startsWith('good') ? 'confirmed' : 'publish-nacked'}`).sort(),
      );
      for (const body of bodies.filter((one) => one.startsWith('bad'))) {
        expect(errorOf(body)).toMatchObject({
          outcomeUnknown: false,
          message: expect.stringContaining('PRECONDITION_FAILED'),
        });
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

it.each([320, 'ECONNRESET'])('nor when the broker went away (%s), however often', async (code) => {
  const { fake, publish, ended } = setup();
  publish('a');
  for (let rounds = 0; rounds < 3; rounds++) {
    await fake.up();
    fake.down(Object.assign(new Error('Connection closed'), { code }));
  }
  (await fake.up()).confirm('a');
  expect(ended()).toEqual(['a confirmed']);
});

it('finds the message that the broker closes the connection for, which must be alone when it does so again', async () => {
  const { fake, publish, ended, errorOf } = setup({ window: 3 });
  for (const body of ['a', 'bad', 'c', 'd']) publish(body);
  let channel = await fake.up();
  const closeForBad = async () => {
    fake.down(Object.assign(new Error('Connection closed: 541 (INTERNAL-ERROR)'), { code: 541 }));
    channel = await fake.up();
  };
  await closeForBad();
  expect(channel.bodies).toEqual(['a']);
  channel.confirm('a');
  expect(channel.bodies).toEqual(['a', 'bad']);
  await closeForBad();
  expect(ended()).toEqual(['a confirmed', 'bad publish-nacked']);
  // Nobody knows whether the broker has it.
  expect(errorOf('bad')).toMatchObject({
    outcomeUnknown: true,
    message: expect.stringContaining('closed the connection'),
  });
  channel.confirm('c');
  expect(channel.bodies).toEqual(['c', 'd']);
  // Alone when a connection ends that carries other things as well, it is not at fault yet.
  await closeForBad();
  channel.confirm('d');
  expect(ended()).toEqual(['a confirmed', 'bad publish-nacked', 'c confirmed', 'd confirmed']);
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

it('a message to an exchange that does not exist is returned, and what was on the channel with it goes on', async () => {
  const { clock, fake, publish, ended } = setup({ window: 3 });
  for (const body of ['bad', 'good']) publish(body);
  let channel = await fake.up();
  for (let rounds = 0; rounds < 2; rounds++) {
    const reopened = fake.nextChannel();
    channel.close(Object.assign(new Error("NOT_FOUND - no exchange 'x'"), { code: 404 }));
    clock.advance(10_000);
    channel = await reopened;
  }
  channel.confirm('good');
  expect(ended()).toEqual(['bad returned', 'good confirmed']);
});

it('asks for the way of a message anew each time that it writes it', async () => {
  const { fake, publish, ended } = setup();
  let left = 3;
  publish('a', { routeNow: () => ({ exchange: 'x', routingKey: String(left--) }) });
  const first = await fake.up();
  fake.down();
  const second = await fake.up();
  expect([...first.written, ...second.written].map(({ routingKey }) => routingKey)).toEqual(['3', '2']);
  second.return('a');
  second.confirm('a');
  expect(ended()).toEqual(['a returned']);
});
