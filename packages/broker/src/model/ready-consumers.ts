import { assertNever } from '../errors.js';
import type { Consumer } from './consumer.js';
import { Deque } from './deque.js';

/** The consumers of a queue whose turn may come: the highest priority first, and within one in turn. */
export class ReadyConsumers {
  /** The highest priority first. */
  #levels: { readonly priority: number; readonly ring: Deque<Consumer> }[] = [];

  /** Adds a waiting consumer behind the others of its priority; others are left as they are. */
  add(consumer: Consumer): void {
    switch (consumer.state) {
      case 'waiting':
        consumer.state = 'ready';
        this.#ring(consumer.options.priority).push(consumer);
        break;
      case 'ready':
      case 'gone':
        break;
      default:
        assertNever(consumer.state);
    }
  }

  /** The consumer that the next message goes to; those without room wait from now on. */
  next(): Consumer | undefined {
    for (const { ring } of this.#levels) {
      for (let consumer = ring.shift(); consumer !== undefined; consumer = ring.shift()) {
        if (consumer.state === 'gone') continue;
        if (consumer.hasRoom()) {
          ring.push(consumer);
          return consumer;
        }
        consumer.state = 'waiting';
      }
    }
    return undefined;
  }

  #ring(priority: number): Deque<Consumer> {
    const found = this.#levels.find((level) => level.priority === priority);
    if (found !== undefined) return found.ring;
    const ring = new Deque<Consumer>();
    this.#levels = [...this.#levels, { priority, ring }].sort((a, b) => b.priority - a.priority);
    return ring;
  }
}
