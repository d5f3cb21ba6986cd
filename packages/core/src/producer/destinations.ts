import type { Connection } from '../broker/connection.js';
import { ensureQueue } from '../broker/declare.js';
import type { Route } from '../broker/delay-ladder.js';
import { type Delays, exchangeMissing } from '../broker/delays.js';
import type { Topology } from '../broker/topology.js';
import { PublishError, TqError, toError } from '../errors.js';
import type { OutgoingCall } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';

export interface DestinationsOptions {
  readonly connection: Connection;
  readonly delays: Delays;
  readonly runtime: Runtime;
  /** What a task queue is to be when it does not exist yet. */
  readonly topologyOf: (queue: string) => Topology;
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

  constructor(options: DestinationsOptions) {
    this.#options = options;
  }

  /** What the call needs is on the broker: true when that is known. */
  ready(call: Destination): Readiness {
    const { delays } = this.#options;
    if (call.eta !== undefined && this.#delayOf(call.eta) > 0) return delays.ready(this.#endOf(call));
    if (call.target !== undefined) return true;
    return this.#queues.get(call.queue) ?? this.#ensure(call.queue);
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
   * The broker had no queue for the call, since something was deleted since it was looked at, or its node is away.
   * @returns what another try has to wait for; undefined when there is none, since nothing of tq's is missing
   */
  missed(call: Destination): Readiness | undefined {
    if (call.eta !== undefined) this.#options.delays.forget();
    else if (call.target !== undefined) return undefined;
    this.#queues.delete(call.queue);
    return this.ready(call);
  }

  /** The queue at the end of a delay. */
  #endOf({ queue, target }: Destination): string | Route {
    return target ?? queue;
  }

  #delayOf(eta: number): number {
    return eta - this.#options.runtime.clock.wallTime();
  }

  #ensure(queue: string): Promise<void> {
    const looking = this.#ensureUntilDone(queue).then(
      () => {
        this.#queues.set(queue, true);
      },
      (error: unknown) => {
        this.#queues.delete(queue);
        throw error;
      },
    );
    this.#queues.set(queue, looking);
    return looking;
  }

  /** Tries again over lost connections and nodes that are away; what no waiting mends rejects. */
  async #ensureUntilDone(queue: string): Promise<void> {
    const { connection, topologyOf, runtime, wanted } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const link = await connection.whenOpen();
      try {
        return await ensureQueue(link.model, queue, topologyOf(queue));
      } catch (thrown) {
        if (thrown instanceof TqError || !wanted()) throw thrown;
        runtime.logger.warn({ queue, err: toError(thrown) }, 'cannot look at the queue yet; trying again');
        const wait = fullJitter(attempt, RETRY, runtime.random());
        // What is staged holds the connection, so this timer need not keep the process alive.
        await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait).unref());
      }
    }
  }
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
