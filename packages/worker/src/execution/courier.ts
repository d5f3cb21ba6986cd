import {
  type AppInternals,
  assertNever,
  deadLetterTopology,
  declare,
  fullJitter,
  isConflictOf,
  isDirectReply,
  type Lease,
  type OutboundMessage,
  type PublishEnd,
  type Route,
  type Topology,
  TqError,
} from '@tq/core/internal';

/** Where a message goes, and the queue that it is for: where that was deleted it is declared again. */
export interface Destination {
  readonly exchange: string;
  readonly routingKey: string;
  /** Full name, prefix included. */
  readonly queue: string;
  /** To the dead letters of that queue, which alone are declared. */
  readonly dead?: boolean;
  /** What is for it is given up where it is missing and the broker, or its name, does not let it be declared. */
  readonly optional?: boolean;
}

/**
 * How a publish of settling ended: it is where it belongs, there is nobody to get it, the delivery is not ours any
 * more, or AMQP cannot carry it.
 */
export type Sent = 'sent' | 'nobody' | 'abandoned' | 'unsendable';

const RETRY = { baseMs: 100, maxMs: 5_000 };

/**
 * Carries what settling publishes, and tries until it is where it belongs, or until its delivery is lost: then somebody
 * else has the task, and what this one wanted to say is dropped.
 */
export class Courier {
  readonly #app: AppInternals;
  /** Who waits for the delays, for as long as its delivery is its own. */
  readonly #waiting = new Set<{ readonly lease: Lease; readonly leave: () => void }>();

  constructor(app: AppInternals) {
    this.#app = app;
  }

  /** Lets go of what waits for the delays and has lost its delivery meanwhile; the broker may be away for long. */
  dropAbandoned(): void {
    for (const { lease, leave } of this.#waiting) if (!lease.alive) leave();
  }

  /** Sends what must arrive. */
  async send(lease: Lease, destination: Destination, message: OutboundMessage): Promise<Sent> {
    const { queue, dead = false, optional = false } = destination;
    const { prefix, queueType: type } = this.#app.options;
    const topology = () => (dead ? deadLetterTopology(queue, { prefix, type }) : this.#app.topologyOf(queue));
    for (let attempt = 0; ; attempt++) {
      const sent = settled(await this.publish(lease, destination, message), destination.routingKey);
      if (sent !== undefined) return sent;
      if ((await this.#restore(queue, topology)) === 'refused' && optional) return 'nobody';
      await this.pause(attempt);
    }
  }

  /**
   * Sends what an exchange of the user's is to bring to a queue. One that the app has is declared again, once, with what it
   * leads to: what then still comes back is for nobody.
   */
  async sendToExchange(lease: Lease, route: Route, message: OutboundMessage): Promise<Sent> {
    let restored = false;
    for (let attempt = 0; ; attempt++) {
      const end = await this.publish(lease, route, message);
      const sent = settled(end, route.routingKey);
      if (sent !== undefined) return sent;
      if (end.kind === 'returned') {
        const topology = this.#app.topologyOfExchange(route.exchange);
        if (topology === undefined || restored) return 'nobody';
        restored = (await this.#restore(route.exchange, () => topology)) !== 'away';
      }
      await this.pause(attempt);
    }
  }

  /**
   * Sends what is to come to its end after a delay, ms.
   * @param to a queue's full name, or an exchange and a key
   * @throws {TqError} by rejection, when it cannot be delayed
   */
  async sendLater(lease: Lease, to: string | Route, delayMs: number, message: OutboundMessage): Promise<Sent> {
    const { delays } = this.#app.broker();
    const { clock } = this.#app.runtime;
    const due = clock.monotonic() + delayMs;
    for (let attempt = 0; ; attempt++) {
      const ready = delayMs > 0 ? delays.ready(to) : true;
      if (ready !== true && !(await this.waitFor(ready, lease))) return 'abandoned';
      const route = delays.route(to, due - clock.monotonic());
      const sent = settled(await this.publish(lease, route, message), route.routingKey);
      if (sent !== undefined) return sent;
      delays.forget();
      if (typeof to === 'string') await this.#restore(to, () => this.#app.topologyOf(to));
      await this.pause(attempt);
    }
  }

  /** Resolves with true when it is ready, and with false when the lease ends first. */
  async waitFor(ready: Promise<void>, lease: Lease): Promise<boolean> {
    let leave: () => void = () => undefined;
    const lost = new Promise<false>((resolve) => {
      leave = () => resolve(false);
    });
    const waiting = { lease, leave };
    this.#waiting.add(waiting);
    try {
      return await Promise.race([ready.then(() => true), lost]);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** @returns `refused` where no waiting mends it: somebody else has to */
  async #restore(destination: string, topology: () => Topology): Promise<'restored' | 'refused' | 'away'> {
    const { link } = this.#app.broker().publishing;
    if (link === undefined) return 'away';
    try {
      await declare(link.model, topology());
      return 'restored';
    } catch (err) {
      // Somebody has declared it meanwhile, in another way.
      if (isConflictOf(destination, err)) return 'restored';
      this.#app.runtime.logger.warn({ destination, err }, 'cannot declare what a message is for');
      return err instanceof TqError ? 'refused' : 'away';
    }
  }

  /** Publishes once. */
  publish(lease: Lease, { exchange, routingKey }: Route, message: OutboundMessage): Promise<PublishEnd> {
    return new Promise((onEnd) => {
      this.#app.broker().publisher.publish({ exchange, routingKey, message, timeoutMs: undefined, lease, onEnd });
    });
  }

  /** Resolves when it is time for the try after this one. */
  pause(attempt: number): Promise<void> {
    const { clock, random } = this.#app.runtime;
    return new Promise((resolve) => clock.setTimer(resolve, fullJitter(attempt, RETRY, random())));
  }
}

/** What the end of a publish means for the delivery; undefined when it is worth another try. */
export function settled(end: PublishEnd, routingKey: string): Sent | undefined {
  switch (end.kind) {
    case 'confirmed':
      return 'sent';
    case 'abandoned':
      return 'abandoned';
    case 'returned':
      return undefined;
    case 'failed':
      if (end.error.code === 'closed') return 'abandoned';
      // RabbitMQ closes the connection of who publishes to a malformed address: once more would do it once more.
      if (isNack(end) && isDirectReply(routingKey)) return 'nobody';
      return end.error.code === 'unserialisable' ? 'unsendable' : undefined;
    default:
      return assertNever(end);
  }
}

/** The broker did not take it. */
export function isNack(end: PublishEnd): boolean {
  return end.kind === 'failed' && end.error.code === 'publish-nacked';
}
