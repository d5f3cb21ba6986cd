import type { ChannelModel } from 'amqplib';
import { TqError } from '../errors.js';
import type { Clock } from '../time/clock.js';
import { within } from '../time/within.js';
import type { Connection } from './connection.js';
import { lookAtQueue, onThrowawayChannel, replyCodeOf } from './declare.js';
import {
  explainRefusal,
  NOT_IMPLEMENTED,
  queueAway,
  queueInUse,
  queueMissing,
  queueNotEmpty,
} from './queue-refusal.js';

/** What is in a queue. */
export interface QueueDepth {
  /** Messages that are ready: those that a worker holds unacknowledged are not among them. */
  readonly messages: number;
  /** Workers' and others' consumers that are attached. */
  readonly consumers: number;
}

/** What must hold for a queue to be deleted. */
export interface DeleteConditions {
  readonly ifUnused: boolean;
  readonly ifEmpty: boolean;
}

export interface QueueAdminOptions {
  /** Shared with whatever else is on it: nothing here closes more of it than a channel. */
  readonly connection: Connection;
  /** A connection for one deletion with conditions, which the broker may answer by closing it. */
  readonly openAnother: () => Connection;
  readonly clock: Clock;
}

/** Between a connection that is lost and the next question on it, ms. */
const REPEAT_AFTER_MS = 100;

type Work<T> = (model: ChannelModel) => Promise<T>;

/** Looks at queues, empties and deletes them; takes full names, and every wait of it ends at a time that the caller sets. */
export class QueueAdmin {
  readonly #options: QueueAdminOptions;

  constructor(options: QueueAdminOptions) {
    this.#options = options;
  }

  depth(queue: string, timeoutMs: number): Promise<QueueDepth> {
    return this.#within(this.#options.connection, queue, timeoutMs, { repeat: true }, (model) => look(model, queue));
  }

  /** @returns how many ready messages are gone */
  purge(queue: string, timeoutMs: number): Promise<number> {
    return this.#within(this.#options.connection, queue, timeoutMs, { repeat: false }, (model) =>
      onThrowawayChannel(model, async (channel) => (await channel.purgeQueue(queue)).messageCount),
    );
  }

  /** @returns how many ready messages went with the queue */
  async delete(queue: string, conditions: DeleteConditions, timeoutMs: number): Promise<number> {
    const { clock, connection } = this.#options;
    const startedAt = clock.monotonic();
    if (conditions.ifUnused || conditions.ifEmpty) {
      const deleted = await this.#deleteByBroker(queue, conditions, timeoutMs);
      if (deleted !== 'unsupported') return deleted;
    }
    const remainingMs = Math.max(1, timeoutMs - (clock.monotonic() - startedAt));
    return this.#within(connection, queue, remainingMs, { repeat: false }, async (model) => {
      // Deleting a queue that is not there is a success to the broker, and a typing error to whoever asked.
      const found = await look(model, queue);
      if (conditions.ifUnused && found.consumers > 0) throw queueInUse(queue, found.consumers);
      if (conditions.ifEmpty && found.messages > 0) throw queueNotEmpty(queue, found.messages);
      return deleteQueue(model, queue, {});
    });
  }

  /** Lets the broker decide, in one step with the deletion, where it can. */
  async #deleteByBroker(
    queue: string,
    conditions: DeleteConditions,
    timeoutMs: number,
  ): Promise<number | 'unsupported'> {
    const own = this.#options.openAnother();
    try {
      return await this.#within(own, queue, timeoutMs, { repeat: false }, async (model) => {
        await look(model, queue);
        let refusal: Error | undefined;
        model.once('error', (error: Error) => {
          refusal = error;
        });
        try {
          return await deleteQueue(model, queue, conditions);
        } catch (error) {
          if (replyCodeOf(refusal) === NOT_IMPLEMENTED) return 'unsupported';
          throw error;
        }
      });
    } finally {
      await own.close();
    }
  }

  async #within<T>(
    connection: Connection,
    queue: string,
    timeoutMs: number,
    { repeat }: { readonly repeat: boolean },
    work: Work<T>,
  ): Promise<T> {
    const release = connection.hold();
    const over = new AbortController();
    const answer = this.#ask(connection, queue, { repeat, over: over.signal }, work);
    try {
      if (await within(this.#options.clock, timeoutMs, answer)) return await answer;
    } finally {
      over.abort();
      release();
    }
    throw timedOut(connection, queue, timeoutMs);
  }

  /** Waits for a link as long as it takes; a question that the loss of one leaves open is asked again only if that changes nothing. */
  async #ask<T>(
    connection: Connection,
    queue: string,
    { repeat, over }: { readonly repeat: boolean; readonly over: AbortSignal },
    work: Work<T>,
  ): Promise<T> {
    for (;;) {
      // Nobody waits for it any more when the time is over, and nothing may happen to the queue.
      over.throwIfAborted();
      const { model } = await connection.whenOpen(over);
      over.throwIfAborted();
      try {
        return await work(model);
      } catch (thrown) {
        const refusal = explainRefusal(thrown, queue);
        if (refusal !== undefined) throw refusal;
        if (!repeat) throw lostMeanwhile(queue, thrown);
      }
      await new Promise<void>((resolve) => this.#options.clock.setTimer(resolve, REPEAT_AFTER_MS));
    }
  }
}

/** @throws {TqError} `queue-missing`, `queue-unavailable` */
async function look(model: ChannelModel, queue: string): Promise<QueueDepth> {
  const found = await lookAtQueue(model, queue);
  if (found.kind === 'away') throw queueAway(queue, found.error);
  if (found.kind === 'missing') throw queueMissing(queue);
  return { messages: found.messages, consumers: found.consumers };
}

function deleteQueue(model: ChannelModel, queue: string, conditions: Partial<DeleteConditions>): Promise<number> {
  return onThrowawayChannel(model, async (channel) => (await channel.deleteQueue(queue, conditions)).messageCount);
}

function lostMeanwhile(queue: string, cause: unknown): TqError {
  const text = `The connection was lost before the broker's answer, so that '${queue}' is as it was or changed already: look, and do it again.`;
  return new TqError('connection-lost', text, { fields: { queue }, cause });
}

function timedOut({ link, lastError }: Connection, queue: string, timeoutMs: number): TqError {
  const why = link !== undefined ? 'Is it overloaded?' : (lastError?.message ?? 'There is no connection to it yet.');
  const text = `The broker did not answer for the queue '${queue}' within ${timeoutMs} ms. ${why}`;
  return new TqError('queue-timeout', text, { fields: { queue, timeoutMs }, cause: lastError });
}
