import {
  type AppInternals,
  type DeathCertificate,
  deadLetterExchange,
  encodeBareDeadLetter,
  encodeDeadLetter,
  type Headers,
  type InboundMessage,
  type Lease,
  sharedNameOf,
} from '@tq/core/internal';
import type { Courier, Destination, Sent } from './courier.js';
import type { Death } from './outcome.js';

/** What leaves a dead letter. */
export interface Deceased {
  readonly lease: Lease;
  readonly message: InboundMessage;
  /** The queue that it came from, or could not be brought to; full name. */
  readonly queue: string;
  /** What is known of it that its own message does not say. */
  readonly own?: Headers | undefined;
  /** It is given up where its dead letters may not be declared. */
  readonly optional?: boolean;
}

/** Leaves dead letters, in this worker's name. */
export class Undertaker {
  readonly #app: AppInternals;
  readonly #worker: string;
  readonly #courier: Courier;

  constructor(app: AppInternals, worker: string, courier: Courier) {
    this.#app = app;
    this.#worker = worker;
    this.#courier = courier;
  }

  async bury({ lease, message, queue, own, optional = false }: Deceased, { reason, failure }: Death): Promise<Sent> {
    const time = this.#app.runtime.clock.wallTime();
    const death: DeathCertificate = { reason, failure, worker: this.#worker, time };
    const { prefix } = this.#app.options;
    // What comes to every worker has one queue of dead letters for all of them.
    const name = sharedNameOf(prefix, queue) ?? queue;
    const exchange = deadLetterExchange(prefix);
    const to: Destination = { exchange, routingKey: name, queue: name, dead: true, optional };
    const sent = await this.#courier.send(lease, to, encodeDeadLetter(message, death, own));
    if (sent !== 'unsendable') return sent;
    return this.#courier.send(lease, to, encodeBareDeadLetter(message, death));
  }
}
