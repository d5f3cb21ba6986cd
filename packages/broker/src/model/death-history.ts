/** The header x-death: what queues a message died in, how often and why, the latest death first. */
import { type FieldTable, type FieldValue, field, integerOf, long, textOf } from '../field-value.js';
import { comparisonKey, sortedByName } from './table-equality.js';

/**
 * Headers with one more death. A second one in the same queue for the same reason counts up the entry of the first,
 * which otherwise stays as it was, and moves it to the front. An x-death that is no array, as clients make it of the
 * header when they publish a message again, is replaced.
 * @param death the entry without its count: reason, queue, time, exchange, routing-keys, perhaps original-expiration
 */
export function withDeath(headers: FieldTable, death: FieldTable): FieldTable {
  const history = field(headers, 'x-death');
  const first: FieldTable = [['count', long(1)], ...death];
  if (history === undefined) {
    const firsts = (['reason', 'queue', 'exchange'] as const).reduce(
      (table, name) => withField(table, `x-first-death-${name}`, field(death, name)),
      headers,
    );
    return withField(firsts, 'x-death', { tag: 'A', value: [{ tag: 'F', value: first }] });
  }
  if (history.tag !== 'A') return withField(headers, 'x-death', { tag: 'A', value: [{ tag: 'F', value: first }] });
  const key = groupKey({ tag: 'F', value: death });
  const entries = grouped(history.value);
  const known = entries.find((entry) => groupKey(entry) === key);
  const latest = known?.tag === 'F' ? countedUp(known.value) : first;
  const others = entries.filter((entry) => entry !== known);
  return withField(headers, 'x-death', { tag: 'A', value: [{ tag: 'F', value: sortedByName(latest) }, ...others] });
}

/**
 * Whether a dead letter on its way to this queue goes round without anyone having had it: it has died there before, and
 * no death since then, that one included, was a rejection. Such a letter is dropped from that queue. A letter that was
 * just rejected never is; its own death is part of the history.
 * @param headers of the dead letter, as `deadLetter` made them
 */
export function isDeathCycle(headers: FieldTable, queue: string): boolean {
  const history = field(headers, 'x-death');
  if (history?.tag !== 'A') return false;
  for (const entry of history.value) {
    // Nothing but a client puts anything else there, so that somebody has had the message.
    if (entry.tag !== 'F' || textOf(field(entry.value, 'reason')) === 'rejected') return false;
    if (textOf(field(entry.value, 'queue')) === queue) return true;
  }
  return false;
}

/**
 * Entries of the same queue and reason as one, the first of them. RabbitMQ turns the order round in doing so, which
 * clients can see: of the deaths before the latest, the oldest and the newest are first by turns.
 */
function grouped(entries: readonly FieldValue[]): readonly FieldValue[] {
  if (entries.length < 2) return entries;
  const groups = new Map<string, FieldValue[]>();
  for (const entry of entries) {
    const key = groupKey(entry);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()].map(merged).reverse();
}

/** Entries of RabbitMQ before 3.5 have no count, and one stands for each death. */
function merged(group: readonly FieldValue[]): FieldValue {
  const [entry] = group;
  if (entry?.tag !== 'F' || field(entry.value, 'count') !== undefined) return entry ?? { tag: 'V', value: undefined };
  return { tag: 'F', value: [['count', long(group.length)], ...entry.value] };
}

function countedUp(entry: FieldTable): FieldTable {
  const count = integerOf(field(entry, 'count'));
  if (field(entry, 'count') === undefined) return [['count', long(1)], ...entry];
  return withField(entry, 'count', long((count ?? 0) + 1));
}

/** What two entries share that are of the same queue and reason. */
function groupKey(entry: FieldValue): string {
  if (entry.tag !== 'F') return `other ${comparisonKey(entry)}`;
  const part = (name: string) => {
    const value = field(entry.value, name);
    return value === undefined ? '' : comparisonKey(value);
  };
  return `death ${part('queue')}\0${part('reason')}`;
}

/** Replaces a field or adds it, and leaves the table sorted, as RabbitMQ does. */
function withField(table: FieldTable, name: string, value: FieldValue | undefined): FieldTable {
  if (value === undefined) return table;
  const at = table.findIndex(([key]) => key === name);
  return sortedByName(at < 0 ? [...table, [name, value]] : table.with(at, [name, value]));
}
