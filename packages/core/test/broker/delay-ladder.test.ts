import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasWaited, ladderEntries, ladderEntry, ladderTopology } from '../../src/broker/delay-ladder.js';
import { type Binding, deliveryBinding, type Topology } from '../../src/broker/topology.js';
import { maxDelayMs } from '../../src/protocol/delay-key.js';

const ADDRESS = { prefix: 'eu.', unitMs: 100 };
const LADDER = ladderTopology(ADDRESS, 'quorum');
const ENTRIES = ladderEntries(ADDRESS);

/** A topic exchange's rule (AMQP 0-9-1 section 3.1.3.3): `*` is a word, `#` any number of them. */
function matches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return words.some((_, at) => matches(rest, words.slice(at))) || matches(rest, []);
  return words.length > 0 && (first === '*' || first === words[0]) && matches(rest, words.slice(1));
}

const EXCHANGES = new Map([...LADDER.exchanges, ...ENTRIES.exchanges].map((exchange) => [exchange.name, exchange]));

/** Queues that a message comes to by this exchange. */
function route(exchange: string, key: string, bindings: readonly Binding[]): string[] {
  const { type, alternate } = EXCHANGES.get(exchange) ?? {};
  const taken = bindings
    .filter((binding) => binding.exchange === exchange)
    .filter(({ routingKey }) => type === 'fanout' || matches(routingKey.split('.'), key.split('.')));
  if (taken.length === 0 && alternate !== undefined) return route(alternate, key, bindings);
  return taken.flatMap((binding) => ('queue' in binding ? [binding.queue] : route(binding.to, key, bindings)));
}

/** Leads a message from the entry through the levels to the queues behind. */
function walk(destination: string, delayMs: number, destinations: readonly string[]) {
  const delivery = destinations.map((queue) => deliveryBinding(ADDRESS.prefix, queue));
  const bindings = [...LADDER.bindings, ...ENTRIES.bindings, ...delivery];
  const levels = new Map(LADDER.queues.map((queue) => [queue.name, queue.arguments]));
  const { exchange, routingKey } = ladderEntry(ADDRESS, destination, delayMs);
  let waitedMs = 0;
  for (let at = route(exchange, routingKey, bindings); ; ) {
    const [queue = '', ...others] = at;
    const level = levels.get(queue);
    if (level === undefined || others.length > 0) return { queues: at, waitedMs };
    waitedMs += Number(level['x-message-ttl']);
    at = route(String(level['x-dead-letter-exchange']), routingKey, bindings);
  }
}

it('holds a message for its delay, rounded up to units, and brings it to its queue and to no other', () => {
  const names = ['mail', 'a.mail', 'mail.a', 'a.*', '*', '#', 'a.b', 'a..b', 'mail.', '.mail', '%2A', 'a.#'];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.integer({ min: 1, max: maxDelayMs(100) }), (queue, delayMs) => {
      expect(walk(queue, delayMs, names)).toEqual({ queues: [queue], waitedMs: Math.ceil(delayMs / 100) * 100 });
    }),
    { numRuns: 300 },
  );
});

it('enters at the highest level that it needs', () => {
  const entered = (delayMs: number) => {
    const { exchange, routingKey } = ladderEntry(ADDRESS, 'q', delayMs);
    return route(exchange, routingKey, ENTRIES.bindings);
  };
  expect([100, 101, 400, 700, maxDelayMs(100)].map(entered)).toEqual([
    ['eu.tq.delay.v1.100.0'],
    ['eu.tq.delay.v1.100.1'],
    ['eu.tq.delay.v1.100.2'],
    ['eu.tq.delay.v1.100.2'],
    ['eu.tq.delay.v1.100.27'],
  ]);
});

it('knows a message that has waited by its key, and whose it is by its exchange', () => {
  const { routingKey } = ladderEntry(ADDRESS, 'mail', 100);
  expect(hasWaited('eu.', { exchange: 'eu.tq.delay.v1.deliver', routingKey })).toBe(true);
  expect(hasWaited('eu.', { exchange: 'eu.tq.delay.v1.100.4', routingKey })).toBe(true);
  expect(hasWaited('', { exchange: 'eu.tq.delay.v1.deliver', routingKey })).toBe(false);
  expect(hasWaited('eu.', { exchange: '', routingKey: 'mail' })).toBe(false);
  expect(hasWaited('eu.', { exchange: 'eu.tq.delay.v1.deliver', routingKey: 'mail' })).toBe(false);
});

it('what no queue takes has somewhere to go at every exchange but the entries, where it is returned', () => {
  const alternates = ({ exchanges }: Topology) => new Set(exchanges.map(({ alternate }) => alternate));
  const ends = ['eu.tq.delay.lost', 'eu.tq.delay.v1.100.end'];
  const rest = LADDER.exchanges.filter(({ name }) => !ends.includes(name));
  expect(rest).toHaveLength(28);
  expect(alternates({ ...LADDER, exchanges: rest })).toEqual(new Set(['eu.tq.delay.lost']));
  expect(alternates(ENTRIES)).toEqual(new Set([undefined]));
});

it('levels keep the key, and on quorum refuse and hold instead of losing', () => {
  const level = (type: 'quorum' | 'classic') => ladderTopology(ADDRESS, type).queues[1]?.arguments;
  expect(level('quorum')).toEqual({
    'x-queue-type': 'quorum',
    'x-message-ttl': 100,
    'x-dead-letter-exchange': 'eu.tq.delay.v1.deliver',
    'x-overflow': 'reject-publish',
    'x-dead-letter-strategy': 'at-least-once',
    'x-delivery-limit': 2_147_483_647,
  });
  expect(level('classic')).toEqual({
    'x-queue-type': 'classic',
    'x-message-ttl': 100,
    'x-dead-letter-exchange': 'eu.tq.delay.v1.deliver',
  });
});

it('no level lives longer than a time to live that RabbitMQ takes, even at the largest unit', () => {
  const longest = ladderTopology({ prefix: '', unitMs: 2_000 }, 'classic').queues.at(-1)?.arguments['x-message-ttl'];
  expect(longest).toBeLessThanOrEqual(315_360_000_000);
});
