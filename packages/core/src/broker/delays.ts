import type { Channel, ChannelModel } from 'amqplib';
import { TqError, toError } from '../errors.js';
import { sharedNameOf } from '../protocol/names.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import type { AppTopology } from './app-topology.js';
import type { Connection, Link, LinkUser } from './connection.js';
import { declare, ensureExchange, isAccessRefused, isAway, onThrowawayChannel, replyCodeOf } from './declare.js';
import { ladderEntries, ladderEntry, ladderTopology, type Route, stubName, stubTopology } from './delay-ladder.js';
import type { QueueType } from './queue-options.js';
import { type Binding, deliveryBinding, type Topology } from './topology.js';

export interface DelaysOptions {
  /** The one that delayed messages are published on. */
  readonly connection: Connection;
  readonly prefix: string;
  /** Grain of the delays, ms. */
  readonly unitMs: number;
  /** Of the levels that are missing. */
  readonly type: QueueType;
  /** How a queue or an exchange is declared that is not there. */
  readonly topology: Pick<AppTopology, 'ofQueue' | 'ofExchange'>;
  readonly runtime: Runtime;
}

type Readiness = true | Promise<void>;

const RETRY = { baseMs: 100, maxMs: 2_000 };
const NOT_FOUND = 404;

/**
 * The delays of an app: makes sure that what delayed messages need is on the broker, and says where to publish them.
 * A message waits in the broker alone. What is known of the broker holds for one connection, and until a message is
 * returned.
 */
export class Delays implements LinkUser {
  readonly #options: DelaysOptions;
  readonly #destinations = new Map<string, Readiness>();
  #ladder: Readiness | undefined;

  constructor(options: DelaysOptions) {
    this.#options = options;
    options.connection.addUser(this);
  }

  /**
   * The ladder is there and brings messages to this queue: true when that is known, else a promise of it, which outlasts
   * lost connections and rejects with what no waiting mends.
   * @param end a queue's full name, or an exchange and a key; declared when it is missing, an exchange if it is configured
   * @throws {TqError} by rejection: `access-refused`, `declaration-conflict`, `queue-missing` (others are to declare it), `exchange-missing`, `invalid-option`,
   *   `closed`
   */
  ready(end: string | Route): true | Promise<void> {
    const queue = typeof end === 'string' ? end : this.#stubOf(end);
    return this.#destinations.get(queue) ?? this.#prepare(queue, typeof end === 'string' ? undefined : end);
  }

  /**
   * Where to publish what is to come to this end after the delay; at once for 0 and less. To be published mandatory: a
   * message that is returned asks for `forget()`, `ready()` and another try.
   * @param end `ready` before
   * @throws {TqError} `invalid-option` for a delay that is longer than the ladder
   */
  route(end: string | Route, delayMs: number): Route {
    if (typeof end === 'string') {
      return delayMs > 0 ? ladderEntry(this.#options, end, delayMs) : { exchange: '', routingKey: end };
    }
    return delayMs > 0 ? ladderEntry(this.#options, this.#stubOf(end), delayMs) : end;
  }

  /** Something of it was deleted: the next `ready` looks again, unless a look is under way. */
  forget(): void {
    if (this.#ladder === true) this.#ladder = undefined;
    for (const [queue, readiness] of this.#destinations) if (readiness === true) this.#destinations.delete(queue);
  }

  linkUp(): void {
    // What was found on the last connection is forgotten, and whoever waits for this one looks now.
  }

  linkDown(): void {
    this.#ladder = undefined;
    this.#destinations.clear();
  }

  #stubOf({ exchange, routingKey }: Route): string {
    return stubName(this.#options.prefix, exchange, routingKey);
  }

  #prepare(queue: string, target: Route | undefined): Promise<void> {
    const preparing: Promise<void> = this.#untilDone(queue, target).then(
      () => {
        if (this.#destinations.get(queue) === preparing) this.#destinations.set(queue, true);
      },
      (error: unknown) => {
        if (this.#destinations.get(queue) === preparing) this.#destinations.delete(queue);
        throw error;
      },
    );
    this.#destinations.set(queue, preparing);
    return preparing;
  }

  async #untilDone(queue: string, target: Route | undefined): Promise<void> {
    const { connection, runtime, prefix, type } = this.#options;
    const binding = deliveryBinding(prefix, queue);
    const { topology: app } = this.#options;
    const topology = () => (target === undefined ? app.ofQueue(queue) : stubTopology(queue, binding, target, type));
    for (let attempt = 0; ; attempt++) {
      const link = await connection.whenOpen();
      try {
        await this.#ladderOn(link);
        if (target !== undefined) await ensureExchange(link.model, target.exchange, app.ofExchange(target.exchange));
        // A worker's own queue is bound by its worker, whose connection alone may do that.
        if (sharedNameOf(prefix, queue) === undefined) await bind(link.model, binding, topology);
        if (connection.link === link) return;
      } catch (thrown) {
        const error = refusal(thrown);
        if (error instanceof TqError) throw error;
        runtime.logger.warn({ queue, err: error }, 'cannot prepare the delays yet; trying again');
        const wait = fullJitter(attempt, RETRY, runtime.random());
        await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait).unref());
      }
    }
  }

  /** Once for all queues that are waited for at the same time. */
  async #ladderOn(link: Link): Promise<void> {
    const preparing = this.#ladder ?? this.#prepareLadder(link);
    if (preparing !== true) await preparing;
  }

  #prepareLadder(link: Link): Promise<void> {
    const preparing: Promise<void> = this.#ensureLadder(link.model).then(
      () => {
        if (this.#ladder === preparing) this.#ladder = true;
      },
      (error: unknown) => {
        if (this.#ladder === preparing) this.#ladder = undefined;
        throw error;
      },
    );
    this.#ladder = preparing;
    return preparing;
  }

  /** Looks first, so that a user who may not declare can use a ladder that is there. */
  async #ensureLadder(model: ChannelModel): Promise<void> {
    const levels = ladderTopology(this.#options, this.#options.type);
    const entries = ladderEntries(this.#options);
    if (await isWhole(model, entries, levels)) return;
    await declare(model, levels);
    await declare(model, entries);
  }
}

/** Most queues are there; one that is not is declared with its binding. */
async function bind(model: ChannelModel, binding: Binding, topology: () => Topology): Promise<void> {
  try {
    await declare(model, { exchanges: [], queues: [], bindings: [binding] });
  } catch (thrown) {
    if (!isMissing(toError(thrown))) throw thrown;
    await declare(model, topology());
  }
}

function isMissing(error: Error): boolean {
  return replyCodeOf(error) === NOT_FOUND && !isAway(error);
}

/** The entries are declared last, so where they are only that can be missing which somebody deleted. */
function isWhole(model: ChannelModel, entries: Topology, levels: Topology): Promise<boolean> {
  return onThrowawayChannel(model, async (channel: Channel) => {
    try {
      for (const { name } of [...entries.exchanges, ...levels.exchanges]) await channel.checkExchange(name);
      for (const { name } of levels.queues) await channel.checkQueue(name);
      return true;
    } catch (thrown) {
      if (!isMissing(toError(thrown))) throw thrown;
      return false;
    }
  });
}

function refusal(thrown: unknown): Error {
  const error = toError(thrown);
  if (!(error instanceof TqError) || error.code !== 'queue-missing' || !isAccessRefused(error)) return error;
  const text = `This user may not prepare delays: ${error.message} docs/topology.md lists the rights that they need.`;
  return new TqError('access-refused', text, { fields: error.fields, cause: error.cause });
}
