import { AmqpError } from '../errors.js';
import type { Queue } from '../model/queue.js';
import type { QueueEntry } from '../model/queue-entry.js';
import type { Subscription } from './subscription.js';

/** A message that a channel has sent and that is not settled yet. */
export interface Delivery {
  readonly tag: number;
  readonly queue: Queue;
  readonly entry: QueueEntry;
  /** Undefined when it was taken by basic.get. */
  readonly subscription: Subscription | undefined;
}

/** The unsettled deliveries of a channel by their tags, oldest first. */
export class Deliveries {
  #byTag = new Map<number, Delivery>();
  #nextTag = 1;
  #consumed = 0;

  /** How many went to consumers, which is what a prefetch for the channel counts. */
  get consumed(): number {
    return this.#consumed;
  }

  get size(): number {
    return this.#byTag.size;
  }

  /** The tag of a delivery that is settled by being sent. */
  nextTag(): number {
    return this.#nextTag++;
  }

  /** Notes a delivery and returns its tag. */
  add(queue: Queue, entry: QueueEntry, subscription: Subscription | undefined): number {
    const tag = this.#nextTag++;
    this.#byTag.set(tag, { tag, queue, entry, subscription });
    if (subscription !== undefined) this.#consumed += 1;
    return tag;
  }

  /**
   * Takes what a client settles: one delivery, or all up to a tag (0 means all there are), oldest first.
   * @throws {AmqpError} PRECONDITION_FAILED for a tag that is not outstanding
   */
  take(tag: number, multiple: boolean): readonly Delivery[] {
    if (multiple && tag === 0) return this.takeAll();
    const last = this.#byTag.get(tag);
    if (last === undefined) throw new AmqpError('PRECONDITION_FAILED', `unknown delivery tag ${tag}`);
    if (!multiple) {
      this.#remove(last);
      return [last];
    }
    const taken: Delivery[] = [];
    for (const delivery of this.#byTag.values()) {
      if (delivery.tag > tag) break;
      taken.push(delivery);
    }
    for (const delivery of taken) this.#remove(delivery);
    return taken;
  }

  /** Takes all, oldest first. */
  takeAll(): readonly Delivery[] {
    const all = [...this.#byTag.values()];
    this.#byTag.clear();
    this.#consumed = 0;
    return all;
  }

  /** Puts back what was taken (tx.rollback), each in its place. */
  putBack(deliveries: readonly Delivery[]): void {
    const all = [...this.takeAll(), ...deliveries].sort((a, b) => a.tag - b.tag);
    this.#byTag = new Map(all.map((delivery) => [delivery.tag, delivery]));
    this.#consumed = all.filter(({ subscription }) => subscription !== undefined).length;
  }

  #remove({ tag, subscription }: Delivery): void {
    this.#byTag.delete(tag);
    if (subscription !== undefined) this.#consumed -= 1;
  }
}
