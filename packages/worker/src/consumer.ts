import {
  type AppInternals,
  consumerTimeoutOf,
  type Delivery,
  declare,
  isConflictOf,
  type Lease,
  type Link,
  maxDelayMs,
  type TaskMessage,
  TqError,
  type Trouble,
  toError,
} from '@tq/core/internal';
import { ConsumerTimeouts } from './consumer-timeouts.js';
import type { Executor } from './execution/execute.js';
import { type Gates, refusalOf } from './execution/gates.js';
import { type Death, dead, type Later, type LossLimits, type Outcome } from './execution/outcome.js';
import { type ReplyAddress, replyAddress } from './execution/reply-address.js';
import type { RunEvents } from './execution/run-events.js';
import type { Settler } from './execution/settle.js';
import type { Tally } from './execution/tally.js';
import type { Intake } from './intake/intake.js';
import { QueueChannels } from './queue-channels.js';
import { isSameForeign, Run, runKey } from './run.js';
import type { Source } from './source.js';

/** What all consumers of a worker have in common. */
export interface QueueConsumerOptions {
  readonly app: AppInternals;
  /** Deliveries taken in advance for each slot; one for a queue with long tasks. */
  readonly prefetchMultiplier: number;
  readonly limits: LossLimits;
  readonly executor: Executor;
  readonly settler: Settler;
  readonly events: RunEvents;
  readonly tally: Tally;
}

/**
 * Where deliveries of one queue come in: decodes each, ends poison and what the gates refuse, joins a redelivery to
 * its run, and submits the rest.
 */
export class QueueConsumer {
  readonly #options: QueueConsumerOptions;
  readonly #source: Source;
  readonly #channels: QueueChannels;
  readonly #timeouts: ConsumerTimeouts;
  readonly #gates: Gates;
  #intake: Intake | undefined;
  #state: 'open' | 'stopping' = 'open';
  /** It was consumed once. */
  #began = false;

  constructor(source: Source, options: QueueConsumerOptions) {
    this.#source = source;
    this.#options = options;
    const { queue, slots, long, unknownTask } = source;
    const { app, prefetchMultiplier, events, executor, limits } = options;
    const { clock, logger } = app.runtime;
    const { prefix, delayUnit } = app.options;
    const knows = (task: TaskMessage) => this.#reader.knows(task);
    this.#gates = { prefix, limits, maxDelayMs: maxDelayMs(delayUnit), unknownTask, clock, knows };
    const bury = (over: Run, error: TqError) => this.#bury(over, error);
    this.#timeouts = new ConsumerTimeouts({ queue, long, executor, bury, clock, logger });
    this.#channels = new QueueChannels(long ? slots.capacity : 1, {
      connection: app.broker().consuming,
      queue,
      prefetch: long ? 1 : slots.capacity * prefetchMultiplier,
      exclusive: false,
      prepare: (link) => this.#declare(link),
      onDelivery: (delivery) => this.#received(delivery),
      onAttached: () => this.#attached(),
      onDetached: (error) => events.consumed(queue, error),
      onLost: (lease, reason) => this.#channelLost(lease, reason),
      runtime: app.runtime,
    });
  }

  get queue(): string {
    return this.#source.queue;
  }

  /** The name of what it subscribes to; undefined for a queue. */
  get subscription(): string | undefined {
    return this.#source.subscription;
  }

  /** What went wrong last with its consumers. */
  get trouble(): Trouble | undefined {
    return this.#channels.trouble;
  }

  get attached(): boolean {
    return this.#channels.attached;
  }

  /** Resolves when the queue is consumed for the first time. */
  start(): Promise<void> {
    this.#intake = this.#source.intake();
    return this.#channels.start();
  }

  /** Takes no more; what arrives before the broker has heard of it goes back. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    await this.#channels.cancel();
  }

  /** Flushes acks and closes what it consumes on. */
  async close(): Promise<void> {
    await this.#channels.close();
    this.#lost();
  }

  verify(): Promise<void> {
    return this.#channels.verify();
  }

  get #reader(): Intake {
    if (this.#intake === undefined) throw new Error('Nothing is delivered before the start.');
    return this.#intake;
  }

  #attached(): void {
    this.#began = true;
    this.#options.events.consumed(this.queue);
  }

  /** A queue that was as declared when the worker started, and is not any more, was migrated: it is consumed as it is. */
  async #declare({ model }: Link): Promise<void> {
    const { queue } = this;
    try {
      await declare(model, this.#source.topology());
    } catch (error) {
      if (!this.#began || !isConflictOf(queue, error)) throw error;
      const text =
        'the queue has other properties than this worker declares; consuming it as it is: start a worker that has them';
      this.#options.app.runtime.logger.warn({ queue, err: toError(error) }, text);
    }
  }

  #received(delivery: Delivery): void {
    if (this.#state === 'stopping') {
      delivery.requeue();
      return;
    }
    let task: TaskMessage;
    try {
      task = this.#reader.decode(delivery.message);
    } catch (thrown) {
      const error = toError(thrown);
      const reason = error instanceof TqError && error.code === 'unknown-task' ? 'unknown-task' : 'poison';
      this.#refuse(delivery, undefined, dead(reason, error), this.#reader.unreadable(delivery.message));
      return;
    }
    this.#admit(task, delivery);
  }

  #admit(task: TaskMessage, delivery: Delivery): void {
    const { executor } = this.#options;
    const { queue, slots } = this.#source;
    const running = this.#runOf(task, delivery);
    if (running !== undefined) {
      running.attach(delivery);
      this.#timeouts.joined(running);
      return;
    }
    const own = task.foreign === undefined ? task : this.#withOwnId(task);
    const refusal = refusalOf({ task: own, message: delivery.message }, this.#gates);
    if (refusal === undefined) executor.submit(new Run(own, queue, delivery), slots);
    else this.#refuse(delivery, own, refusal, replyAddress(own));
  }

  /** The run that a delivery belongs to, where it was delivered before and still runs here. */
  #runOf(task: TaskMessage, { message }: Delivery): Run | undefined {
    const { executor } = this.#options;
    const { queue } = this;
    if (task.foreign === undefined) return executor.find(runKey(queue, task));
    if (!message.redelivered) return undefined;
    return executor.findLost((run) => run.queue === queue && isSameForeign(run.message, message));
  }

  /** Foreign programs use ids again, so one that is in use says nothing; then the run has an id of its own. */
  #withOwnId(task: TaskMessage): TaskMessage {
    const { executor, app } = this.#options;
    const { queue } = this;
    if (executor.find(runKey(queue, task)) === undefined) return task;
    const id = app.runtime.newId();
    return { ...task, id, rootId: id };
  }

  #refuse(delivery: Delivery, task: TaskMessage | undefined, outcome: Outcome, reply: ReplyAddress | undefined): void {
    const { settler } = this.#options;
    const { queue } = this.#source;
    if (outcome.kind === 'dead') this.#tell(task, outcome, reply?.taskId);
    if (outcome.kind === 'later') this.#tellLater(task, outcome);
    if (outcome.kind === 'ignored') this.#tellIgnored(task);
    const { message, lease } = delivery;
    const item = {
      task,
      queue,
      message,
      get alive() {
        return lease.alive;
      },
      ack: () => delivery.ack(),
      requeue: () => delivery.requeue(),
    };
    void settler.settle(item, outcome, reply);
  }

  #tell(task: TaskMessage | undefined, { reason, failure }: Death, taskId: string | undefined): void {
    const { app, events, tally } = this.#options;
    const { queue } = this.#source;
    if (task !== undefined && reason === 'expired') {
      tally.expired(queue, task);
      events.expired(queue, task);
      return;
    }
    app.runtime.logger.warn({ queue, reason, id: taskId }, String(failure.error.exc_message));
    tally.givenUp(reason);
    events.givenUp(queue, task, { reason, failure });
  }

  #tellLater(task: TaskMessage | undefined, { why, delayMs }: Later): void {
    const { app } = this.#options;
    const what = { queue: this.queue, id: task?.id, task: task?.task, why, delayMs };
    app.runtime.logger.debug(what, 'a delivery goes back for later');
  }

  #tellIgnored(task: TaskMessage | undefined): void {
    const { logger } = this.#options.app.runtime;
    logger.debug({ queue: this.queue, id: task?.id, task: task?.task }, 'a broadcast for others is ignored');
  }

  #bury(over: Run, error: TqError): void {
    const { settler, app } = this.#options;
    app.runtime.logger.warn({ queue: this.queue, reason: 'consumer-timeout', id: over.task.id }, error.message);
    void settler.settle(over, dead('consumer-timeout', error), replyAddress(over.task));
  }

  #channelLost(lease: Lease, reason: Error | undefined): void {
    const timeoutMs = consumerTimeoutOf(reason);
    if (timeoutMs !== undefined) this.#timeouts.timedOut(lease, timeoutMs);
    this.#lost();
  }

  #lost(): void {
    const { settler, executor } = this.#options;
    settler.dropAbandoned();
    executor.dropLost();
  }
}
