import type { Connection } from '../broker/connection.js';
import { ConsumeChannel } from '../broker/consume-channel.js';
import type { Delivery } from '../broker/consume-session.js';
import { declare } from '../broker/declare.js';
import type { PublishEnd } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import type { QueueType } from '../broker/queue-options.js';
import { deadLetterTopology } from '../broker/topology.js';
import { hasCode } from '../errors.js';
import { encodeBareDeadLetter, encodeDeadLetter } from '../protocol/dead-letter.js';
import { encodeError } from '../protocol/error-codec.js';
import { decodeForeignBody, type ForeignFormat } from '../protocol/foreign-body.js';
import { type ForeignMessage, foreignMessage } from '../protocol/foreign-message.js';
import { type DeadLetterReason, deadLetterExchange } from '../protocol/names.js';
import type { Runtime } from '../runtime.js';
import { fullJitter } from '../time/backoff.js';
import { within } from '../time/within.js';

export interface PlainConsumerOptions {
  readonly publishing: Connection;
  readonly consuming: Connection;
  readonly publisher: PublishChannel;
  readonly prefix: string;
  /** Of the queue of dead letters, where it has to be declared. */
  readonly type: QueueType;
  /** Full name. */
  readonly queue: string;
  readonly format: ForeignFormat;
  readonly concurrency: number;
  /** How long a stop waits for handlers, ms. */
  readonly stopTimeoutMs: number;
  readonly onStopped: () => void;
  readonly handler: (body: unknown, message: ForeignMessage) => unknown;
  /** Who gave a message up, in its dead letter. */
  readonly name: string;
  readonly runtime: Runtime;
}

const RETRY = { baseMs: 100, maxMs: 5_000 };

/**
 * Consumes a queue that other programs declared and fill: handler, then ack; where the handler throws, the dead letter,
 * its confirm, then the ack. Comes back by itself after a lost connection; what was not acked is delivered again, and waits
 * while handlers of before run on.
 */
export class PlainConsumer {
  readonly #options: PlainConsumerOptions;
  readonly #channel: ConsumeChannel;
  readonly #running = new Set<Promise<void>>();
  /** What came while as many handlers ran as may. */
  #waiting: Delivery[] = [];
  #release: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: PlainConsumerOptions) {
    this.#options = options;
    this.#channel = new ConsumeChannel({
      connection: options.consuming,
      queue: options.queue,
      prefetch: options.concurrency,
      exclusive: false,
      prepare: () => Promise.resolve(),
      onDelivery: (delivery) => this.#take(delivery),
      onLost: () => this.#lost(),
      runtime: options.runtime,
    });
  }

  /** Resolves when the queue is consumed, which keeps the process alive. */
  async start(): Promise<void> {
    this.#release = this.#options.consuming.hold();
    await this.#channel.start();
  }

  /** Takes no more, waits for the handlers that run, and flushes their acks. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { queue, stopTimeoutMs, runtime, onStopped } = this.#options;
    await this.#channel.cancel();
    for (const delivery of this.#waiting.splice(0)) delivery.requeue();
    if (!(await within(runtime.clock, stopTimeoutMs, Promise.all(this.#running)))) {
      const fields = { queue, running: this.#running.size };
      runtime.logger.warn(fields, 'handlers have not ended in time: their messages go back to the queue');
    }
    await this.#channel.close();
    this.#release?.();
    this.#release = undefined;
    onStopped();
  }

  #take(delivery: Delivery): void {
    if (this.#stopped !== undefined) {
      delivery.requeue();
      return;
    }
    this.#waiting.push(delivery);
    this.#next();
  }

  #next(): void {
    while (this.#running.size < this.#options.concurrency) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      const run = this.#run(delivery).finally(() => {
        this.#running.delete(run);
        this.#next();
      });
      this.#running.add(run);
    }
  }

  /** Those that wait are delivered again, to whoever is there. */
  #lost(): void {
    this.#waiting = this.#waiting.filter(({ lease }) => lease.alive);
    this.#options.publisher.dropAbandoned();
  }

  /** Never rejects. */
  async #run(delivery: Delivery): Promise<void> {
    const { format, handler, queue, runtime } = this.#options;
    try {
      const body = decodeForeignBody(delivery.message.body, format);
      await handler(body, foreignMessage(delivery.message, delivery.message));
    } catch (err) {
      const reason = hasCode(err, 'poison') ? 'poison' : 'failed';
      runtime.logger.warn({ queue, reason, err }, 'a plain message becomes a dead letter');
      await this.#bury(delivery, reason, err);
      return;
    }
    delivery.ack();
  }

  /** Tries until the dead letter is where it belongs, or the delivery is somebody else's. */
  async #bury(delivery: Delivery, reason: DeadLetterReason, thrown: unknown): Promise<void> {
    const { name, runtime } = this.#options;
    const death = { reason, failure: encodeError(thrown), worker: name, time: runtime.clock.wallTime() };
    let letter = encodeDeadLetter(delivery.message, death);
    for (let attempt = 0; ; attempt++) {
      const end = await this.#publish(delivery, letter);
      if (end.kind === 'confirmed') return delivery.ack();
      if (end.kind === 'abandoned') return;
      if (end.kind === 'returned') await this.#declareDead();
      else if (end.error.code === 'closed') return;
      else if (end.error.code === 'unserialisable') letter = encodeBareDeadLetter(delivery.message, death);
      const wait = fullJitter(attempt, RETRY, runtime.random());
      await new Promise<void>((resolve) => runtime.clock.setTimer(resolve, wait));
    }
  }

  #publish({ lease }: Delivery, message: ReturnType<typeof encodeDeadLetter>): Promise<PublishEnd> {
    const { publisher, prefix, queue } = this.#options;
    const to = { exchange: deadLetterExchange(prefix), routingKey: queue };
    return new Promise((onEnd) => publisher.publish({ ...to, message, timeoutMs: undefined, lease, onEnd }));
  }

  async #declareDead(): Promise<void> {
    const { publishing, queue, prefix, type, runtime } = this.#options;
    if (publishing.link === undefined) return;
    try {
      await declare(publishing.link.model, deadLetterTopology(queue, { prefix, type }));
    } catch (err) {
      runtime.logger.warn({ queue, err }, 'cannot declare the queue of the dead letters');
    }
  }
}
