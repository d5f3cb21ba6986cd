import type { Consumer } from './consumer.js';
import { ReadyConsumers } from './ready-consumers.js';

/** How a queue treats its consumers. */
export interface ConsumerPolicy {
  /** One is served as long as it lasts, the others wait to take its place (x-single-active-consumer). */
  readonly singleActive: boolean;
  /** Whether a consumer may have the queue to itself; quorum queues accept that wish and ignore it. */
  readonly honoursExclusive: boolean;
}

/** The consumers of a queue, and which of them are served. */
export class QueueConsumers {
  readonly #policy: ConsumerPolicy;
  /** In the order of their coming. */
  readonly #all = new Set<Consumer>();
  readonly #ready = new ReadyConsumers();
  /** The one that is served, where only one is. */
  #active: Consumer | undefined;

  constructor(policy: ConsumerPolicy) {
    this.#policy = policy;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Whether a consumer cannot come in, since it or another one wants to be alone. */
  isTakenFor({ options }: Consumer): boolean {
    const { singleActive, honoursExclusive } = this.#policy;
    if (!honoursExclusive) return false;
    if (options.exclusive && (singleActive || this.#all.size > 0)) return true;
    const [first] = this.#all;
    return first?.options.exclusive === true;
  }

  /** Takes a consumer in; its turn comes after `makeReady`. */
  add(consumer: Consumer): void {
    this.#all.add(consumer);
    if (this.#policy.singleActive) this.#active ??= consumer;
  }

  /**
   * Takes a consumer out.
   * @returns false when it was not there; else perhaps another one that is served from now on
   */
  remove(consumer: Consumer): { readonly successor: Consumer | undefined } | false {
    if (!this.#all.delete(consumer)) return false;
    this.#ready.remove(consumer);
    if (consumer !== this.#active) return { successor: undefined };
    [this.#active] = this.#all;
    return { successor: this.#active };
  }

  /** Takes all out. */
  removeAll(): readonly Consumer[] {
    const all = [...this.#all];
    this.#all.clear();
    this.#active = undefined;
    for (const consumer of all) this.#ready.remove(consumer);
    return all;
  }

  /** A consumer may have room: its turn comes, unless another one is served alone. */
  makeReady(consumer: Consumer): void {
    if (this.#policy.singleActive && consumer !== this.#active) return;
    this.#ready.add(consumer);
  }

  /** The consumer that the next message goes to. */
  next(): Consumer | undefined {
    return this.#ready.next();
  }
}
