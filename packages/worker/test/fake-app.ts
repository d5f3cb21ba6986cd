/** An app whose broker is the test: it sees what is published, and says how that ended. */
import { type AppInternals, type PublishEnd, PublishError, type PublishRequest } from '@tq/core/internal';
import { ManualClock } from '@tq/core/testing';
import { testRuntime } from '../../core/test/test-runtime.js';

/** A publish that waits for its end. */
export interface Published {
  /** `exchange/routing key`. */
  readonly to: string;
  readonly body: string;
  readonly request: PublishRequest;
  readonly headers: Readonly<Record<string, unknown>>;
  end(how: PublishEnd['kind'] | PublishError['code']): void;
}

export interface FakeAppOptions {
  /** Written to in the order of what happens. */
  readonly log?: string[];
  readonly maxMessageBytes?: number;
  /** Resolved as passive declarations are: what amqplib says, or throws. */
  readonly look?: (queue: string) => Promise<unknown>;
  /** How a queue is declared. */
  readonly declare?: (queue: string) => Promise<unknown>;
}

/** Makes an app for the parts of a worker. */
export function fakeApp({
  log = [],
  maxMessageBytes = 100_000,
  look = async () => ({}),
  declare = async () => undefined,
}: FakeAppOptions = {}) {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const published: Published[] = [];
  const watchers = new Set<() => void>();
  /** Whether the broker's delays can be used; the test may change it. */
  const delayed: { ready: true | Promise<void> | Error } = { ready: true };
  const publisher = {
    blocked: false,
    dropAbandoned: () => undefined,
    publish: (request: PublishRequest) => {
      const to = `${request.exchange}/${request.routingKey}`;
      const end: Published['end'] = (how) => {
        log.push(`${how} ${to}`);
        request.onEnd(endOf(how));
      };
      const { properties, body } = request.message;
      published.push({ to, body: String(body), request, headers: properties.headers ?? {}, end });
      log.push(`publish ${to}`);
      for (const watch of [...watchers]) watch();
    },
  };
  const channel = {
    on: () => undefined,
    close: async () => undefined,
    checkQueue: (queue: string) => {
      log.push(`look ${queue}`);
      return look(queue);
    },
    assertExchange: async () => undefined,
    bindQueue: async () => undefined,
    assertQueue: (queue: string) => {
      log.push(`declare ${queue}`);
      return declare(queue);
    },
  };
  const publishing = { link: { epoch: 1, model: { createChannel: async () => channel } } as unknown };
  const delays = {
    ready: () => (delayed.ready instanceof Error ? Promise.reject(delayed.ready) : delayed.ready),
    route: (queue: string, delayMs: number) =>
      delayMs > 0 ? { exchange: 'delay', routingKey: `${delayMs}.${queue}` } : { exchange: '', routingKey: queue },
    forget: () => void log.push('forget delays'),
  };
  const chordQueues = {
    ready: (chords: readonly { queue: string }[]) => {
      for (const { queue } of chords) log.push(`declare ${queue}`);
      return true;
    },
  };
  const app = {
    options: { prefix: '', preset: 'tq', maxMessageBytes, delayUnit: 100, queueType: 'classic', chordExpires: 1_000 },
    runtime,
    broker: () => ({ publisher, publishing, consuming: undefined, delays, chordQueues }),
    topologyOf: (queue: string) => ({ exchanges: [], queues: [{ name: queue, arguments: {} }], bindings: [] }),
  } as unknown as AppInternals;
  /** Resolves with the publish of this number, from 0 on, past or to come. */
  const publish = (index: number) =>
    new Promise<Published>((resolve) => {
      const watch = () => {
        const found = published[index];
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
    });
  return { app, clock, runtime, log, published, publish, publisher, publishing, delayed };
}

function endOf(how: PublishEnd['kind'] | PublishError['code']): PublishEnd {
  switch (how) {
    case 'confirmed':
    case 'abandoned':
      return { kind: how };
    case 'returned':
      return { kind: how, code: 312, text: 'NO_ROUTE' };
    default:
      return { kind: 'failed', error: new PublishError(how as PublishError['code'], 'test') };
  }
}

/** Lets everything run that does not wait for the clock. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
}
