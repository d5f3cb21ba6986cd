import type { Delivery } from './deliveries.js';

/** What is to become of deliveries: done with, ready again, or dead letters. */
export type Settlement = 'acknowledge' | 'requeue' | 'discard';

/** Publishes and settlements of a channel that wait for tx.commit (AMQP 0-9-1 section 1.9). `P` is a publish. */
export class Transaction<P> {
  /** `committing` lasts until the store has it all: the channel takes no other method meanwhile. */
  state: 'open' | 'committing' = 'open';
  #publishes: P[] = [];
  #settlements: { readonly how: Settlement; readonly deliveries: readonly Delivery[] }[] = [];

  publish(publish: P): void {
    this.#publishes.push(publish);
  }

  settle(how: Settlement, deliveries: readonly Delivery[]): void {
    this.#settlements.push({ how, deliveries });
  }

  /** Takes everything out, for the next transaction to begin. */
  take(): {
    readonly publishes: readonly P[];
    readonly settlements: readonly { readonly how: Settlement; readonly deliveries: readonly Delivery[] }[];
  } {
    const taken = { publishes: this.#publishes, settlements: this.#settlements };
    this.#publishes = [];
    this.#settlements = [];
    return taken;
  }
}
