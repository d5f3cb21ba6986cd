import type { AppTopology } from '../broker/app-topology.js';
import type { Connection, Link } from '../broker/connection.js';
import { declare, ensureExchange, ensureQueue, exchangeMissing, isAccessRefused } from '../broker/declare.js';
import type { Route } from '../broker/delay-ladder.js';
import type { Delays } from '../broker/delays.js';
import type { Topology } from '../broker/topology.js';
import { PublishError, TqError, toError } from '../errors.js';
import type { OutgoingCall } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';

export interface DestinationsOptions {
  readonly connection: Connection;
  readonly delays: Delays;
  readonly runtime: Runtime;
  /** What a queue or an exchange is to be when it does not exist yet. */
  readonly topology: Pick<AppTopology, 'ofQueue' | 'ofExchange'>;
  /** False when nobody waits for a queue any more. */
  readonly wanted: () => boolean;
}

/** Where something goes: to a queue, or to an exchange instead; at a time, or at once. */
export type Destination = Pick<OutgoingCall, 'queue' | 'target' | 'eta'>;

type Readiness = true | Promise<void>;

const RETRY = { baseMs: 100, maxMs: 2_000 };
const NOT_FOUND = 404;

/**
 * Where calls go: to a queue, to an exchange of the user's, or into the ladder of delays and from there to either. What
 * has to be there is looked at once.
 */
export class Destinations {
  readonly #options: DestinationsOptions;
  /** Queues that were there when they were looked at, and looks that are under way. */
  readonly #queues = new Map<string, Readiness>();
  /** The same of exchanges that the app declares. */
  readonly #exchanges = new Map<string, Readiness>();

  constructor(options: DestinationsOptions) {
    this.#options = options;
  }

  /** What the call needs is on the broker: true when that is known. */
  ready(call: Destination): Readiness {
    const { delays } = this.#options;
    if (call.eta !== undefined && this.#delayOf(call.eta) > 0) return delays.ready(this.#endOf(call));
    if (call.target !== undefined) return this.#exchangeReady(call.target.exchange);
    return this.#queues.get(call.queue) ?? this.#ensure(this.#queues, call.queue, ensureQueueOf);
  }

  /**
   * Where to publish the call now.
   * @throws {TqError} `invalid-option` for a delay that is longer than the ladder
   */
  route(call: Destination): Route {
    const delayMs = call.eta === undefined ? 0 : this.#delayOf(call.eta);
    if (delayMs > 0) return this.#options.delays.route(this.#endOf(call), delayMs);
    return call.target ?? { exchange: '', routingKey: call.queue };
  }

  /**
   * The broker had no queue for the call, since something was deleted since it was looked at, or its node is away; or a
   * configured exchange lacks its bindings.
   * @returns what another try has to wait for; undefined when there is none, since nothing that the app declares is missing
   */
  missed(call: Destination): Readiness | undefined {
    if (call.eta !== undefined) this.#options.delays.forget();
    else if (call.target !== undefined) return this.#exchangeMissed(call.target.exchange);
    this.#queues.delete(call.queue);
    return this.ready(call);
  }

  /** An exchange that the app does not declare is the broker's to find. */
  #exchangeReady(exchange: string): Readiness {
    const known = this.#exchanges.get(exchange);
    if (known !== undefined) return known;
    if (this.#options.topology.ofExchange(exchange) === undefined) return true;
    return this.#ensure(this.#exchanges, exchange, ensureExchangeOf);
  }

  #exchangeMissed(exchange: string): Readiness | undefined {
    if (this.#options.topology.ofExchange(exchange) === undefined) return undefined;
    const known = this.#exchanges.get(exchange);
    return known instanceof Promise ? known : this.#ensure(this.#exchanges, exchange, declareExchangeOf);
  }

  /** The queue at the end of a delay. */
  #endOf({ queue, target }: Destination): string | Route {
    return target ?? queue;
  }

  #delayOf(eta: number): number {
    return eta - this.#options.runtime.clock.wallTime();
  }

  #ensure(places: Map<string, Readiness>, name: string, ensure: Ensure): Promise<void> {
    const looking = this.#ensureUntilDone(name, ensure).then(
      () => {
        places.set(name, true);
      },
      (error: unknown) => {
        places.delete(name);
        throw error;
      },
    );
    places.set(name, looking);
    return looking;
  }

  /** Tries again over lost connections and nodes that are away; what no waiting mends rejects. */
  async #ensureUntilDone(name: string, ensure: Ensure): Promise<void> {
    const { connection, topology, runtime, wanted } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const link = await connection.whenOpen();
      try {
        return await ensure(link.model, name, topology);
      } catch (thrown) {
        if (thrown instanceof TqError || !wanted()) throw thrown;
        runtime.logger.warn(
          { destination: name, err: toError(thrown) },
          'cannot look at the destination yet; trying again',
        );
        const wait = fullJitter(attempt, RETRY, runtime.random());
        // What is staged holds the connection, so this timer need not keep the process alive.
        await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait).unref());
      }
    }
  }
}

type Declarations = DestinationsOptions['topology'];
type Ensure = (model: Link['model'], name: string, topology: Declarations) => Promise<void>;

const ensureQueueOf: Ensure = (model, queue, topology) => ensureQueue(model, queue, topology.ofQueue(queue));

const ensureExchangeOf: Ensure = async (model, exchange, topology) => {
  const own = topology.ofExchange(exchange);
  requirePublishable(exchange, own);
  await ensureExchange(model, exchange, own);
};

/** All of it once more, though the exchange is there. Who may not declare is told that nothing takes the message. */
const declareExchangeOf: Ensure = async (model, exchange, topology) => {
  const own = topology.ofExchange(exchange);
  if (own === undefined) return;
  try {
    await declare(model, own);
  } catch (thrown) {
    if (!isAccessRefused(thrown)) throw thrown;
  }
};

/** The broker closes the channel of who publishes to it. */
function requirePublishable(exchange: string, own: Topology | undefined): void {
  if (own?.exchanges.find(({ name }) => name === exchange)?.internal !== true) return;
  const text = `The exchange '${exchange}' is internal and takes messages from other exchanges alone: publish to one that leads to it.`;
  throw new TqError('invalid-option', text, { fields: { exchange } });
}

/** The error of a call or a message that no queue took. */
export function unroutable(
  { queue, target }: Destination,
  { code, text }: { code: number; text: string },
): PublishError {
  if (target === undefined) {
    const found = `No queue took the call for '${queue}': ${code} ${text}. Is the queue being deleted?`;
    return new PublishError('unroutable', found, { fields: { queue } });
  }
  const { exchange, routingKey } = target;
  if (exchange === '') {
    const found = `Expected a queue named '${routingKey}', found none: ${code} ${text}. Start what declares it, or fix the name.`;
    return new PublishError('queue-missing', found, { fields: { queue: routingKey } });
  }
  const fields = { exchange, routingKey };
  if (code === NOT_FOUND) {
    return new PublishError('exchange-missing', exchangeMissing(exchange, undefined).message, { fields });
  }
  const found = `The exchange '${exchange}' brings the key '${routingKey}' to no queue: ${code} ${text}. Bind a queue to it.`;
  return new PublishError('unroutable', found, { fields });
}
