import type { MemoryGauge } from '../model/memory-gauge.js';
import type { Output } from './output.js';

/** What blocking does to a connection. */
export interface BlockingHost {
  readonly output: Output;
  /** `blocked` has changed. */
  blockedChanged(): void;
}

/**
 * The memory alarm as one connection feels it: a client that publishes during an alarm is told so, and not read any
 * more until the alarm ends (RabbitMQ's connection.blocked). Clients that only consume notice nothing.
 */
export class Blocking {
  readonly #memory: MemoryGauge;
  readonly #told: boolean;
  readonly #host: BlockingHost;
  readonly #onAlarm = (alarm: boolean) => {
    if (!alarm) this.#unblock();
  };
  #state: 'free' | 'blocked' = 'free';

  /** @param told the client understands connection.blocked */
  constructor(memory: MemoryGauge, told: boolean, host: BlockingHost) {
    this.#memory = memory;
    this.#told = told;
    this.#host = host;
    memory.watch(this.#onAlarm);
  }

  /** The client is not to be read. */
  get blocked(): boolean {
    return this.#state === 'blocked';
  }

  /** The client has published a message. */
  published(): void {
    if (!this.#memory.blocked || this.#state === 'blocked') return;
    this.#state = 'blocked';
    if (this.#told) this.#host.output.method(0, 'connection.blocked', { reason: 'low on memory' });
    this.#host.blockedChanged();
  }

  stop(): void {
    this.#memory.unwatch(this.#onAlarm);
  }

  #unblock(): void {
    if (this.#state === 'free') return;
    this.#state = 'free';
    if (this.#told) this.#host.output.method(0, 'connection.unblocked', {});
    this.#host.blockedChanged();
  }
}
