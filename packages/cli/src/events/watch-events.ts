import {
  type App,
  ConsumeChannel,
  type Delivery,
  declare,
  eventsExchange,
  formatDuration,
  hasCode,
  type InboundMessage,
  internalsOf,
  type SubscriptionFacts,
  subscriptionInflow,
  type Topology,
  TqError,
  watcherQueue,
} from '@tq/core/internal';

/** What is watched: as a subscription says it, but for what concerns its handler. */
export type Watched = Pick<SubscriptionFacts, 'exchange' | 'keys' | 'headers' | 'match'>;

export interface WatchOptions {
  readonly app: App;
  readonly watched: Watched;
  /** Called with one event after the other; the next ones wait meanwhile. */
  readonly onEvent: (message: InboundMessage) => Promise<void> | void;
  /** Events come from now on: the first time, and after each loss. */
  readonly onAttached: () => void;
  /** How long the broker may take to be reached at first. */
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Events on their way to here, at most; the others wait in the broker. */
const PREFETCH = 100;
/** What no waiting mends, so that a person is told instead of kept. */
const HOPELESS = ['exchange-missing', 'queue-missing'] as const;
/** Beyond this the oldest go, so that who does not read on fills no broker. */
const MAX_LENGTH = 100_000;

/**
 * Gives the events that come while it runs, from a queue of its own that goes with its connection, and is there again with
 * the next one. Resolves once the signal is aborted; what was given until then is all.
 * @throws {TqError} at first: `declaration-conflict`, `exchange-missing`, `queue-missing` where the user may not declare,
 *   `connect-failed`
 */
export async function watchEvents(options: WatchOptions): Promise<void> {
  const { app, watched, onEvent, onAttached, connectTimeoutMs, signal } = options;
  const { runtime, broker, prefix } = internals(app);
  const queue = watcherQueue(prefix, runtime.newId());
  const topology = topologyOf(app, { ...watched, name: '', queue, format: 'json' });
  let turn: Promise<void> = Promise.resolve();
  let failed: ((error: unknown) => void) | undefined;
  let attached = false;
  const fail = (error: unknown) => failed?.(error);
  const channel = new ConsumeChannel({
    connection: broker.consuming,
    queue,
    prefetch: PREFETCH,
    exclusive: true,
    prepare: (link) =>
      declare(link.model, topology).catch((error: unknown) => {
        if (!attached && HOPELESS.some((code) => hasCode(error, code))) fail(error);
        throw error;
      }),
    onDelivery: (delivery) => {
      turn = turn.then(() => take(delivery)).catch(fail);
    },
    onAttached: () => {
      attached = true;
      onAttached();
    },
    onLost: () => undefined,
    runtime,
  });
  const take = async (delivery: Delivery) => {
    if (signal.aborted) return;
    await onEvent(delivery.message);
    delivery.ack();
  };
  const release = broker.consuming.hold();
  const unreachable = runtime.clock.setTimer(() => {
    const why = broker.consuming.lastError ?? channel.trouble;
    if (!attached) fail(notReached(broker.consuming.status.broker, connectTimeoutMs, why));
  }, connectTimeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      failed = reject;
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      channel.start().then(() => unreachable.cancel(), reject);
    });
  } finally {
    unreachable.cancel();
    await channel.close();
    release();
  }
}

/** A broker that is not there at the start may never be. */
function notReached(broker: string, limitMs: number, why: { readonly message: string } | undefined): TqError {
  const text = `No subscription on ${broker} within ${formatDuration(limitMs)}: ${why?.message ?? 'it does not answer'}`;
  return new TqError('connect-failed', text, { cause: why });
}

function internals(app: App) {
  const own = internalsOf(app);
  return { runtime: own.runtime, broker: own.broker(), prefix: own.options.prefix };
}

/** An exchange of the user's is declared where the app has it in its options; else it has to be there. */
function topologyOf(app: App, facts: SubscriptionFacts): Topology {
  const { options, topologyOfExchange } = declarationsOf(app);
  const { exchange, queue } = facts;
  const { exchanges, bindings } = subscriptionInflow(facts, queue, options.prefix);
  const isOwn = exchange === eventsExchange(options.prefix);
  const known = isOwn ? NOTHING : topologyOfExchange(exchange);
  const passive = known === undefined ? [{ name: exchange, type: 'topic', passive: true } as const] : [];
  const own = {
    name: queue,
    durable: false,
    exclusive: true,
    arguments: { 'x-queue-type': 'classic', 'x-max-length': MAX_LENGTH },
  };
  return {
    exchanges: [...(known?.exchanges ?? []), ...passive, ...exchanges],
    queues: [...(known?.queues ?? []), own],
    bindings: [...(known?.bindings ?? []), ...bindings],
  };
}

const NOTHING: Topology = { exchanges: [], queues: [], bindings: [] };

function declarationsOf(app: App) {
  const own = internalsOf(app);
  return { options: own.options, topologyOfExchange: (exchange: string) => own.topologyOfExchange(exchange) };
}
