import type { HeaderValue, KnownBinding, Topology, TopologyDifference } from '@tq/core';
import { describeBinding } from '@tq/core/internal';
import { formatColumns } from '../columns.js';

/** What an app declares, a table for each kind of thing. */
export function formatTopology({ exchanges, queues, bindings }: Topology): string {
  const ofExchanges = exchanges.map((exchange) => {
    const alternate = exchange.alternate === undefined ? {} : { 'alternate-exchange': exchange.alternate };
    const internal = exchange.internal ? ['internal'] : [];
    return [
      exchange.name,
      exchange.type,
      [...flagsOf(exchange), ...internal, ...argumentsOf({ ...alternate, ...exchange.arguments })].join(', '),
    ];
  });
  const ofQueues = queues.map((queue) => {
    const exclusive = queue.exclusive ? ['exclusive'] : [];
    return [queue.name, [...flagsOf(queue), ...exclusive, ...argumentsOf(queue.arguments)].join(', ')];
  });
  const ofBindings = bindings.map((binding) => {
    const [to, kind] = 'queue' in binding ? [binding.queue, 'queue'] : [binding.to, 'exchange'];
    return [binding.exchange, `${kind} ${to}`, binding.routingKey, argumentsOf(binding.arguments ?? {}).join(', ')];
  });
  const tables = [
    table(['EXCHANGE', 'TYPE', 'PROPERTIES'], ofExchanges),
    table(['QUEUE', 'PROPERTIES'], ofQueues),
    table(['FROM', 'TO', 'KEY', 'ARGUMENTS'], ofBindings),
  ];
  return tables.filter((text) => text !== '').join('\n\n');
}

/** What is different, a paragraph for each thing: its differences, and what to do. */
export function formatDifferences(differences: readonly TopologyDifference[]): string {
  return differences.map((difference) => `${lineOf(difference)}\n  ${difference.fix}`).join('\n');
}

function lineOf({ what, name, kind, property, wanted, found }: TopologyDifference): string {
  const head = `${what} ${name}: `;
  switch (kind) {
    case 'different':
      return `${head}${property} is to be ${show(wanted)}, the broker has ${show(found)}`;
    case 'missing':
      return `${head}missing${wanted === undefined ? '' : ` (${String(wanted)})`}`;
    case 'unavailable':
      return `${head}its node is down`;
    case 'exclusive':
      return `${head}exclusive to another connection`;
    case 'refused':
      return `${head}not to be compared`;
  }
}

/** Bindings that the app does not declare, a line each. */
export function formatExtra(extra: readonly KnownBinding[]): string {
  return extra
    .map(
      (binding) => `binding ${binding.source} to ${binding.destination}: not the app's (${describeBinding(binding)})`,
    )
    .join('\n');
}

/** `3 queues`, `1 queue`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function show(value: HeaderValue): string {
  return value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
}

function flagsOf({
  durable = true,
  autoDelete = false,
  passive = false,
}: {
  readonly durable?: boolean | undefined;
  readonly autoDelete?: boolean | undefined;
  readonly passive?: boolean | undefined;
}): readonly string[] {
  if (passive) return ['declared by others'];
  return [durable ? 'durable' : 'not durable', ...(autoDelete ? ['auto-delete'] : [])];
}

function argumentsOf(table: Readonly<Record<string, HeaderValue>>): readonly string[] {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined);
  return entries.map(([name, value]) => `${name}=${show(value)}`);
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  return formatColumns(
    titles.map((title) => ({ title })),
    rows,
  );
}
