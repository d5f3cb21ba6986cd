import type { Connection } from '../broker/connection.js';
import type { PublishEnd, PublishRequest } from '../broker/outbox.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import { assertNever } from '../errors.js';
import type { PublishListener } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import type { Staging } from './staging.js';

/** What is on its way out, and who is told of its end. */
export interface Outgoing {
  /** How long the confirm may take, ms. */
  readonly publishTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly listener: PublishListener;
}

/** That no queue took a message, as the broker says it (AMQP basic.return). */
export type Returned = Omit<Extract<PublishEnd, { kind: 'returned' }>, 'kind'>;

/** What one kind of messages needs, and what it makes of each. */
export interface OutgoingKind<T> {
  /** What has to be there before it is published: true when all of it is. */
  ready(item: T): true | Promise<void>;
  /** The publish itself, made when it is due. */
  request(item: T, timeoutMs: number, onEnd: (end: PublishEnd) => void): PublishRequest;
  /** What another try waits for after a return; undefined where none would end otherwise. */
  missed(item: T): true | Promise<void> | undefined;
  /** What a return means that is the end. */
  unroutable(item: T, returned: Returned): Error;
  /** It ends here: what was kept for it goes, and its listener is told. */
  failed(item: T, error: Error): void;
}

export interface DispatcherOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  /** Where messages wait for what they need. */
  readonly staging: Staging;
  readonly runtime: Runtime;
}

/**
 * The way of messages of one kind through this process's own connection: what they need is looked at, they wait for that,
 * they are published, and once more when what was deleted is there again.
 */
export class Dispatcher<T extends Outgoing> {
  readonly #options: DispatcherOptions;
  readonly #kind: OutgoingKind<T>;

  constructor(options: DispatcherOptions, kind: OutgoingKind<T>) {
    this.#options = options;
    this.#kind = kind;
  }

  /** Never throws; how it ends reaches the listener. */
  send(item: T): void {
    const { publishTimeoutMs } = item;
    const ready = this.#kind.ready(item);
    if (ready === true) this.#publish(item, publishTimeoutMs, true);
    else this.#stage(item, ready, publishTimeoutMs, true);
  }

  #stage(item: T, ready: Promise<void>, timeoutMs: number, mayRepeat: boolean): void {
    const { staging, connection } = this.#options;
    staging.add({
      ready,
      timeoutMs,
      signal: item.signal,
      lastError: () => connection.lastError,
      onReady: (remainingMs) => this.#publish(item, remainingMs, mayRepeat),
      onFailed: (error) => this.#kind.failed(item, error),
    });
  }

  #publish(item: T, timeoutMs: number, mayRepeat: boolean): void {
    const { publisher, runtime } = this.#options;
    const startedAt = runtime.clock.monotonic();
    const remainingMs = () => timeoutMs - (runtime.clock.monotonic() - startedAt);
    const onEnd = (end: PublishEnd) => this.#ended(item, end, remainingMs, mayRepeat);
    publisher.publish(this.#kind.request(item, timeoutMs, onEnd));
  }

  #ended(item: T, end: PublishEnd, remainingMs: () => number, mayRepeat: boolean): void {
    switch (end.kind) {
      case 'confirmed':
        item.listener.confirmed();
        return;
      case 'failed':
        this.#kind.failed(item, end.error);
        return;
      case 'returned':
        this.#returned(item, end, mayRepeat ? remainingMs() : 0);
        return;
      case 'abandoned':
        return;
      default:
        assertNever(end);
    }
  }

  /** @param remainingMs for another try; 0 for none */
  #returned(item: T, returned: Returned, remainingMs: number): void {
    const ready = remainingMs > 0 ? this.#kind.missed(item) : undefined;
    if (ready === undefined) this.#kind.failed(item, this.#kind.unroutable(item, returned));
    else this.#stage(item, ready === true ? Promise.resolve() : ready, remainingMs, false);
  }
}
