import { expect, it } from 'vitest';
import { settle, setup } from './publishing.js';

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
  const { clock, deadlines, fake, publish, ended } = setup();
  const channel = await fake.up();
  const abort = new AbortController();
  publish('a', { timeoutMs: 100, signal: abort.signal });
  expect(deadlines.open.size).toBe(1);
  channel.confirm('a');
  expect(deadlines.open.size).toBe(0);
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
