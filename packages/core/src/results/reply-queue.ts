import type { Connection, Link } from '../broker/connection.js';
import { ConsumeChannel } from '../broker/consume-channel.js';
import type { Delivery } from '../broker/consume-session.js';
import { declare, ensureExchange, lookAtQueue, onThrowawayChannel } from '../broker/declare.js';
import { replyQueueTopology, type Topology } from '../broker/topology.js';
import { toError } from '../errors.js';
import type { Runtime } from '../runtime.js';
import { within } from '../time/within.js';
import type { CallListener, QuestionListener } from './transport.js';

export interface ReplyQueueOptions {
  readonly connection: Connection;
  readonly name: string;
  readonly runtime: Runtime;
  readonly onReply: (queue: ReplyQueue, delivery: Delivery) => void;
  /** The queue was deleted, and replies with it; it is declared anew. */
  readonly onDeleted: (queue: ReplyQueue) => void;
  /** The cluster's node that has the queue is away. */
  readonly onAway: () => void;
}

/** Replies in one burst that are not acked yet. */
const PREFETCH = 1_000;
/** How long the broker may take to delete the queue when the app closes. */
const DELETE_TIMEOUT_MS = 2_000;

/** One reply queue with its consumer, and who waits for replies there. */
export class ReplyQueue {
  readonly name: string;
  readonly waiters = new Map<string, CallListener | QuestionListener>();
  readonly #options: ReplyQueueOptions;
  readonly #channel: ConsumeChannel;
  #declared = false;
  #away = false;
  /** What else is to come to it, and who is told that it cannot. */
  #inflow: { readonly topology: Topology; readonly refused: (error: Error) => void } | undefined;

  constructor(options: ReplyQueueOptions) {
    this.name = options.name;
    this.#options = options;
    this.#channel = new ConsumeChannel({
      connection: options.connection,
      queue: options.name,
      prefetch: PREFETCH,
      exclusive: true,
      prepare: (link) => this.#prepare(link),
      onDelivery: (delivery) => options.onReply(this, delivery),
      onLost: () => undefined,
      runtime: options.runtime,
    });
  }

  get attached(): boolean {
    return this.#channel.attached;
  }

  /** Resolves with true when what the broker had in it before has come in; never while its connection is half-open. */
  caughtUp(): Promise<boolean> {
    return this.#channel.verify();
  }

  /** Its node was away when it was last looked at. */
  get away(): boolean {
    return this.#away && !this.attached;
  }

  /** Declares the queue and consumes it. */
  start(): Promise<void> {
    return this.#channel.start();
  }

  /**
   * Binds it, now and whenever it is consumed again, without holding up its consumer; what the broker says against it is
   * told, for what a lost connection leaves open the next one is waited for.
   */
  bind(topology: Topology, refused: (error: Error) => void): void {
    this.#inflow = { topology, refused };
    const { link } = this.#options.connection;
    if (this.#declared && link !== undefined) this.#bind(link);
  }

  #bind({ model }: Link): void {
    if (this.#inflow === undefined) return;
    const { topology, refused } = this.#inflow;
    bindTo(model, topology).catch((error: unknown) => {
      if (this.#options.connection.link?.model === model) refused(toError(error));
    });
  }

  /** Stops consuming and deletes the queue: nobody reads it any more, and a worker whose reply finds no queue knows that. */
  async close(): Promise<void> {
    await this.#channel.close();
    const { connection, runtime } = this.#options;
    const { link } = connection;
    if (link === undefined || !this.#declared) return;
    // With a reply in it, it expires by itself.
    const deleting = onThrowawayChannel(link.model, (channel) => channel.deleteQueue(this.name, { ifEmpty: true }));
    await within(runtime.clock, DELETE_TIMEOUT_MS, deleting);
  }

  async #prepare(link: Link): Promise<void> {
    if (!this.#declared) return this.#declare(link);
    const look = await lookAtQueue(link.model, this.name);
    this.#away = look.kind === 'away';
    if (look.kind === 'there') return this.#bind(link);
    if (look.kind === 'away') {
      this.#options.onAway();
      throw look.error;
    }
    try {
      await this.#declare(link);
    } finally {
      // Once it is there again: a call that is made as soon as this is told is answered to a queue that exists.
      this.#options.onDeleted(this);
    }
  }

  async #declare(link: Link): Promise<void> {
    await declare(link.model, replyQueueTopology(this.name));
    this.#declared = true;
    this.#bind(link);
  }
}

/** An exchange that is there is not declared, so that it takes no right to do so. */
async function bindTo(model: Link['model'], { exchanges, bindings }: Topology): Promise<void> {
  for (const exchange of exchanges) {
    await ensureExchange(model, exchange.name, { exchanges: [exchange], queues: [], bindings: [] });
  }
  await declare(model, { exchanges: [], queues: [], bindings });
}
