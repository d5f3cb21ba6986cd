import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, takeAll } from '../../../../test/support/broker.js';
import { type CuttingProxy, startProxy } from '../../../../test/support/cutting-proxy.js';
import { Connection } from '../../src/broker/connection.js';
import type { PublishEnd, PublishRequest } from '../../src/broker/outbox.js';
import { PublishChannel } from '../../src/broker/publish-channel.js';
import { Deadlines } from '../../src/time/deadlines.js';
import { testRuntime } from '../test-runtime.js';

let proxy: CuttingProxy;
let peer: Peer;
let connection: Connection;
let publisher: PublishChannel;
let queue: string;

beforeEach(async () => {
  [proxy, peer] = await Promise.all([startProxy(brokerUrl()), openPeer()]);
  const runtime = testRuntime();
  connection = new Connection({ urls: [proxy.url], role: 'test', heartbeatS: 10, connectTimeoutMs: 5_000, runtime });
  publisher = new PublishChannel({
    connection,
    runtime,
    deadlines: new Deadlines(runtime.clock),
    limits: { messages: 10_000, bytes: 10_000_000 },
    window: 100,
    maxMessageBytes: 10_000_000,
  });
  queue = `${freshPrefix()}q`;
});

afterEach(async () => {
  publisher.close();
  await connection.close();
  await Promise.all([proxy.stop(), peer.close()]);
});

/** The end of one publish to the queue, body and correlation id alike. */
function publish(body: string, more: Partial<PublishRequest> = {}): Promise<PublishEnd> {
  return new Promise((onEnd) => {
    publisher.publish({
      exchange: '',
      routingKey: queue,
      message: { properties: { correlationId: body, deliveryMode: 2 }, body: Buffer.from(body) },
      timeoutMs: undefined,
      onEnd,
      ...more,
    });
  });
}

const codeOf = (end: PublishEnd) => (end.kind === 'failed' ? end.error.code : end.kind);

async function stored(): Promise<string[]> {
  return (await takeAll(peer, queue)).map(({ content }) => String(content));
}

it('a confirmed message is in its queue, all in order', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  const bodies = Array.from({ length: 300 }, (_, index) => `${index}`);
  const ends = await Promise.all(bodies.map((body) => publish(body)));
  expect(new Set(ends.map(codeOf))).toEqual(new Set(['confirmed']));
  expect(await stored()).toEqual(bodies);
});

it('a message without a queue is returned, and its neighbours are not', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  const ends = await Promise.all([publish('a'), publish('lost', { routingKey: `${queue}.none` }), publish('b')]);
  expect(ends).toEqual([
    { kind: 'confirmed' },
    { kind: 'returned', code: 312, text: 'NO_ROUTE' },
    { kind: 'confirmed' },
  ]);
});

it('a full queue that refuses is an error that says so', async () => {
  const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  await peer.channel.assertQueue(queue, { durable: true, arguments: args });
  expect(codeOf(await publish('fits'))).toBe('confirmed');
  expect(await publish('too many')).toMatchObject({
    kind: 'failed',
    error: { code: 'publish-nacked', outcomeUnknown: false, message: expect.stringContaining(`'${queue}'`) },
  });
});

it('returns the message to an exchange that is missing, and publishes its neighbours', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  const exchange = `${queue}.none`;
  const ends = await Promise.all(
    ['a', 'b', 'bad', 'c', 'd'].map((body) => publish(body, body === 'bad' ? { exchange } : {})),
  );
  expect(ends.map(codeOf)).toEqual(['confirmed', 'confirmed', 'returned', 'confirmed', 'confirmed']);
  expect(ends[2]).toMatchObject({ code: 404, text: expect.stringMatching(/NOT_FOUND.*no exchange/) });
  // Those before it may have arrived twice: they were on the channel that was closed.
  expect([...new Set(await stored())]).toEqual(['a', 'b', 'c', 'd']);
});

it('fails the message whose headers AMQP cannot carry, and publishes its neighbours', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  const headers = { big: 'x'.repeat(100_000) };
  const message = { properties: { headers }, body: Buffer.from('bad') };
  const ends = await Promise.all([publish('a'), publish('bad', { message }), publish('b')]);
  expect(ends.map(codeOf)).toEqual(['confirmed', 'unserialisable', 'confirmed']);
  expect(await stored()).toEqual(['a', 'b']);
});

it('publishes all of it over a cut in the middle, with the same ids', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  const bodies = Array.from({ length: 800 }, (_, index) => `${index}`);
  let confirmed = 0;
  const ends = bodies.map((body) =>
    publish(body).then((end) => {
      if (++confirmed === 300) proxy.cut();
      return codeOf(end);
    }),
  );
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['confirmed']));
  const ids = (await takeAll(peer, queue)).map(({ properties }) => properties.correlationId as string);
  expect([...new Set(ids)]).toEqual(bodies);
  // What was on the wire is there twice at most: the window.
  expect(ids.length - bodies.length).toBeLessThanOrEqual(100);
});

it('a broker that is away gets it all when it is back', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  expect(codeOf(await publish('before'))).toBe('confirmed');
  proxy.refuse();
  const gone = once(proxy.events, 'closed');
  proxy.cut();
  await gone;
  const ends = ['a', 'b', 'c'].map((body) => publish(body));
  await proxy.accept();
  expect((await Promise.all(ends)).map(codeOf)).toEqual(['confirmed', 'confirmed', 'confirmed']);
  expect(await stored()).toEqual(['before', 'a', 'b', 'c']);
});

it('a publish while the connection is being closed waits for its end and does not turn in a circle', async () => {
  await peer.channel.assertQueue(queue, { durable: true });
  expect(codeOf(await publish('before'))).toBe('confirmed');
  const closing = connection.close();
  const end = publish('during');
  await closing;
  publisher.close();
  expect(await end).toMatchObject({ kind: 'failed', error: { code: 'closed', outcomeUnknown: false } });
});
