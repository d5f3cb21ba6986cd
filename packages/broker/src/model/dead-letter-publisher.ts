import { assertNever } from '../errors.js';
import type { FieldTable } from '../field-value.js';
import { type DeathReason, deadLetter } from './dead-letter.js';
import { isDeathCycle } from './death-history.js';
import { Deque } from './deque.js';
import type { Exchange } from './exchange.js';
import type { Message } from './message.js';
import type { Queue } from './queue.js';
import { keptCopyKeys } from './routing-keys.js';

/** What publishing dead letters needs of the virtual host. */
export interface DeadLetterHost {
  /** Wall time in ms. */
  wall(): number;
  findExchange(name: string): Exchange | undefined;
  /** The queues that a message reaches by these keys. */
  route(exchange: Exchange, keys: readonly string[], headers: FieldTable): readonly Queue[];
}

interface Death {
  readonly queue: Queue;
  readonly message: Message;
  readonly reason: DeathReason;
}

/**
 * Publishes dead letters to the exchanges of the queues that they come from. Queues that would send a letter round for
 * ever are left out.
 */
export class DeadLetterPublisher {
  readonly #host: DeadLetterHost;
  readonly #waiting = new Deque<Death>();
  #state: 'idle' | 'publishing' = 'idle';

  constructor(host: DeadLetterHost) {
    this.#host = host;
  }

  /**
   * Publishes a letter, whatever becomes of it. One letter may push another one out of a full queue, and that one the
   * next: they go one after the other, since calls within calls would end with the stack.
   */
  publish(queue: Queue, message: Message, reason: DeathReason): void {
    this.#waiting.push({ queue, message, reason });
    switch (this.#state) {
      case 'publishing':
        break;
      case 'idle':
        this.#state = 'publishing';
        try {
          this.#publishWaiting();
        } finally {
          this.#state = 'idle';
        }
        break;
      default:
        assertNever(this.#state);
    }
  }

  /**
   * Publishes a letter to those of its queues that have not taken it yet.
   * @param taken queues that have taken it; grows
   * @returns whether it has a queue, and all of its queues have taken it
   */
  publishToAll(queue: Queue, message: Message, reason: DeathReason, taken: Set<Queue>): boolean {
    const { letter, queues } = this.#address({ queue, message, reason });
    for (const target of queues) {
      if (taken.has(target)) continue;
      const enqueued = target.enqueue(letter);
      if (enqueued === 'stored' || enqueued === 'kept') taken.add(target);
    }
    return taken.size > 0 && queues.every((target) => taken.has(target));
  }

  #publishWaiting(): void {
    for (let death = this.#waiting.shift(); death !== undefined; death = this.#waiting.shift()) {
      const { letter, queues } = this.#address(death);
      for (const target of queues) target.enqueue(letter);
    }
  }

  /** The letter as it is published, and the queues that it goes to. */
  #address({ queue, message, reason }: Death): { readonly letter: Message; readonly queues: readonly Queue[] } {
    const { deadLetterExchange = '', deadLetterRoutingKey } = queue.settings;
    const exchange = this.#host.findExchange(deadLetterExchange);
    if (exchange === undefined) return { letter: message, queues: [] };
    const timeSeconds = Math.floor(this.#host.wall() / 1_000);
    const death = { queue: queue.name, reason, timeSeconds, deadLetterExchange, deadLetterRoutingKey };
    const letter = deadLetter(message, death);
    const headers = letter.content.headers();
    const { routingKey, blindKeys } = letter;
    const rerouted = deadLetterRoutingKey !== undefined;
    const keys = rerouted ? [routingKey] : [routingKey, ...keptCopyKeys(headers), ...blindKeys];
    const queues = this.#host.route(exchange, keys, headers);
    return { letter, queues: queues.filter(({ name }) => !isDeathCycle(headers, name)) };
  }
}
