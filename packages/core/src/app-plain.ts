import { hostname } from 'node:os';
import type { AppBroker } from './app-broker.js';
import type { AppEvents } from './app-events.js';
import type { QueueDepth } from './broker/queue-admin.js';
import type { QueueCallOptions } from './broker/task-queue.js';
import { TqError } from './errors.js';
import type { Observers } from './observers.js';
import type { ResolvedOptions } from './options.js';
import { requirePlainQueue } from './plain/message-options.js';
import type { PlainCallOptions } from './plain/plain-call-options.js';
import { PlainCalls } from './plain/plain-calls.js';
import { PlainConsumer } from './plain/plain-consumer.js';
import { PlainQueue, type PlainQueueHost } from './plain/plain-queue.js';
import { type PlainQueueOptions, resolveQueueFormat } from './plain/plain-queue-options.js';
import type { Transport } from './results/transport.js';
import type { Runtime } from './runtime.js';
import type { Deadlines } from './time/deadlines.js';

/** What it takes of the app to talk to programs that know no tasks. */
export interface PlainHost {
  readonly options: ResolvedOptions;
  readonly runtime: Runtime;
  readonly deadlines: Deadlines;
  readonly observers: Observers<AppEvents>;
  /** @throws {TqError} `closed` */
  transport(): Transport;
  /** @throws {TqError} `in-child`, `closed` */
  broker(): AppBroker;
  depth(queue: string, options: QueueCallOptions | undefined): Promise<QueueDepth>;
}

/** An app's way to programs that know no tasks: calls of them, and their queues. */
export class PlainSide {
  readonly #host: PlainHost;
  readonly #calls: PlainCalls;
  readonly #queues: PlainQueueHost;
  readonly #consumers = new Set<PlainConsumer>();
  #stopping = false;

  constructor(host: PlainHost) {
    this.#host = host;
    const { options, runtime, deadlines } = host;
    this.#calls = new PlainCalls({
      prefix: options.prefix,
      transport: () => host.transport(),
      deadlines,
      clock: runtime.clock,
      newId: runtime.newId,
      resultTimeoutMs: options.resultTimeout,
    });
    this.#queues = this.#queueHost();
  }

  call(queue: string, body: unknown, options: PlainCallOptions | undefined): Promise<unknown> {
    return this.#calls.call(queue, body, options);
  }

  queue(name: string, options: PlainQueueOptions): PlainQueue<never> {
    const fullName = requirePlainQueue(name, this.#host.options.prefix, 'plainQueue');
    return new PlainQueue<never>(this.#queues, { name, fullName, format: resolveQueueFormat(options) });
  }

  /** Resolves when no handler runs any more, or those that do have had their time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
  }

  #queueHost(): PlainQueueHost {
    const { options, runtime, observers, transport, depth } = this.#host;
    return {
      prefix: options.prefix,
      transport,
      newId: runtime.newId,
      publishTimeoutMs: options.publishTimeout,
      unobserved: (taskId, task, error) => {
        const fields = { id: taskId, queue: task, err: error };
        runtime.logger.error(fields, 'a message was not published, and nobody awaited it');
        observers.emit('publish:failed', { kind: 'message', taskId, task, error });
      },
      depth,
      createConsumer: (own) => this.#consume(own),
    };
  }

  #consume(own: Parameters<PlainQueueHost['createConsumer']>[0]): PlainConsumer {
    // One that began meanwhile would be stopped by nobody.
    if (this.#stopping) throw new TqError('closed', 'The app is closed; create a new one.');
    const { options, runtime } = this.#host;
    const { publishing, consuming, publisher } = this.#host.broker();
    const name = `${hostname()}:${process.pid}`;
    const { prefix, queueType: type } = options;
    const broker = { publishing, consuming, publisher, prefix, type, name, runtime };
    const onStopped = () => void this.#consumers.delete(consumer);
    const consumer = new PlainConsumer({ ...own, ...broker, onStopped });
    this.#consumers.add(consumer);
    return consumer;
  }
}
