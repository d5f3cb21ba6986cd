import { ChordQueues } from '../../src/broker/chord-queues.js';
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

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
export const MISSING = Object.assign(new Error("NOT_FOUND - no queue 'q'"), { code: 404 });
export const AWAY = Object.assign(new Error("NOT_FOUND - home node 'b@host' of durable queue 'q' is down"), {
  code: 404,
});

/** The one exchange of the options. */
export function exchangeOf(name: string): Topology | undefined {
  if (name !== 'mine') return undefined;
  return { exchanges: [{ name, type: 'topic' }], queues: [], bindings: [] };
}

type Way = Pick<OutgoingCall, 'eta' | 'target' | 'chords' | 'followers'>;

/** A broker of one queue: passive looks answer what the test says. */
export function setup() {
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
    /** What the next declarations of queues wait for. */
    gate: undefined as Promise<void> | undefined,
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
      await state.gate;
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
  const connection = { whenOpen: async () => link, link, lastError: undefined } as unknown as Connection;
  const transport = new BrokerTransport({
    connection,
    publisher: publisher as unknown as PublishChannel,
    rpc: rpc as unknown as Rpc,
    staging: new Staging({ clock, deadlines, limits: { messages: 10, bytes: 1_000 }, hold: () => () => undefined }),
    runtime,
    delays: delays as unknown as Delays,
    prefix: '',
    chordQueues: new ChordQueues({ connection, runtime }),
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
  const send = (more: Partial<Envelope> = {}, signal?: AbortSignal, way: Way = {}) => {
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
