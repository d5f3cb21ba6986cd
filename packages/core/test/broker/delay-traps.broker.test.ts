/** What a ladder of queues gets wrong unless something is done about it; each with the remedy that it has here. */
import { expect, it } from 'vitest';
import { freshPrefix, queueState, receive } from '../../../../test/support/broker.js';
import type { InboundMessage } from '../../src/protocol/message.js';
import { copyMessage } from '../../src/protocol/message-copy.js';
import { openDelays, UNIT_MS } from './delaying.js';

const TYPES = ['quorum', 'classic'] as const;
const prefixes = new Map<string, string>();

/** One ladder of each type for all the tests, since 28 queues are a lot to declare. */
async function openLadder(type: (typeof TYPES)[number] = 'classic') {
  const prefix = prefixes.get(type) ?? freshPrefix();
  prefixes.set(type, prefix);
  return { prefix, ...(await openDelays(prefix, { type })) };
}

it('a queue gets what is for it and nothing for another one whose name ends or looks like its own', async () => {
  const { prefix, delays, peer, send } = await openLadder();
  const tail = `${prefix}foo`;
  const names = [
    tail,
    prefix + tail,
    ...['a.foo', '*.foo', '#.foo', '#', 'a..foo', '%2A.foo'].map((name) => prefix + name),
  ];
  for (const name of names) await delays.ready(name);
  for (const name of names) expect(await send(name, UNIT_MS)).toBe('confirmed');
  for (const name of names) {
    const [message] = await receive(peer, name, 1);
    expect(String(message?.content)).toBe(`${name} after ${UNIT_MS}`);
  }
  for (const name of names) expect(await queueState(peer, name)).toMatchObject({ messages: 0 });
});

it.each(TYPES)(
  'a copy of a message that has waited waits again, many times over, under a key of the same length (%s)',
  async (type) => {
    const { prefix, delays, peer, send } = await openLadder(type);
    const queue = `${prefix}${'q'.repeat(198 - Buffer.byteLength(prefix))}`;
    await delays.ready(queue);
    await send(queue, 3 * UNIT_MS, { round: 0 });
    for (let round = 1; round <= 5; round++) {
      const [message] = await receive(peer, queue, 1);
      if (message === undefined) throw new Error('expected a message');
      const { headers = {} } = message.properties;
      expect(headers).toMatchObject({ round: round - 1, 'x-death': expect.any(Array) });
      expect(message.fields.routingKey).toHaveLength(56 + queue.length);
      const copy = copyMessage({ ...message, properties: { headers } } as unknown as InboundMessage, { round });
      await send(queue, 3 * UNIT_MS, copy.properties.headers);
    }
    expect(await receive(peer, queue, 1)).toHaveLength(1);
  },
);

it('a message with an expiration of its own leaves its level before the time, so that none is sent with one', async () => {
  const { prefix, delays, peer, send } = await openLadder();
  await delays.ready(`${prefix}early`);
  // One level alone, since the expiration is gone with the first.
  await send(`${prefix}early`, 2 ** 20 * UNIT_MS, {}, { expiration: '1' });
  expect(await receive(peer, `${prefix}early`, 1)).toHaveLength(1);
});

it.each(TYPES)(
  'more undeliverable messages than a level looks at hold up nobody, and none is lost (%s)',
  async (type) => {
    const { prefix, delays, peer, send } = await openLadder(type);
    const [gone, live] = [`${prefix}gone`, `${prefix}live`];
    await delays.ready(gone);
    await delays.ready(live);
    await peer.channel.deleteQueue(gone);
    for (let sent = 0; sent < 40; sent++) expect(await send(gone, 3 * UNIT_MS)).toBe('confirmed');
    expect(await send(live, 3 * UNIT_MS)).toBe('confirmed');
    expect(await receive(peer, live, 1)).toHaveLength(1);
    const lost = await receive(peer, `${prefix}tq.delay.dead`, 40);
    expect(new Set(lost.map(({ content }) => String(content)))).toEqual(new Set([`${gone} after ${3 * UNIT_MS}`]));
  },
);

it('emptying or deleting a queue does not call back what waits for it, so that workers look when it comes', async () => {
  const { prefix, delays, peer, send } = await openLadder();
  const queue = `${prefix}late`;
  await delays.ready(queue);
  await send(queue, 2 ** 20 * UNIT_MS);
  await peer.channel.purgeQueue(queue);
  await peer.channel.deleteQueue(queue);
  expect(await queueState(peer, `${prefix}tq.delay.v1.${UNIT_MS}.20`)).toMatchObject({ messages: 1 });
});

it.each(TYPES)('what waits for an exchange goes there with its key and headers once it is due (%s)', async (type) => {
  const { prefix, delays, peer, connection } = await openLadder(type);
  const target = { exchange: `${prefix}events`, routingKey: 'a.b' };
  await expect(delays.ready(target)).rejects.toMatchObject({
    code: 'exchange-missing',
    fields: { exchange: target.exchange },
  });
  await peer.channel.assertExchange(target.exchange, 'headers');
  await peer.channel.assertQueue(`${prefix}mine`, { durable: true });
  await peer.channel.bindQueue(`${prefix}mine`, target.exchange, '', { 'x-match': 'all', kind: 'order' });
  await delays.ready(target);
  expect(delays.ready({ ...target })).toBe(true);
  const { exchange, routingKey } = delays.route(target, 2 * UNIT_MS);
  peer.channel.publish(exchange, routingKey, Buffer.from('x'), { persistent: true, headers: { kind: 'order' } });
  const [message] = await receive(peer, `${prefix}mine`, 1);
  expect(message?.fields).toMatchObject(target);
  expect(delays.route(target, 0)).toEqual(target);
  expect(connection.status.up).toBe(true);
});
