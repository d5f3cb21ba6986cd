import { expect, it } from 'vitest';
import type { Connection } from '../../src/broker/connection.js';
import type { Delays } from '../../src/broker/delays.js';
import type { PublishRequest } from '../../src/broker/outbox.js';
import type { PublishChannel } from '../../src/broker/publish-channel.js';
import { replyQueueTopology, type Topology } from '../../src/broker/topology.js';
import { BrokerTransport } from '../../src/producer/broker-transport.js';
import { Staging } from '../../src/producer/staging.js';
import { type Envelope, encodeEnvelope } from '../../src/protocol/envelope.js';
import type { Rpc } from '../../src/results/rpc.js';
import type { CallListener, OutgoingCall } from '../../src/results/transport.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Deadlines } from '../../src/time/deadlines.js';
import { testRuntime } from '../test-runtime.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const MISSING = Object.assign(new Error("NOT_FOUND - no queue 'q'"), { code: 404 });
const AWAY = Object.assign(new Error("NOT_FOUND - home node 'b@host' of durable queue 'q' is down"), { code: 404 });

/** The one exchange of the options. */
function exchangeOf(name: string): Topology | undefined {
  if (name !== 'mine') return undefined;
  return { exchanges: [{ name, type: 'topic' }], queues: [], bindings: [] };
}

/** A broker of one queue: passive looks answer what the test says. */
function setup() {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const deadlines = new Deadlines(clock, 1);
  const log: string[] = [];
  const published: PublishRequest[] = [];
  const state = {
    look: undefined as Error | undefined,
    declared: undefined as Error | undefined,
    rpcReady: true,
    delaysReady: true as true | Promise<void>,
    mute: false,
  };
  let consumed: () => void = () => undefined;
  const channel = {
    on: () => undefined,
    close: async () => undefined,
    checkQueue: async (queue: string) => {
      log.push(`look ${queue}`);
      if (state.mute) await new Promise(() => undefined);
      if (state.look !== undefined) throw state.look;
      return { messageCount: 3, consumerCount: 1 };
    },
    checkExchange: async (exchange: string) => void log.push(`look ${exchange}`),
    assertExchange: async (exchange: string) => {
      log.push(`declare ${exchange}`);
      if (state.declared !== undefined) throw state.declared;
    },
    assertQueue: async (queue: string) => {
      log.push(`declare ${queue}`);
      if (state.declared !== undefined) throw state.declared;
    },
  };
  const link = { epoch: 1, model: { createChannel: async () => channel } };
  const rpc = {
    caughtUp: async () => true,
    queue: 'replies',
    get ready() {
      return state.rpcReady;
    },
    start: () => new Promise<void>((resolve) => (consumed = resolve)),
    register: (id: string) => log.push(`register ${id}`),
    forget: (id: string) => log.push(`forget ${id}`),
  };
  const publisher = {
    publish: (request: PublishRequest) => {
      log.push(`publish ${request.routingKey}`);
      published.push(request);
    },
  };
  const delays = {
    ready: (end: unknown) => {
      log.push(`delays ready for ${JSON.stringify(end)}`);
      return state.delaysReady;
    },
    route: (end: unknown, delayMs: number) => ({ exchange: 'ladder', routingKey: `${JSON.stringify(end)} ${delayMs}` }),
    forget: () => log.push('delays forgotten'),
  };
  const topology = { ofQueue: replyQueueTopology, ofExchange: exchangeOf, isTransient: undefined };
  const transport = new BrokerTransport({
    connection: { whenOpen: async () => link, link, lastError: undefined } as unknown as Connection,
    publisher: publisher as unknown as PublishChannel,
    rpc: rpc as unknown as Rpc,
    staging: new Staging({ clock, deadlines, limits: { messages: 10, bytes: 1_000 }, hold: () => () => undefined }),
    runtime,
    delays: delays as unknown as Delays,
    topology,
    encode: encodeEnvelope,
  });
  const told: unknown[] = [];
  const listener: CallListener = {
    confirmed: () => told.push('confirmed'),
    failed: (error) => told.push(error),
    replied: () => told.push('replied'),
  };
  const envelope = { id: 'i1', task: 'fib', rootId: 'i1', parentId: undefined, priority: undefined } as const;
  const send = (more: Partial<Envelope> = {}, signal?: AbortSignal, way: Pick<OutgoingCall, 'eta' | 'target'> = {}) => {
    const call: OutgoingCall = {
      envelope: { ...envelope, ignoreResult: false, headers: undefined, bodyText: '[[30],{},{}]', ...more },
      queue: 'q',
      publishTimeoutMs: 1_000,
      signal,
      listener,
      ...way,
    };
    transport.send(call);
  };
  return { clock, runtime, log, published, state, transport, told, send, startConsuming: () => consumed() };
}

it('looks at a queue once, and registers the waiter before it publishes', async () => {
  const { log, send, published, told } = setup();
  send();
  await turn();
  send();
  expect(log).toEqual(['look q', 'register i1', 'publish q', 'register i1', 'publish q']);
  expect(published[0]).toMatchObject({
    exchange: '',
    routingKey: 'q',
    message: { properties: { replyTo: 'replies' } },
  });
  published[0]?.onEnd({ kind: 'confirmed' });
  expect(told).toEqual(['confirmed']);
});

it('waits until its reply queue is consumed, with what is then left of its time', async () => {
  const { clock, log, send, published, state, startConsuming } = setup();
  state.rpcReady = false;
  send();
  await turn();
  expect(log).toEqual(['look q']);
  clock.advance(400);
  startConsuming();
  await turn();
  expect(log).toEqual(['look q', 'register i1', 'publish q']);
  expect(published[0]?.timeoutMs).toBe(600);
});

it('a call without a result waits for no reply queue and names none', async () => {
  const { log, send, published, state } = setup();
  state.rpcReady = false;
  send({ ignoreResult: true });
  await turn();
  expect(log).toEqual(['look q', 'publish q']);
  expect(published[0]?.message.properties.replyTo).toBeUndefined();
});

it('declares the queue that is missing', async () => {
  const { log, send, state } = setup();
  state.look = MISSING;
  send();
  await turn();
  expect(log).toEqual(['look q', 'declare q', 'register i1', 'publish q']);
});

it('a declaration that is refused fails published and the result, and the next call looks again', async () => {
  const { log, send, state, told } = setup();
  state.look = MISSING;
  state.declared = Object.assign(new Error('access to queue refused'), { code: 403 });
  send();
  await turn();
  expect(told).toEqual([expect.objectContaining({ code: 'queue-missing' })]);
  expect(log).toEqual(['look q', 'declare q', 'forget i1']);
  state.look = undefined;
  send();
  await turn();
  expect(log.slice(3)).toEqual(['look q', 'register i1', 'publish q']);
});

it('waits for a queue whose node is away', async () => {
  const { clock, log, send, state, runtime } = setup();
  state.look = AWAY;
  send();
  await turn();
  expect(log).toEqual(['look q']);
  clock.advance(0);
  await turn();
  expect(log).toEqual(['look q', 'look q']);
  expect(runtime.lines.map(({ message }) => message)).toContain('cannot look at the destination yet; trying again');
  state.look = undefined;
  clock.advance(0);
  await turn();
  expect(log.slice(2)).toEqual(['look q', 'register i1', 'publish q']);
});

it('gives up on a queue that is away when the time of the call is over', async () => {
  const { clock, send, state, told, log } = setup();
  state.look = AWAY;
  send();
  await turn();
  clock.advance(1_000);
  await turn();
  expect(told).toEqual([expect.objectContaining({ code: 'publish-timeout', outcomeUnknown: false })]);
  const looks = log.length;
  clock.advance(60_000);
  await turn();
  expect(log.length).toBe(looks);
});

it('a returned call looks again and is published once more, and then it is unroutable', async () => {
  const { log, send, published, told, state } = setup();
  send();
  await turn();
  state.look = MISSING;
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.slice(3)).toEqual(['look q', 'declare q', 'register i1', 'publish q']);
  expect(published[1]?.message).toEqual(published[0]?.message);
  published[1]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  expect(told).toEqual([
    expect.objectContaining({ code: 'unroutable', message: expect.stringContaining('312 NO_ROUTE') }),
  ]);
  expect(log.at(-1)).toBe('forget i1');
});

it('a failed publish reaches the listener, and its waiter is forgotten', async () => {
  const { log, send, published, told } = setup();
  send();
  await turn();
  const error = Object.assign(new Error('nacked'), { code: 'publish-nacked' });
  published[0]?.onEnd({ kind: 'failed', error: error as never });
  expect(told).toEqual([error]);
  expect(log.at(-1)).toBe('forget i1');
});

it('asks the broker once for all who want to know at the same time, and anew for who comes later', async () => {
  const { log, transport } = setup();
  const looks = () => log.filter((line) => line === 'look q').length;
  const answers = await Promise.all([transport.queueStatus('q'), transport.queueStatus('q')]);
  expect(answers).toEqual([answers[0], answers[0]]);
  expect(looks()).toBe(1);
  await transport.queueStatus('q');
  expect(looks()).toBe(2);
});

it('tells what the broker says of a queue, and nothing when it does not answer in time', async () => {
  const { clock, transport, state } = setup();
  expect(await transport.queueStatus('q')).toEqual({ messages: 3, consumers: 1, caughtUp: true });
  state.look = MISSING;
  expect(await transport.queueStatus('q')).toEqual({ messages: 0, consumers: 0, caughtUp: true });
  state.mute = true;
  const asked = transport.queueStatus('q');
  clock.advance(2_000);
  expect(await asked).toBeUndefined();
});

it('a delayed call waits for the ladder alone, and its delay is what is left when it is written', async () => {
  const { clock, log, send, published, state } = setup();
  let done: () => void = () => undefined;
  state.delaysReady = new Promise((resolve) => {
    done = resolve;
  });
  send({}, undefined, { eta: clock.wallTime() + 500 });
  expect(log).toEqual(['delays ready for "q"']);
  clock.advance(100);
  done();
  await turn();
  expect(published[0]?.routeNow?.()).toEqual({ exchange: 'ladder', routingKey: '"q" 400' });
  clock.advance(150);
  expect(published[0]?.routeNow?.()).toEqual({ exchange: 'ladder', routingKey: '"q" 250' });
  clock.advance(250);
  expect(published[0]?.routeNow?.()).toEqual({ exchange: '', routingKey: 'q' });
});

it('a call whose eta is past looks at its queue as others do', async () => {
  const { clock, log, send, published } = setup();
  send({}, undefined, { eta: clock.wallTime() });
  await turn();
  expect(log).toEqual(['look q', 'register i1', 'publish ']);
  expect(published[0]?.routeNow?.()).toEqual({ exchange: '', routingKey: 'q' });
});

it('a delayed call that is returned prepares the delays anew and is published once more', async () => {
  const { clock, log, send, published, told } = setup();
  send({}, undefined, { eta: clock.wallTime() + 500 });
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.filter((line) => line.startsWith('delays'))).toEqual([
    'delays ready for "q"',
    'delays forgotten',
    'delays ready for "q"',
  ]);
  published[1]?.onEnd({ kind: 'returned', code: 404, text: 'NOT_FOUND' });
  expect([published.length, told]).toEqual([2, [expect.objectContaining({ code: 'unroutable' })]]);
});

it('a call to an exchange looks at nothing, and one that it brings nowhere is not published again', async () => {
  const { clock, log, send, published, told } = setup();
  const target = { exchange: 'events', routingKey: 'k' };
  send({}, undefined, { target });
  expect(log).toEqual(['register i1', 'publish k']);
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  send({}, undefined, { target });
  published[1]?.onEnd({ kind: 'returned', code: 404, text: "no exchange 'events'" });
  expect(told).toEqual([
    expect.objectContaining({ code: 'unroutable', fields: target }),
    expect.objectContaining({ code: 'exchange-missing', fields: target }),
  ]);
  send({}, undefined, { target, eta: clock.wallTime() + 10 });
  expect(published[2]?.routeNow?.()).toEqual({ exchange: 'ladder', routingKey: `${JSON.stringify(target)} 10` });
});

it('a call to an exchange of the options looks once, and one that it brings nowhere declares it and is published once more', async () => {
  const { log, send, published, told } = setup();
  const way = { target: { exchange: 'mine', routingKey: 'k' } };
  send({}, undefined, way);
  await turn();
  send({}, undefined, way);
  expect(log).toEqual(['look mine', 'register i1', 'publish k', 'register i1', 'publish k']);
  published[0]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  await turn();
  expect(log.slice(5)).toEqual(['declare mine', 'register i1', 'publish k']);
  published[2]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
  expect(told).toEqual([expect.objectContaining({ code: 'unroutable' })]);
});

it('a caller who may not declare the exchange is told that it leads nowhere', async () => {
  const { send, published, state, told } = setup();
  state.declared = Object.assign(new Error('access to exchange refused'), { code: 403 });
  send({}, undefined, { target: { exchange: 'mine', routingKey: 'k' } });
  await turn();
  for (const at of [0, 1]) {
    published[at]?.onEnd({ kind: 'returned', code: 312, text: 'NO_ROUTE' });
    await turn();
  }
  expect(told).toEqual([expect.objectContaining({ code: 'unroutable' })]);
});
