import { type Column, formatColumns } from '../columns.js';
import { formatRows } from '../rows.js';
import type { QueueFacts } from './look.js';

const COLUMNS: readonly Column[] = [
  { title: 'NAME' },
  { title: 'READY', numeric: true },
  { title: 'UNACKED', numeric: true },
  { title: 'CONSUMERS', numeric: true },
  { title: 'TYPE' },
  { title: 'STATE' },
];
/** What is not known. */
const UNKNOWN = '-';

/** Queues as a table: a line each. */
export function formatTable(queues: readonly QueueFacts[]): string {
  const rows = queues.map(({ name, ready, unacked, consumers, type, state }) =>
    [name, ready, unacked, consumers, type, state].map(cell),
  );
  return formatColumns(COLUMNS, rows);
}

/** One queue with all that is known of it. */
export interface QueueDetails extends QueueFacts {
  /** Its name on the broker, prefix included. */
  readonly queue: string;
  /** Names of the tasks whose calls go to it. */
  readonly tasks: readonly string[];
  /** The queue of its dead letters; null for one of those. */
  readonly dead: QueueFacts | null;
  /** Its arguments as the management API has them. */
  readonly arguments: Readonly<Record<string, unknown>> | null;
  /** The arguments that the app declares it with; null for a queue that the app does not declare. */
  readonly declares: Readonly<Record<string, unknown>> | null;
}

/** One queue, a line for each thing that is known. */
export function formatDetails(details: QueueDetails): string {
  const { dead } = details;
  const rows: (readonly [string, string])[] = [
    ['queue', details.queue],
    ['ready', cell(details.ready)],
    ['unacked', cell(details.unacked)],
    ['consumers', cell(details.consumers)],
    ['type', cell(details.type)],
    ['state', details.state],
    ['tasks', details.tasks.join(', ') || UNKNOWN],
  ];
  if (dead !== null) rows.push(['dead letters', `${cell(dead.ready)} in ${dead.name} (${dead.state})`]);
  if (details.arguments !== null) rows.push(['arguments', formatArguments(details.arguments)]);
  else if (details.declares !== null) rows.push(['declared with', formatArguments(details.declares)]);
  return formatRows(details.name, rows);
}

/** `3 messages`, `1 message`. */
export function formatCount(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

function formatArguments(table: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(table).map(([name, value]) => `${name}=${String(value)}`);
  return parts.join(', ') || 'none';
}

function cell(value: string | number | null): string {
  return value === null ? UNKNOWN : String(value);
}
