import { expect, it } from 'vitest';
import { queueState } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { acks, bodyOf, consumer, frames, numbers, peer, queue, send, turn, useOneQueue } from './consumers.js';
import { METHOD } from './frame-proxy.js';

useOneQueue();

it('hands over what was sent, with its properties', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  expect([channel.attached, channel.queue]).toEqual([true, queue]);
  peer.channel.sendToQueue(queue, Buffer.from('body'), { correlationId: 'c1', headers: { a: 1 } });
  const [delivery] = await received(1);
  expect(delivery?.lease.alive).toBe(true);
  expect(delivery?.message).toMatchObject({
    properties: { correlationId: 'c1', headers: { a: 1 } },
    exchange: '',
    routingKey: queue,
    redelivered: false,
  });
  expect(bodyOf(delivery)).toBe('body');
});

it('acks all that one turn has settled with one frame', async () => {
  const { channel, received } = consumer(frames.url, { prefetch: 100 });
  await channel.start();
  send(...numbers(100));
  const deliveries = await received(100);
  for (const delivery of deliveries.slice(0, 60).reverse()) delivery.ack();
  await turn();
  for (const delivery of deliveries.slice(60)) delivery.ack();
  await channel.close();
  expect(acks()).toEqual([
    { tag: 60, multiple: true },
    { tag: 100, multiple: true },
  ]);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
});

it('acks nothing beyond a gap that is still open, and the rest when it closes', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  send(...numbers(4));
  const [one, two, three, four] = await received(4);
  for (const delivery of [one, three, four]) delivery?.ack();
  await turn();
  two?.ack();
  await channel.close();
  expect(acks()).toEqual([
    { tag: 1, multiple: true },
    { tag: 3, multiple: false },
    { tag: 4, multiple: false },
    { tag: 2, multiple: true },
  ]);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
});

it('gives one delivery back at once, and it comes again as redelivered', async () => {
  const { channel, received } = consumer(frames.url);
  await channel.start();
  send('a', 'b');
  const [first, second] = await received(2);
  first?.requeue();
  const [, , again] = await received(3);
  expect([bodyOf(again), again?.message.redelivered]).toEqual(['a', true]);
  second?.ack();
  again?.ack();
  await channel.close();
  expect(frames.sent('client', METHOD.basicNack)).toHaveLength(1);
  expect(await queueState(peer, queue)).toEqual({ messages: 0, consumers: 0 });
});

it('holds no more than its prefetch, also after it came back', async () => {
  await using proxy = await startProxy(frames.url);
  const { channel, received, lost, deliveries } = consumer(proxy.url, { prefetch: 2 });
  await channel.start();
  send(...numbers(5));
  await received(2);
  proxy.cut();
  const [, , third, fourth] = await received(4);
  expect([bodyOf(third), bodyOf(fourth)]).toEqual(['1', '2']);
  expect(lost).toEqual([2]);
  // A round trip after the deliveries: what the broker still wanted to send would be here.
  await channel.verify();
  expect(deliveries).toHaveLength(4);
  const prefetches = frames
    .sent('client', METHOD.basicQos)
    .map(({ rest }) => [rest.readUInt16BE(4), rest.readUInt8(6)]);
  // Count 2, and for each consumer, not for the channel.
  expect(prefetches).toEqual([
    [2, 0],
    [2, 0],
  ]);
});

it('a delivery of a channel that is gone settles nothing: its tag means another message now', async () => {
  await using proxy = await startProxy(frames.url);
  const { channel, received, runtime } = consumer(proxy.url);
  await channel.start();
  send('a', 'b');
  const [first, second] = await received(2);
  proxy.cut();
  const [, , again] = await received(4);
  const stops = () => runtime.lines.filter(({ message }) => message === 'consuming stopped; starting again');
  expect(stops()).toMatchObject([{ fields: { err: { message: 'its connection was lost' } } }]);
  expect([first?.lease.alive, again?.lease.alive, again?.message.redelivered]).toEqual([false, true, true]);
  first?.ack();
  second?.requeue();
  await turn();
  await channel.verify();
  expect(again?.lease.alive).toBe(true);
  expect([acks(), frames.sent('client', METHOD.basicNack)]).toEqual([[], []]);
  await channel.close();
  expect(await queueState(peer, queue)).toEqual({ messages: 2, consumers: 0 });
  expect(stops()).toHaveLength(1);
});

it('declares and consumes its queue again when somebody deletes it, and lets what it holds be settled', async () => {
  const { channel, received, lost, runtime } = consumer(frames.url);
  await channel.start();
  send('a');
  const [first] = await received(1);
  await peer.channel.deleteQueue(queue);
  const [warning] = await runtime.logged(({ message }) => message === 'consuming stopped; starting again');
  expect(warning?.fields).toMatchObject({ queue, err: { message: 'the consumer was cancelled by the broker' } });
  expect([first?.lease.alive, lost]).toEqual([true, []]);
  // Its queue is declared when it consumes.
  await frames.passed('client', METHOD.basicConsume, 2);
  send('b');
  const [, second] = await received(2);
  expect(bodyOf(second)).toBe('b');
  // The old channel goes with the last of its deliveries, and the new one stays.
  first?.ack();
  while (first?.lease.alive) await turn();
  expect([second?.lease.alive, channel.attached, acks()]).toEqual([true, true, [{ tag: 1, multiple: true }]]);
});

it('comes back when the broker closes its channel for a double ack, and loses nothing', async () => {
  const { channel, received, runtime, lost } = consumer(frames.url);
  await channel.start();
  send('a', 'b');
  const [first] = await received(2);
  first?.ack();
  await turn();
  first?.ack();
  const [warning] = await runtime.logged(({ message }) => message === 'consuming stopped; starting again');
  expect(String(warning?.fields.err)).toMatch(/406.*PRECONDITION_FAILED.*unknown delivery tag/);
  const [, , again] = await received(3);
  expect([bodyOf(again), again?.message.redelivered]).toEqual(['b', true]);
  expect(lost).toEqual([2]);
});

it('verify tells of a lost channel before its end has been read', async () => {
  await using proxy = await startProxy(frames.url);
  const { channel, received } = consumer(proxy.url);
  await channel.verify();
  await channel.start();
  send('a');
  const [delivery] = await received(1);
  await channel.verify();
  expect(delivery?.lease.alive).toBe(true);
  proxy.cut();
  expect(delivery?.lease.alive).toBe(true);
  await channel.verify();
  expect(delivery?.lease.alive).toBe(false);
});
