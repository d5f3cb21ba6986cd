import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import { deadLetterQueue, MAX_NAME_BYTES } from '../protocol/names.js';
import type { QueueAdmin, QueueDepth } from './queue-admin.js';

/** How long a question about a queue may take. */
export interface QueueCallOptions {
  /** For the connection and the broker's answer together, ms, 1 to 2,147,483,647. Default: 10,000. */
  readonly timeout?: number | undefined;
}

/** What must hold for a queue to be deleted. */
export interface QueueDeleteOptions extends QueueCallOptions {
  /** Only when nobody consumes it. Default: false. */
  readonly ifUnused?: boolean | undefined;
  /** Only when no message is ready in it. Default: false. */
  readonly ifEmpty?: boolean | undefined;
}

/** What a queue needs of its app. */
export interface QueueOwner {
  readonly prefix: string;
  /** @throws {TqError} `in-child`, `closed` */
  admin(queue: string): QueueAdmin;
}

const TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * One queue of an app: `app.queue('mail')`. Nothing is declared by asking, and nothing connects before that.
 *
 * Every method rejects with a `TqError`: `queue-missing` (there is no such queue), `queue-unavailable` (its node is
 * down), `access-refused`, `queue-in-use` (it is exclusive to somebody else), `queue-timeout` (no answer in time, or no
 * connection), `in-child` (a child of a pool does not connect), `closed` (the app is).
 */
export class TaskQueue {
  /** Its name without the app's prefix. */
  readonly name: string;
  readonly #owner: QueueOwner;

  /** @throws {TqError} `invalid-option` */
  constructor(owner: QueueOwner, name: string) {
    this.name = requireQueueName(name, owner.prefix);
    this.#owner = owner;
  }

  /** The queue of its dead letters, `NAME.dead`. */
  get dead(): TaskQueue {
    return new TaskQueue(this.#owner, deadLetterQueue(this.name));
  }

  /** How many messages are ready and how many consumers there are (AMQP queue.declare, passive). */
  async depth(options: QueueCallOptions = {}): Promise<QueueDepth> {
    const timeout = resolveTimeout(options, ['timeout'], 'depth');
    return this.#admin().depth(this.#fullName, timeout);
  }

  /**
   * Throws away every message that is ready; what workers hold unacknowledged stays.
   * @returns how many messages are gone
   * @throws {TqError} as above, and `connection-lost` when the broker's answer was lost with the connection; then, and
   *   after a `queue-timeout` of a broker that is slow, it may be done all the same
   */
  async purge(options: QueueCallOptions = {}): Promise<number> {
    const timeout = resolveTimeout(options, ['timeout'], 'purge');
    return this.#admin().purge(this.#fullName, timeout);
  }

  /**
   * Deletes the queue with all that is in it; its dead letters stay in theirs. Whoever calls a task of the queue next,
   * and a worker that consumes it, declares it anew. Classic queues check the conditions as they are deleted; RabbitMQ's
   * quorum queues know none, so tq looks first, and what arrives in between goes with the queue.
   * @returns how many ready messages went with it
   * @throws {TqError} as above, and `queue-in-use`, `queue-not-empty`, `connection-lost` as for `purge`
   */
  async delete(options: QueueDeleteOptions = {}): Promise<number> {
    const timeout = resolveTimeout(options, ['timeout', 'ifUnused', 'ifEmpty'], 'delete');
    const conditions = { ifUnused: options.ifUnused ?? false, ifEmpty: options.ifEmpty ?? false };
    return this.#admin().delete(this.#fullName, conditions, timeout);
  }

  get #fullName(): string {
    return this.#owner.prefix + this.name;
  }

  #admin(): QueueAdmin {
    return this.#owner.admin(this.name);
  }
}

function resolveTimeout(options: QueueCallOptions, known: readonly string[], method: string): number {
  refuseUnknownKeys(options, known, method);
  return requireInteger(options.timeout ?? TIMEOUT_MS, `${method}: timeout (ms)`, { min: 1, max: MAX_TIMEOUT_MS });
}

function requireQueueName(name: unknown, prefix: string): string {
  const bytes = typeof name === 'string' ? Buffer.byteLength(prefix + name) : 0;
  if (typeof name === 'string' && name !== '' && bytes <= MAX_NAME_BYTES) return name;
  const found = typeof name !== 'string' ? `a ${typeof name}` : name === '' ? 'an empty one' : `${bytes} bytes`;
  const text = `queue: expected a name of 1 to ${MAX_NAME_BYTES} bytes, prefix included, found ${found}.`;
  throw new TqError('invalid-option', text);
}
