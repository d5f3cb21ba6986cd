import type { ChannelModel, Options } from 'amqplib';
import { TqError } from '../errors.js';
import type { OutboundMessage } from '../protocol/message.js';
import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import type { Connection, Link } from './connection.js';
import type { Route } from './delay-ladder.js';
import { connectionLost, HeldQueue, type HoldOptions } from './held-queue.js';
import { lockQueue } from './queue-lock.js';
import { explainRefusal } from './queue-refusal.js';

export interface QueueSessionOptions {
  /** Its own: what is held goes back when it is closed, and a large queue that comes in holds up nobody else. */
  readonly connection: Connection;
  readonly clock: Clock;
  /** How long the broker may be silent, and how long to wait for others who have a lock, ms. */
  readonly timeoutMs: number;
}

export type TakeOptions = Pick<HoldOptions, 'onMessage' | 'transactional' | 'limit'>;

/** Work on queues over a connection of its own: what is held and what is locked goes with it, however it ends. */
export class QueueSession {
  readonly #options: QueueSessionOptions;
  #letGo: (() => void) | undefined;
  /** Which connection of the supervisor's has the lock. */
  #lockedEpoch: number | undefined;

  constructor(options: QueueSessionOptions) {
    this.#options = options;
  }

  /**
   * Takes a lock of this name, an exclusive queue.
   * @param what it is a lock of, for the error's text
   * @returns gives it back
   * @throws {TqError} `queue-in-use` when another connection has it for longer
   */
  async lock(name: string, what: string): Promise<() => Promise<void>> {
    const { clock, timeoutMs } = this.#options;
    const unlock = await this.use(what, async (model, epoch) => {
      const release = await lockQueue(model, name, { clock, timeoutMs, what });
      this.#lockedEpoch = epoch;
      return release;
    });
    return () => {
      this.#lockedEpoch = undefined;
      return unlock();
    };
  }

  /**
   * Takes what is ready in a queue, unless a lock was lost with its connection.
   * @param queue full name
   * @returns undefined when there is no such queue
   * @throws {TqError} `queue-timeout`, `queue-in-use`, `queue-unavailable`, `access-refused`, `connection-lost`, `closed`
   */
  take(queue: string, options: TakeOptions): Promise<HeldQueue | undefined> {
    const { clock, timeoutMs } = this.#options;
    return this.use(queue, (model) => {
      this.requireLock(queue);
      return HeldQueue.take(model, queue, { ...options, clock, silenceMs: timeoutMs });
    });
  }

  /**
   * Nothing, while a lock that was taken is held.
   * @throws {TqError} `connection-lost` when it was lost with its connection
   */
  requireLock(queue: string): void {
    const { link } = this.#options.connection;
    if (this.#lockedEpoch !== undefined && this.#lockedEpoch !== link?.epoch) throw connectionLost(queue, undefined);
  }

  /**
   * Publishes what was taken off a queue and came to no other.
   * @throws {TqError} `unroutable` when no queue took it, `connection-lost`
   */
  async putBack(route: Route, message: OutboundMessage): Promise<void> {
    if ((await this.publish(route, message)) === 'taken') return;
    throw new TqError('unroutable', `There is no queue any more for '${route.routingKey}': its message is lost.`);
  }

  /**
   * Publishes a message and waits for the broker's word.
   * @returns `refused` when a queue was full, `returned` when there was none
   */
  publish(route: Route, message: OutboundMessage): Promise<'taken' | 'refused' | 'returned'> {
    return this.use(route.routingKey, (model) => publishOnce(model, route, message));
  }

  /**
   * Does something about a queue on the connection, which is opened first.
   * @throws {TqError} what the broker's refusal means, `connection-lost`, `queue-timeout`
   */
  async use<T>(queue: string, work: (model: ChannelModel, epoch: number) => Promise<T>): Promise<T> {
    const { model, epoch } = await this.#link();
    try {
      return await work(model, epoch);
    } catch (thrown) {
      throw explainRefusal(thrown, queue) ?? connectionLost(queue, thrown);
    }
  }

  /**
   * The connection, opened with the first question.
   * @throws {TqError} `queue-timeout`
   */
  async #link(): Promise<Link> {
    const { connection, clock, timeoutMs } = this.#options;
    this.#letGo ??= connection.hold();
    const over = new AbortController();
    const opening = connection.whenOpen(over.signal);
    if (await within(clock, timeoutMs, opening)) return opening;
    over.abort();
    const why = connection.lastError?.message ?? 'There is no connection to it yet.';
    const text = `The broker did not answer within ${timeoutMs} ms. ${why}`;
    throw new TqError('queue-timeout', text, { fields: { timeoutMs }, cause: connection.lastError });
  }

  async close(): Promise<void> {
    await this.#options.connection.close();
    this.#letGo?.();
  }
}

async function publishOnce(
  model: ChannelModel,
  { exchange, routingKey }: Route,
  { properties, body }: OutboundMessage,
): Promise<'taken' | 'refused' | 'returned'> {
  const channel = await model.createConfirmChannel();
  let returned = false;
  channel.on('error', () => undefined);
  channel.on('return', () => {
    returned = true;
  });
  const options = { ...properties, mandatory: true } as Options.Publish;
  const taken = new Promise<boolean>((resolve) => {
    channel.publish(exchange, routingKey, body, options, (error) => resolve(error === null));
    channel.on('close', () => resolve(false));
  });
  if (!(await taken)) {
    // A nack leaves the channel open; one that the broker has closed throws here.
    await channel.close();
    return 'refused';
  }
  await channel.close();
  return returned ? 'returned' : 'taken';
}
