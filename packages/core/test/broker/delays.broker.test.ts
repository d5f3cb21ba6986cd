import { expect, it } from 'vitest';
import { brokerUrl, freshPrefix, type Peer, receive, takeAll } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { declare } from '../../src/broker/declare.js';
import { hasWaited, ladderEntries, ladderTopology } from '../../src/broker/delay-ladder.js';
import { Witness } from './connections.js';
import { openDelays, UNIT_MS } from './delaying.js';

it.each(['quorum', 'classic'] as const)(
  'a message waits its delay in %s levels and comes, never early',
  async (type) => {
    const prefix = freshPrefix();
    const { delays, peer, send } = await openDelays(prefix, { type });
    const queue = `${prefix}a.b`;
    await delays.ready(queue);
    expect(delays.ready(queue)).toBe(true);
    const startedAt = Date.now();
    const due = [1, UNIT_MS, 4 * UNIT_MS - 5, 7 * UNIT_MS];
    for (const delayMs of due) expect(await send(queue, delayMs)).toBe('confirmed');
    for (const delayMs of due) {
      const [message] = await receive(peer, queue, 1);
      expect(String(message?.content)).toBe(`${queue} after ${delayMs}`);
      expect(Date.now() - startedAt).toBeGreaterThanOrEqual(delayMs);
      expect(hasWaited(prefix, message?.fields ?? { exchange: '', routingKey: '' })).toBe(true);
    }
  },
);

it('apps that need the ladder in the same moment declare it together', async () => {
  const prefix = freshPrefix();
  const all = await Promise.all(Array.from({ length: 4 }, () => openDelays(prefix, { type: 'quorum' })));
  await Promise.all(all.map(({ delays }) => delays.ready(`${prefix}q`)));
  for (const { send } of all) expect(await send(`${prefix}q`, UNIT_MS)).toBe('confirmed');
  expect(await receive(all[0]?.peer as Peer, `${prefix}q`, all.length)).toHaveLength(all.length);
});

it('a delay of nothing goes straight to the queue', async () => {
  const { delays } = await openDelays(freshPrefix());
  expect([0, -5].map((delayMs) => delays.route('q', delayMs))).toEqual([
    { exchange: '', routingKey: 'q' },
    { exchange: '', routingKey: 'q' },
  ]);
  expect(() => delays.route('q', UNIT_MS * 2 ** 28)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

it('a ladder of the other queue type is used as it is', async () => {
  const prefix = freshPrefix();
  const first = await openDelays(prefix, { type: 'quorum' });
  const second = await openDelays(prefix, { type: 'classic' });
  const address = { prefix, unitMs: UNIT_MS };
  await declare(first.peer.connection, ladderTopology(address, 'quorum'));
  // Whole or not, since a ladder with its entry is looked at, and one without is declared.
  await second.delays.ready(`${prefix}q`);
  expect(await second.send(`${prefix}q`, 2 * UNIT_MS)).toBe('confirmed');
  expect(await receive(second.peer, `${prefix}q`, 1)).toHaveLength(1);
  second.delays.forget();
  await second.delays.ready(`${prefix}q`);
  await expect(declare(first.peer.connection, ladderTopology(address, 'quorum'))).resolves.toBeUndefined();
  await expect(declare(first.peer.connection, ladderEntries(address))).resolves.toBeUndefined();
});

it('levels and bindings that were deleted are declared again once a message was returned', async () => {
  const prefix = freshPrefix();
  const { delays, peer, send } = await openDelays(prefix);
  const queue = `${prefix}q`;
  await delays.ready(queue);
  await peer.channel.deleteQueue(`${prefix}tq.delay.v1.${UNIT_MS}.1`);
  await peer.channel.deleteQueue(`${prefix}tq.delay.v1.${UNIT_MS}.0`);
  await peer.channel.deleteQueue(queue);
  expect(await send(queue, 3 * UNIT_MS)).toBe('returned');
  delays.forget();
  await delays.ready(queue);
  expect(await send(queue, 3 * UNIT_MS)).toBe('confirmed');
  expect(await receive(peer, queue, 1)).toHaveLength(1);
});

it('what comes to a level that was deleted is kept with the lost, whatever the type', async () => {
  const prefix = freshPrefix();
  const { delays, peer, send } = await openDelays(prefix);
  await delays.ready(`${prefix}q`);
  await peer.channel.deleteQueue(`${prefix}tq.delay.v1.${UNIT_MS}.0`);
  expect(await send(`${prefix}q`, 3 * UNIT_MS)).toBe('confirmed');
  expect(await receive(peer, `${prefix}tq.delay.dead`, 1)).toHaveLength(1);
  expect(await takeAll(peer, `${prefix}q`)).toEqual([]);
});

it('a delivering exchange that was deleted alone is whole again once a worker declared its queue again', async () => {
  const prefix = freshPrefix();
  const { delays, peer, send, topologyOf } = await openDelays(prefix);
  const queue = `${prefix}q`;
  await delays.ready(queue);
  await peer.channel.deleteExchange(`${prefix}tq.delay.v1.deliver`);
  await declare(peer.connection, topologyOf(queue));
  // Straight from level 1, and from level 0.
  for (const units of [2, 1]) {
    expect(await send(queue, units * UNIT_MS)).toBe('confirmed');
    expect(await receive(peer, queue, 1)).toHaveLength(1);
  }
});

it('everything is looked at again on the next connection', async () => {
  await using proxy = await startProxy(brokerUrl());
  const prefix = freshPrefix();
  const { delays, connection, peer, send } = await openDelays(prefix, { url: proxy.url });
  const queue = `${prefix}q`;
  await delays.ready(queue);
  await peer.channel.deleteExchange(`${prefix}tq.delay.v1.${UNIT_MS}.enter.0`);
  await peer.channel.deleteQueue(`${prefix}tq.delay.v1.${UNIT_MS}.0`);
  const witness = new Witness();
  connection.addUser(witness);
  proxy.cut();
  await witness.until('up 2');
  expect(delays.ready(queue)).not.toBe(true);
  await delays.ready(queue);
  expect(await send(queue, UNIT_MS)).toBe('confirmed');
  expect(await receive(peer, queue, 1)).toHaveLength(1);
});
