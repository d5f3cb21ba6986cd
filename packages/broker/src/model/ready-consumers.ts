import { assertNever } from '../errors.js';
import type { Consumer } from './consumer.js';
import { Deque } from './deque.js';

/** The consumers of one priority. */
interface Level {
  readonly priority: number;
  /** In the order of their turns; some may be gone. */
  readonly ring: Deque<Consumer>;
  /** How many in the ring are gone. */
  gone: number;
}

/** The consumers of a queue whose turn may come: the highest priority first, and within one in turn. */
export class ReadyConsumers {
  /** The highest priority first. */
  #levels: readonly Level[] = [];

  /** How many are remembered, with some that are gone. */
  get size(): number {
    return this.#levels.reduce((sum, { ring }) => sum + ring.size, 0);
  }

  /** Adds a waiting consumer behind the others of its priority; others are left as they are. */
  add(consumer: Consumer): void {
    switch (consumer.state) {
      case 'waiting':
        consumer.state = 'ready';
        this.#levelOf(consumer).ring.push(consumer);
        break;
      case 'ready':
      case 'gone':
        break;
      default:
        assertNever(consumer.state);
    }
  }

  /** A consumer is gone. Those that are gone are dropped when they are the most, so that one costs little. */
  remove(consumer: Consumer): void {
    const { state, options } = consumer;
    consumer.state = 'gone';
    const level = this.#levels.find(({ priority }) => priority === options.priority);
    if (level === undefined) return;
    if (state === 'ready') level.gone += 1;
    if (level.gone * 2 > level.ring.size) {
      level.ring.keep((other) => other.state !== 'gone');
      level.gone = 0;
    }
    if (level.ring.size === 0) this.#levels = this.#levels.filter((other) => other !== level);
  }

  /** The consumer that the next message goes to; those without room wait from now on. */
  next(): Consumer | undefined {
    for (const level of this.#levels) {
      const { ring } = level;
      for (let consumer = ring.shift(); consumer !== undefined; consumer = ring.shift()) {
        if (consumer.state === 'gone') {
          level.gone -= 1;
          continue;
        }
        if (consumer.hasRoom()) {
          ring.push(consumer);
          return consumer;
        }
        consumer.state = 'waiting';
      }
    }
    return undefined;
  }

  #levelOf({ options: { priority } }: Consumer): Level {
    const found = this.#levels.find((level) => level.priority === priority);
    if (found !== undefined) return found;
    const level = { priority, ring: new Deque<Consumer>(), gone: 0 };
    this.#levels = [...this.#levels, level].sort((a, b) => b.priority - a.priority);
    return level;
  }
}
