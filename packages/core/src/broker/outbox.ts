import type { PublishError } from '../errors.js';
import type { OutboundMessage, Properties } from '../protocol/message.js';
import type { Deadline } from '../time/deadlines.js';
import type { Route } from './delay-ladder.js';
import type { Lease } from './lease.js';

/** How a publish ended. */
export type PublishEnd =
  /** The broker has it: in a queue, on disk where the queue is durable. */
  | { readonly kind: 'confirmed' }
  /** No queue for it (basic.return; 312 is NO_ROUTE), or no such exchange (404, for which the broker closes the channel). */
  | { readonly kind: 'returned'; readonly code: number; readonly text: string }
  | { readonly kind: 'failed'; readonly error: PublishError }
  /** Its lease ended first, so it must not be published any more. */
  | { readonly kind: 'abandoned' };

/** One message to publish, confirmed. */
export interface PublishRequest {
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: OutboundMessage;
  /** False for what may be for nobody; all else comes back when no queue takes it. Default: true. */
  readonly mandatory?: boolean | undefined;
  /** Asked at each write instead, for a message whose way depends on the time that is left. */
  readonly routeNow?: (() => Route) | undefined;
  /** How long the confirm may take, ms; undefined as long as the lease lives. */
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Given for what a settling run publishes; such requests are bounded by the slots
   * and pass the outbox's bounds and its limit on size. */
  readonly lease?: Lease | undefined;
  /** Called once, never before `publish` returns. */
  readonly onEnd: (end: PublishEnd) => void;
}

/** A request in the outbox, from `publish` to its end. */
export interface OutboxEntry {
  readonly request: PublishRequest;
  /** Where it was published to, or is to be. */
  exchange: string;
  routingKey: string;
  /**
   * waiting: not on a channel now. written: on the channel, not confirmed. returned: written, and the broker has sent
   * it back; its confirm follows. ended: `onEnd` was called.
   */
  state: 'waiting' | 'written' | 'returned' | 'ended';
  /** What basic.return said, while `returned`. */
  returned: { readonly code: number; readonly text: string } | undefined;
  /** It was on a channel before, so the broker may have it although no confirm came. */
  everWritten: boolean;
  /** It was on a channel, or a connection, that the broker closed, perhaps because of it. */
  suspect: boolean;
  deadline: Deadline | undefined;
  onAbort: (() => void) | undefined;
}

/** An entry that waits to be written. */
export function createEntry(request: PublishRequest): OutboxEntry {
  const { exchange, routingKey } = request;

  return {
    request,
    exchange,
    routingKey,
    state: 'waiting',
    returned: undefined,
    everWritten: false,
    suspect: false,
    deadline: undefined,
    onAbort: undefined,
  };
}

/** What tells apart messages with one address: calls have a correlation id, events a message id. */
type MessageIds = Pick<Properties, 'correlationId' | 'messageId'>;

/** Bounds of an outbox. */
export interface OutboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * Messages that are not confirmed yet: those that wait, first in first out, and those on the channel, in the order
 * in which they were written. Bounded in messages and bytes, since a broker that is away or blocked takes nothing.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  #waiting: OutboxEntry[] = [];
  #head = 0;
  readonly #written = new Set<OutboxEntry>();
  #bytes = 0;
  #size = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  /** Entries that have not ended. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Entries on the channel. */
  get writtenCount(): number {
    return this.#written.size;
  }

  /** True while one more message may come in; the last one may exceed the bytes. */
  hasRoom(): boolean {
    return this.#size < this.#limits.messages && this.#bytes < this.#limits.bytes;
  }

  add(entry: OutboxEntry): void {
    // Entries that ended while they waited leave here at the latest, so that a broker that is away piles nothing up.
    this.peek();
    if (this.#waiting.length - this.#head > 2 * this.#size + COMPACT_AT) this.#dropEnded();
    this.#waiting.push(entry);
    this.#size++;
    this.#bytes += entry.request.message.body.length;
  }

  /** The next entry to write, left where it is; entries that ended while they waited are dropped on the way. */
  peek(): OutboxEntry | undefined {
    while (this.#head < this.#waiting.length) {
      const entry = this.#waiting[this.#head] as OutboxEntry;
      if (entry.state === 'waiting') return entry;
      this.#advance();
    }
    this.#waiting.length = 0;
    this.#head = 0;
    return undefined;
  }

  /** Moves the entry that `peek` gave from the waiting to the written. */
  markWritten(entry: OutboxEntry): void {
    this.#advance();
    entry.state = 'written';
    entry.everWritten = true;
    this.#written.add(entry);
  }

  /** Takes an entry out for good. */
  end(entry: OutboxEntry): void {
    this.#written.delete(entry);
    entry.state = 'ended';
    this.#size--;
    this.#bytes -= entry.request.message.body.length;
  }

  /** The channel is gone: what was on it waits again, before all the rest and in the same order. */
  rewind(): void {
    const again = [...this.#written];
    this.#written.clear();
    for (const entry of again) {
      entry.state = 'waiting';
      entry.returned = undefined;
    }
    this.#waiting = again.concat(this.#waiting.slice(this.#head));
    this.#head = 0;
  }

  /**
   * The oldest entry on the channel that a basic.return can mean: it carries no delivery tag, so its address and its ids
   * must do.
   */
  findWritten(exchange: string, routingKey: string, ids: MessageIds): OutboxEntry | undefined {
    for (const entry of this.#written) {
      if (entry.state !== 'written' || entry.routingKey !== routingKey || entry.exchange !== exchange) continue;
      const { correlationId, messageId } = entry.request.message.properties;
      if (correlationId === ids.correlationId && messageId === ids.messageId) return entry;
    }
    return undefined;
  }

  /** The entries on the channel, oldest first. */
  written(): Iterable<OutboxEntry> {
    return this.#written;
  }

  /** Ended entries behind one that waits on, which `peek` does not reach. */
  #dropEnded(): void {
    this.#waiting = this.#waiting.slice(this.#head).filter((entry) => entry.state === 'waiting');
    this.#head = 0;
  }

  #advance(): void {
    if (++this.#head < COMPACT_AT) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }

  /** Every entry that has not ended. */
  entries(): OutboxEntry[] {
    return [...this.#written, ...this.#waiting.slice(this.#head).filter((entry) => entry.state === 'waiting')];
  }
}

/** Written entries are cut off the front of the waiting list in pieces of this many. */
const COMPACT_AT = 1_024;
