import { type App, type AppOptions, createApp } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import { createWorker } from '@tq/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, type Peer, queueState, receive, takeAll } from '../support/broker.js';
import type * as tasks from './fixtures/tasks.js';
import { openApp, rejection, silentLogger } from './fixtures/test-app.js';

const MODULE = new URL('fixtures/tasks.js', import.meta.url);
const PERSISTENT = 2;
const TRANSIENT = 1;

let peer: Peer;

beforeAll(async () => {
  peer = await openPeer();
});

afterAll(() => peer.close());

const echo = (app: App) => app.declareTask<typeof tasks.echo>('echo', { ignoreResult: true });

/** What a queue holds, as texts of the tasks' arguments. */
async function heldIn(queue: string): Promise<string[]> {
  return (await takeAll(peer, queue)).map(({ content }) => JSON.parse(String(content))[0][0]);
}

const NETWORK = {
  exchanges: {
    logs: { type: 'topic', alternate: 'unread' },
    unread: { type: 'fanout' },
    alarms: { type: 'headers', internal: true, bindings: [{ exchange: 'logs', key: '#' }] },
  },
  queues: {
    errors: { bindings: [{ exchange: 'logs', key: ['*.error', 'kernel.#'] }] },
    pager: { bindings: [{ exchange: 'alarms', headers: { severity: 'high', host: null } }] },
    either: { bindings: [{ exchange: 'alarms', headers: { severity: 'high', host: 'a' }, match: 'any' }] },
    rest: { bindings: [{ exchange: 'unread' }] },
  },
} satisfies AppOptions;

describe('a call to an exchange of the options', () => {
  it('declares it with all that it leads to, and goes by keys, by headers and by the alternate', async () => {
    const { alarms: _, ...exchanges } = NETWORK.exchanges;
    await using test = openApp(NETWORK);
    await using plain = openApp({ exchanges, queues: { rest: NETWORK.queues.rest } });
    const send = (app: App, text: string, routingKey: string, headers = {}) =>
      echo(app).apply([text], { exchange: 'logs', routingKey, headers }).published;
    await send(test.app, 'disk', 'disk.error');
    await send(test.app, 'panic', 'kernel.cpu.0', { severity: 'high', host: 'b' });
    await send(test.app, 'low', 'kernel', { severity: 'low', host: 'a' });
    await send(plain.app, 'calm', 'disk.info');

    expect(await heldIn(`${test.prefix}errors`)).toEqual(['disk', 'panic', 'low']);
    expect(await heldIn(`${test.prefix}pager`)).toEqual(['panic']);
    expect(await heldIn(`${test.prefix}either`)).toEqual(['panic', 'low']);
    expect(await heldIn(`${plain.prefix}rest`)).toEqual(['calm']);
  });

  it('is published again when a binding or the exchange was deleted meanwhile, and is unroutable when that does not help', async () => {
    await using test = openApp({
      exchanges: { direct: { type: 'direct' } },
      queues: { q: { bindings: [{ exchange: 'direct', key: 'k' }] } },
    });
    const [queue, exchange] = [`${test.prefix}q`, `${test.prefix}direct`];
    const send = (text: string, routingKey: string) =>
      echo(test.app).apply([text], { exchange: 'direct', routingKey }).published;
    await send('first', 'k');
    await peer.channel.unbindQueue(queue, exchange, 'k');
    await send('unbound', 'k');
    await peer.channel.deleteExchange(exchange);
    await send('no exchange', 'k');
    await peer.channel.deleteQueue(queue);
    await send('no queue', 'k');
    expect(await heldIn(queue)).toEqual(['no queue']);
    expect(await rejection(send('nobody', 'other'))).toMatchObject({
      code: 'unroutable',
      message: expect.stringContaining(`'${exchange}' brings the key 'other' to no queue`),
    });
  });

  it('arrives after its delay, though nobody has declared the exchange before', async () => {
    await using test = openApp({
      delayUnit: 10,
      exchanges: { fan: { type: 'fanout' } },
      queues: { q: { bindings: [{ exchange: 'fan' }] } },
    });
    await echo(test.app).apply(['late'], { exchange: 'fan', countdown: 10 }).published;
    const [message] = await receive(peer, `${test.prefix}q`, 1);
    expect(JSON.parse(String(message?.content))[0]).toEqual(['late']);
  });

  it('is refused where the exchange takes no calls, and where others are to declare it and have not', async () => {
    await using test = openApp({
      exchanges: { inner: { type: 'fanout', internal: true }, theirs: { type: 'topic', declare: 'passive' } },
    });
    const send = (exchange: string) => echo(test.app).apply(['x'], { exchange, routingKey: 'k' }).published;
    expect(await rejection(send('inner'))).toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/is internal.*publish to one that leads to it/),
    });
    expect(await rejection(send('theirs'))).toMatchObject({ code: 'exchange-missing' });
    await peer.channel.assertExchange(`${test.prefix}theirs`, 'fanout', { durable: false });
    expect(await rejection(send('theirs'))).toMatchObject({ code: 'unroutable' });
  });
});

describe('a queue that others declare', () => {
  it('is missing at once for a caller, and nothing is declared in its place', async () => {
    await using test = openApp({ queues: { theirs: { declare: 'passive' } } });
    const queue = `${test.prefix}theirs`;
    const send = () => echo(test.app).apply(['x'], { queue: 'theirs' }).published;
    expect(await rejection(send())).toMatchObject({
      code: 'queue-missing',
      message: expect.stringMatching(/no queue '.*theirs'.*leave it to others/),
    });
    expect(await queueState(peer, `${queue}.dead`)).toBeUndefined();
    await peer.channel.assertQueue(queue, { durable: false, maxLength: 3 });
    await send();
    expect(await heldIn(queue)).toEqual(['x']);
    await peer.channel.deleteQueue(queue);
    expect(await rejection(send())).toMatchObject({ code: 'queue-missing' });
  });

  it('is waited for by a worker, which says so, and then used as it is, dead letters and retries included', async () => {
    await using test = openApp({ queues: { theirs: { declare: 'passive', durable: false } } });
    const queue = `${test.prefix}theirs`;
    let warn: (text: string) => void = () => undefined;
    const warned = new Promise<string>((resolve) => {
      warn = resolve;
    });
    const logger = { ...silentLogger, warn: ({ err }: { err?: Error }) => warn(String(err?.message)) };
    const worker = createWorker(test.app, { tasks: [MODULE], queues: ['theirs'], concurrency: 1, logger });
    const started = worker.start();
    expect(await warned).toMatch(/no queue '.*theirs'/);
    expect(worker.health()).toMatchObject({
      healthy: false,
      state: 'starting',
      queues: [{ attached: false, error: expect.stringMatching(/no queue '.*theirs'/) }],
    });
    const own = { durable: false, autoDelete: false, arguments: { 'x-max-length': 7 } };
    await peer.channel.assertQueue(queue, own);
    await started;

    const theirs = test.app.declareTask<typeof tasks.echo>('echo', { queue: 'theirs' });
    expect(await theirs.delay('hello').get()).toBe('hello');
    const fail = test.app.declareTask<typeof tasks.fail>('fail', {
      queue: 'theirs',
      retry: { maxRetries: 1, delay: 10 },
    });
    expect(await rejection(fail.delay('no').get())).toMatchObject({ code: 'task-failed' });
    const [dead] = await receive(peer, `${queue}.dead`, 1);
    expect(dead?.properties.headers).toMatchObject({ task: 'fail', 'tq-dead-reason': 'failed', retries: 1 });
    await worker.stop();
    await peer.channel.assertQueue(queue, own);
  });
});

it('a worker declares the exchanges that its queues get messages from, for callers that know nothing of them', async () => {
  await using test = openApp(NETWORK);
  const worker = createWorker(test.app, { tasks: [MODULE], queues: ['errors'], concurrency: 1, logger: silentLogger });
  await worker.start();
  await using caller = createApp({ url: brokerUrl(), prefix: test.prefix, queueType: 'classic', logger: silentLogger });
  const result = caller
    .declareTask<typeof tasks.echo>('echo')
    .apply(['routed'], { exchange: 'logs', routingKey: 'disk.error' });
  expect(await result.get()).toBe('routed');
  await worker.stop();
});

it('messages to what does not outlive the broker need not either, and all others are kept', async () => {
  await using test = openApp({
    delayUnit: 10,
    exchanges: { gauges: { type: 'topic', durable: false } },
    queues: {
      gauges: { durable: false, bindings: [{ exchange: 'gauges', key: '#' }] },
      kept: {},
    },
  });
  const task = echo(test.app);
  await task.apply(['queue'], { queue: 'gauges' }).published;
  await task.apply(['exchange'], { exchange: 'gauges', routingKey: 'a' }).published;
  await task.apply(['kept'], { queue: 'kept' }).published;
  const modes = async (queue: string, count: number) =>
    (await receive(peer, `${test.prefix}${queue}`, count)).map(({ properties }) => properties.deliveryMode);
  expect(await modes('gauges', 2)).toEqual([TRANSIENT, TRANSIENT]);
  expect(await modes('kept', 1)).toEqual([PERSISTENT]);
  await task.apply(['waits'], { queue: 'gauges', countdown: 10 }).published;
  expect(await modes('gauges', 1)).toEqual([PERSISTENT]);
});

it('a full queue refuses or drops as it is told, and what it drops or holds too long is a dead letter', async () => {
  await using test = openApp({
    queues: {
      refusing: { maxLength: 1, overflow: 'reject-publish' },
      dropping: { maxLength: 1, overflow: 'drop-head' },
      expiring: { messageTtl: 1 },
    },
  });
  const send = (queue: string, text: string) => echo(test.app).apply([text], { queue }).published;
  await send('refusing', 'one');
  expect(await rejection(send('refusing', 'two'))).toMatchObject({ code: 'publish-nacked' });
  await send('dropping', 'one');
  await send('dropping', 'two');
  await send('expiring', 'late');
  const reasonOf = async (queue: string) => {
    const [message] = await receive(peer, `${test.prefix}${queue}.dead`, 1);
    return message?.properties.headers?.['x-death']?.[0]?.reason;
  };
  expect(await reasonOf('dropping')).toBe('maxlen');
  expect(await reasonOf('expiring')).toBe('expired');
});

describe('all that an app declares', () => {
  const QUEUES = {
    bare: { declare: 'bare', maxLength: 5 },
    quorum: { type: 'quorum', maxLength: 5, maxLengthBytes: '1mb', messageTtl: '1h', deliveryLimit: 7 },
    single: { type: 'quorum', singleActiveConsumer: true, expires: '1h', overflow: 'drop-head' },
    classic: { maxPriority: 5, overflow: 'reject-publish-dlx', maxLength: 5, arguments: { 'x-queue-mode': 'lazy' } },
    short: { durable: false, autoDelete: true, singleActiveConsumer: true },
  } satisfies AppOptions['queues'];

  it('is taken by the broker, once and again', async () => {
    await using test = openApp({ ...NETWORK, queues: { ...NETWORK.queues, ...QUEUES } });
    test.app.event('orders.created');
    const topology = internalsOf(test.app).declaredTopology();
    await declare(peer.connection, topology);
    await declare(peer.connection, topology);
    for (const { name } of topology.exchanges) await peer.channel.checkExchange(name);
    expect(topology.exchanges.map(({ name }) => name)).toContain(`${test.prefix}tq.events`);
    // Exactly this: another argument, or one less, would be refused.
    await peer.channel.assertQueue(`${test.prefix}bare`, { durable: true, arguments: { 'x-max-length': 5 } });
  });

  it.each([
    ['classic', { declare: 'bare', arguments: { 'x-dead-letter-routing-key': 'k' } }],
    ['quorum', { type: 'quorum', arguments: { 'x-queue-mode': 'lazy' } }],
  ] as const)('is refused with its reason where no broker takes it: a %s queue', async (_, odd) => {
    await using test = openApp({ queues: { odd } });
    const refused = {
      code: 'invalid-option',
      message: expect.stringMatching(/does not take the queue '.*odd' as the app's options have it.*invalid arg/),
    };
    expect(await rejection(echo(test.app).apply(['x'], { queue: 'odd' }).published)).toMatchObject(refused);
    const worker = createWorker(test.app, { tasks: [MODULE], queues: ['odd'], logger: silentLogger });
    expect(await rejection(worker.start())).toMatchObject(refused);
  });
});
