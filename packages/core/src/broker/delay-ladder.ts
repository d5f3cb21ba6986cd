import { createHash } from 'node:crypto';
import { delayKey, delayUnits, destinationOf, firstLevel } from '../protocol/delay-key.js';
import {
  DELAY_LEVELS,
  delayDeliveryExchange,
  delayEnd,
  delayEntry,
  delayLevel,
  delayLostExchange,
  delayNames,
  delayStubQueue,
} from '../protocol/names.js';
import type { QueueType } from './queue-options.js';
import { type Binding, deliveryTopology, NO_DELIVERY_LIMIT, type QueueDeclaration, type Topology } from './topology.js';

/** Which ladder: apps of one prefix and one unit share it. */
export interface LadderAddress {
  readonly prefix: string;
  readonly unitMs: number;
}

/** Where to publish a message. */
export interface Route {
  readonly exchange: string;
  readonly routingKey: string;
}

/**
 * The way into the ladder of a message that is to come to a queue after a delay.
 * @param destination the queue's full name
 * @param delayMs more than 0; rounded up to whole units
 * @throws {TqError} `invalid-option` when the delay is longer than the ladder, or the name too long
 */
export function ladderEntry({ prefix, unitMs }: LadderAddress, destination: string, delayMs: number): Route {
  const units = delayUnits(unitMs, delayMs);
  return { exchange: delayEntry(prefix, unitMs, firstLevel(units)), routingKey: delayKey(units, destination) };
}

/**
 * The ladder: a queue for each level l, which holds what comes for 2^l units and lets it expire to the next lower level
 * that its key has a 1 for, or to the delivering exchange. A queue that gives all its messages one time to live is first
 * in, first out, so its head is always the next to expire.
 *
 *   enter 27 ─> queue 27 ─> exchange 26 ─┬ 1 ─> queue 26 ─> exchange 25 ─┬ …                ┌─> task queue
 *   enter 26 ─> queue 26 ───────────────> …└ 0 ─────────> exchange 25 ───┘ … ─> deliver ────┤
 *   …                                                                                       └─> lost ─> tq.delay.dead
 *
 * An exchange looks at some digits at once (left out above): from exchange 26 on, 01 leads to queue 25 and so on, and only
 * where all of them are 0 to another exchange, since a topic match of 28 words is most of what a delay costs the broker.
 *
 * What an exchange of the ladder cannot place, since somebody deleted a queue, goes to the lost too; only at an entry
 * it is returned to who publishes. The levels are to be declared first, and what leads into them (`ladderEntries`)
 * last, so that a ladder with its entries is whole.
 */
export function ladderTopology({ prefix, unitMs }: LadderAddress, type: QueueType): Topology {
  const delivery = deliveryTopology(prefix, type);
  const nameOf = (level: number) => delayLevel(prefix, unitMs, level);
  const deliver = delayDeliveryExchange(prefix);
  // By name and not by a binding, which would be gone when somebody deletes the delivery and a queue declares it again.
  const end = { name: delayEnd(prefix, unitMs), type: 'fanout', alternate: deliver } as const;
  const lost = delayLostExchange(prefix);
  const inner = LEVELS.slice(0, -1);
  return {
    exchanges: [
      ...delivery.exchanges,
      end,
      ...inner.map((level) => ({ name: nameOf(level), type: 'topic' as const, alternate: lost })),
    ],
    queues: [
      ...delivery.queues,
      ...LEVELS.map((level) =>
        levelQueue(nameOf(level), 2 ** level * unitMs, level === 0 ? deliver : nameOf(level - 1), type),
      ),
    ],
    bindings: [
      ...delivery.bindings,
      ...inner.flatMap((level): Binding[] => {
        const exchange = nameOf(level);
        const seen = LEVELS.slice(Math.max(0, level + 1 - DIGITS_AT_ONCE), level + 1);
        // The digits of the levels above, and 0 at those from here down to this one.
        const zerosTo = (lower: number) => '*.'.repeat(DELAY_LEVELS - 1 - level) + '0.'.repeat(level - lower);
        const next = level - seen.length;
        return [
          ...seen.map((lower) => ({ exchange, queue: nameOf(lower), routingKey: `${zerosTo(lower)}1.#` })),
          { exchange, to: next < 0 ? end.name : nameOf(next), routingKey: `${zerosTo(next)}#` },
        ];
      }),
    ],
  };
}

/**
 * The entries of the ladder, one a level, since who publishes knows the first 1 of the key. Fanouts: a topic exchange
 * that reads 28 words costs the broker four times what a publish to a queue does.
 */
export function ladderEntries({ prefix, unitMs }: LadderAddress): Topology {
  const nameOf = (level: number) => delayEntry(prefix, unitMs, level);
  return {
    exchanges: LEVELS.map((level) => ({ name: nameOf(level), type: 'fanout' })),
    queues: [],
    bindings: LEVELS.map((level) => ({
      exchange: nameOf(level),
      queue: delayLevel(prefix, unitMs, level),
      routingKey: '',
    })),
  };
}

/**
 * True for a message that has come to its queue through a ladder of this prefix. Its exchange is that of the last level
 * that held it, or the delivering one, so that its key tells, and the exchange only whose it is.
 */
export function hasWaited(prefix: string, { exchange, routingKey }: Route): boolean {
  return exchange !== '' && exchange.startsWith(delayNames(prefix)) && destinationOf(routingKey) !== undefined;
}

/** Name of the queue from which delayed messages go on to an exchange and key. */
export function stubName(prefix: string, exchange: string, routingKey: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([exchange, routingKey]))
    .digest('hex');
  return delayStubQueue(prefix, hash.slice(0, STUB_DIGITS));
}

/**
 * A queue that holds nothing: it gives at once what the ladder brings to it to an exchange with a key, since a message
 * leaves the ladder with a key that begins with the ladder's digits.
 */
export function stubTopology(name: string, binding: Binding, target: Route, type: QueueType): Topology {
  const own = {
    'x-queue-type': type,
    'x-message-ttl': 0,
    'x-dead-letter-exchange': target.exchange,
    'x-dead-letter-routing-key': target.routingKey,
  };
  const queue = { name, arguments: type === 'quorum' ? { ...own, ...KEEP } : own, anyType: true };
  return { exchanges: [], queues: [queue], bindings: [binding] };
}

/** With all of them at once a ladder has three times the bindings, for not much more. */
const DIGITS_AT_ONCE = 4;
const STUB_DIGITS = 32;
const LEVELS: readonly number[] = Array.from({ length: DELAY_LEVELS }, (_, level) => level);

/** No dead-letter routing key: the message's own must survive. */
function levelQueue(name: string, ttlMs: number, next: string, type: QueueType): QueueDeclaration {
  const own = { 'x-queue-type': type, 'x-message-ttl': ttlMs, 'x-dead-letter-exchange': next };
  return { name, arguments: type === 'quorum' ? { ...own, ...KEEP } : own, anyType: true };
}

/** With a delivery limit, what somebody looks at goes back to its place. */
const KEEP = {
  'x-overflow': 'reject-publish',
  'x-dead-letter-strategy': 'at-least-once',
  'x-delivery-limit': NO_DELIVERY_LIMIT,
} as const;
