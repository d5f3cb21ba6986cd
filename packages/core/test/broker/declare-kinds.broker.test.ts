import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshPrefix, openPeer, type Peer, queueState, takeAll } from '../../../../test/support/broker.js';
import { declare } from '../../src/broker/declare.js';
import type { Topology } from '../../src/broker/topology.js';

let peer: Peer;

beforeAll(async () => {
  peer = await openPeer();
});

afterAll(() => peer.close());

const NOTHING: Topology = { exchanges: [], queues: [], bindings: [] };

it('declares exchanges of every kind, bound to queues and to each other, by keys and by headers', async () => {
  const prefix = freshPrefix();
  const name = (of: string) => prefix + of;
  const topology: Topology = {
    exchanges: [
      { name: name('lost'), type: 'fanout' },
      { name: name('topic'), type: 'topic', alternate: name('lost') },
      { name: name('headers'), type: 'headers', internal: true },
      { name: name('direct'), type: 'direct', durable: false, arguments: { 'x-note': 'kept' } },
    ],
    queues: ['red', 'any', 'lost', 'direct'].map((queue) => ({ name: name(queue), arguments: {} })),
    bindings: [
      { exchange: name('topic'), to: name('headers'), routingKey: 'car.#' },
      {
        exchange: name('headers'),
        queue: name('red'),
        routingKey: '',
        arguments: { 'x-match': 'all', colour: 'red', seats: 2 },
      },
      {
        exchange: name('headers'),
        queue: name('any'),
        routingKey: '',
        arguments: { 'x-match': 'any', colour: 'red', seats: 2 },
      },
      { exchange: name('lost'), queue: name('lost'), routingKey: '' },
      { exchange: name('direct'), queue: name('direct'), routingKey: 'here' },
    ],
  };
  await declare(peer.connection, topology);
  await declare(peer.connection, topology);

  const channel = await peer.connection.createConfirmChannel();
  const send = (exchange: string, key: string, headers: object, text: string) =>
    channel.publish(name(exchange), key, Buffer.from(text), { headers });
  send('topic', 'car.new', { colour: 'red', seats: 2 }, 'red coupé');
  send('topic', 'car.new', { colour: 'red', seats: 5 }, 'red saloon');
  send('topic', 'bus', { colour: 'red' }, 'bus');
  send('direct', 'here', {}, 'here');
  await channel.waitForConfirms();
  await channel.close();

  const taken = async (queue: string) => (await takeAll(peer, name(queue))).map(({ content }) => String(content));
  expect(await taken('red')).toEqual(['red coupé']);
  expect(await taken('any')).toEqual(['red coupé', 'red saloon']);
  expect(await taken('lost')).toEqual(['bus']);
  expect(await taken('direct')).toEqual(['here']);
});

it('an exclusive queue is gone with the connection that declared it, and refuses every other meanwhile', async () => {
  const name = `${freshPrefix()}own`;
  const queues = [{ name, arguments: {}, durable: false, exclusive: true }];
  {
    await using owner = await openPeer();
    await declare(owner.connection, { ...NOTHING, queues });
    await expect(declare(peer.connection, { ...NOTHING, queues })).rejects.toMatchObject({ code: 405 });
  }
  expect(await queueState(peer, name)).toBeUndefined();
});

it('uses what others have declared as it is, and declares nothing where that is missing', async () => {
  const prefix = freshPrefix();
  const [queue, exchange, own] = [`${prefix}q`, `${prefix}e`, `${prefix}own`];
  const topology: Topology = {
    exchanges: [{ name: exchange, type: 'topic', passive: true }],
    queues: [
      { name: own, arguments: {} },
      { name: queue, arguments: { 'x-max-priority': 3 }, passive: true },
    ],
    bindings: [{ exchange, queue, routingKey: '' }],
  };
  await expect(declare(peer.connection, topology)).rejects.toMatchObject({
    code: 'exchange-missing',
    message: expect.stringMatching(/no exchange '.*e'.*others.*passive/),
  });
  await peer.channel.assertExchange(exchange, 'fanout');
  await expect(declare(peer.connection, topology)).rejects.toMatchObject({
    code: 'queue-missing',
    fields: { name: queue },
  });
  expect(await queueState(peer, own)).toBeUndefined();

  await peer.channel.assertQueue(queue, { durable: true, arguments: { 'x-max-length': 7 } });
  await declare(peer.connection, topology);
  peer.channel.publish(exchange, 'any', Buffer.from('through'));
  expect((await takeAll(peer, queue)).map(({ content }) => String(content))).toEqual(['through']);
});
