import { createHash } from 'node:crypto';
import type { ChannelModel, Options } from 'amqplib';
import { TqError } from '../errors.js';
import type { OutboundMessage } from '../protocol/message.js';
import { deadLetterLock } from '../protocol/names.js';
import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import type { Connection, Link } from './connection.js';
import type { Route } from './delay-ladder.js';
import { connectionLost, HeldQueue, type HoldOptions } from './held-queue.js';
import { lockQueue } from './queue-lock.js';
import { explainRefusal } from './queue-refusal.js';

export interface DeadQueuesOptions {
  /** Its own: what is held goes back when it is closed, and a large queue that comes in holds up nobody else. */
  readonly connection: Connection;
  readonly prefix: string;
  readonly clock: Clock;
  /** How long the broker may be silent, and how long to wait for others who look at the same queue, ms. */
  readonly timeoutMs: number;
}

type TakeOptions = Pick<HoldOptions, 'onMessage' | 'transactional'>;

/** A queue that is held, and the right to it. */
export interface Holding {
  readonly held: HeldQueue;
  /** How long it took until all of it was here, ms. */
  readonly tookMs: number;
  /** Gives all back that was not settled, then the right. */
  release(): Promise<void>;
}

/**
 * Queues of dead letters, held by one at a time: what one holds nobody else sees, and on a quorum queue two who look at
 * once would give back in another order than they took.
 */
export class DeadQueues {
  readonly #options: DeadQueuesOptions;
  #letGo: (() => void) | undefined;

  constructor(options: DeadQueuesOptions) {
    this.#options = options;
  }

  /**
   * Takes all that is ready in a queue.
   * @param queue full name
   * @returns undefined when there is no such queue
   * @throws {TqError} `queue-timeout`, `queue-in-use`, `queue-unavailable`, `access-refused`, `connection-lost`, `closed`
   */
  hold(queue: string, options: TakeOptions): Promise<Holding | undefined> {
    return this.use(queue, (model) => this.#lockAndTake(model, queue, options));
  }

  async #lockAndTake(model: ChannelModel, queue: string, options: TakeOptions): Promise<Holding | undefined> {
    const { clock, timeoutMs, prefix } = this.#options;
    const name = deadLetterLock(prefix, createHash('sha256').update(queue).digest('hex').slice(0, HASH_LENGTH));
    const unlock = await lockQueue(model, name, { clock, timeoutMs, what: queue });
    const begun = clock.monotonic();
    let held: HeldQueue | undefined;
    try {
      held = await HeldQueue.take(model, queue, { ...options, clock, silenceMs: timeoutMs });
    } finally {
      if (held === undefined) await unlock();
    }
    if (held === undefined) return undefined;
    const release = async () => {
      await held.release();
      await unlock();
    };
    return { held, tookMs: clock.monotonic() - begun, release };
  }

  /**
   * Publishes what was taken off a queue and came to no other.
   * @throws {TqError} `unroutable` when no queue took it, `connection-lost`
   */
  putBack(route: Route, message: OutboundMessage): Promise<void> {
    return this.use(route.routingKey, (model) => publishOnce(model, route, message));
  }

  /**
   * Does something about a queue on the connection, which is opened first.
   * @throws {TqError} what the broker's refusal means, `connection-lost`, `queue-timeout`
   */
  async use<T>(queue: string, work: (model: ChannelModel) => Promise<T>): Promise<T> {
    const { model } = await this.#link();
    try {
      return await work(model);
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
): Promise<void> {
  const channel = await model.createConfirmChannel();
  let returned = false;
  channel.on('error', () => undefined);
  channel.on('return', () => {
    returned = true;
  });
  channel.publish(exchange, routingKey, body, { ...properties, mandatory: true } as Options.Publish);
  await channel.waitForConfirms();
  await channel.close();
  if (returned) throw new TqError('unroutable', `There is no queue any more for '${routingKey}': its message is lost.`);
}

/** Hex digits: names of queues may be as long as a name may be. */
const HASH_LENGTH = 32;
