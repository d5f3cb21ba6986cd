/** Reads what a store holds when it is opened: the declared things at once, the messages when they are asked for. */
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../model/definitions.js';
import type { StoredMessage, StoredQueue, StoredState } from '../model/store.js';
import { decodeBinding, decodeExchange, decodeQueue, type Located } from './definition-codec.js';
import {
  CATALOG_RANGE,
  FORMAT_KEY,
  MESSAGE_RANGE,
  NEXT_QUEUE_ID_KEY,
  parseCatalogKey,
  positionOf,
  readPosition,
  UNREADABLE_RANGE,
} from './keys.js';
import type { LmdbFile, Row } from './lmdb-file.js';
import { RecordReader, type RestoreContent, recordQueueId } from './message-record.js';

/** Everything but messages. */
export interface Catalog {
  readonly nextQueueId: number;
  /** Above every position that a row has or speaks of. */
  readonly nextPosition: number;
  readonly exchanges: readonly Located<ExchangeDefinition>[];
  readonly bindings: readonly Located<BindingDefinition>[];
  readonly queues: ReadonlyMap<number, Located<QueueDefinition>>;
  /** For queues whose last purge was not carried out to its end: up to which position messages are gone. */
  readonly purged: ReadonlyMap<number, number>;
  readonly delivered: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** Queues that are deleted and still have rows other than messages. */
  readonly orphans: ReadonlySet<number>;
}

/** Who is told of what is found among the messages. */
export interface MessageFindings {
  /** One message is there and is none. */
  unreadable(position: number, row: Row, queueId: number | undefined, error: unknown): void;
  /** The file itself is damaged; the error is thrown to whom was reading. */
  damaged(error: unknown): Error;
  /** All rows were read. `leftOver` are messages that were purged, or whose queue is deleted. */
  finished(leftOver: readonly number[]): void;
}

/** The version of the format that this code writes. */
export const FORMAT = 2;

/** The version of the format that a store is in; undefined when it does not say. */
export function readFormat(file: LmdbFile): number | undefined {
  const [row] = file.rows({ start: FORMAT_KEY, end: NEXT_QUEUE_ID_KEY });
  return row?.value.readUInt32BE(0);
}

/** @throws when a row is not what it should be: then the store is damaged, since without it messages would be orphans */
export function readCatalog(file: LmdbFile): Catalog {
  let nextQueueId = 1;
  const exchanges: Located<ExchangeDefinition>[] = [];
  const bindings: Located<BindingDefinition>[] = [];
  const queues = new Map<number, Located<QueueDefinition>>();
  const purged = new Map<number, number>();
  const delivered = new Map<number, Map<number, number>>();
  for (const { key, value } of file.rows(CATALOG_RANGE)) {
    const what = parseCatalogKey(key);
    if (what?.kind === 'format') continue;
    if (what?.kind === 'next-queue-id') nextQueueId = value.readUInt32BE(0);
    else if (what?.kind === 'exchange') exchanges.push(decodeExchange(value));
    else if (what?.kind === 'binding') bindings.push(decodeBinding(value));
    else if (what?.kind === 'queue') queues.set(what.queueId, decodeQueue(value));
    else if (what?.kind === 'purged') purged.set(what.queueId, readPosition(value, 0));
    else if (what?.kind === 'delivered')
      deliveredOf(delivered, what.queueId).set(what.priority, readPosition(value, 0));
    else throw new RangeError(`expected a row of the store, found the key ${key.toString('hex')}`);
  }
  const orphans = new Set([...purged.keys(), ...delivered.keys()].filter((id) => !queues.has(id)));
  const marks = [...purged.values(), ...[...delivered.values()].flatMap((positions) => [...positions.values()])];
  const nextPosition = marks.reduce((highest, mark) => Math.max(highest, mark), lastPosition(file)) + 1;
  return { nextQueueId, nextPosition, exchanges, bindings, queues, purged, delivered, orphans };
}

/** The highest position of a message, -1 when there is none. */
function lastPosition(file: LmdbFile): number {
  const keys = [file.lastKey(MESSAGE_RANGE), file.lastKey(UNREADABLE_RANGE)];
  return Math.max(...keys.map((key) => (key === undefined ? -1 : positionOf(key))));
}

/** Puts the catalog into the order of virtual hosts. */
export function toStoredState(
  file: LmdbFile,
  catalog: Catalog,
  restoreContent: RestoreContent,
  findings: MessageFindings,
): StoredState {
  const vhosts = new Map<string, MutableVhost>();
  for (const { vhost, definition } of catalog.exchanges) vhostOf(vhosts, vhost).exchanges.push(definition);
  for (const { vhost, definition } of catalog.bindings) vhostOf(vhosts, vhost).bindings.push(definition);
  for (const [id, { vhost, definition }] of catalog.queues) {
    vhostOf(vhosts, vhost).queues.push({ id, definition, delivered: catalog.delivered.get(id) ?? new Map() });
  }
  const messages = { [Symbol.iterator]: () => readMessages(file, catalog, restoreContent, findings) };
  return { nextQueueId: catalog.nextQueueId, nextPosition: catalog.nextPosition, vhosts, messages };
}

function* readMessages(
  file: LmdbFile,
  catalog: Catalog,
  restoreContent: RestoreContent,
  findings: MessageFindings,
): Generator<readonly [queueId: number, position: number, message: StoredMessage]> {
  const readers = new Map<number, RecordReader>();
  const leftOver: number[] = [];
  const rows = file.rows(MESSAGE_RANGE)[Symbol.iterator]();
  try {
    for (let row = nextRow(rows, findings); row !== undefined; row = nextRow(rows, findings)) {
      const position = positionOf(row.key);
      let queueId: number | undefined;
      let message: StoredMessage;
      try {
        queueId = recordQueueId(row.value);
        if (!catalog.queues.has(queueId) || position <= (catalog.purged.get(queueId) ?? -1)) {
          leftOver.push(position);
          continue;
        }
        message = readerOf(readers, queueId, restoreContent).read(row.value);
      } catch (error) {
        findings.unreadable(position, row, queueId, error);
        continue;
      }
      yield [queueId, position, message];
    }
    findings.finished(leftOver);
  } finally {
    rows.return?.();
  }
}

function nextRow(rows: Iterator<Row>, findings: MessageFindings): Row | undefined {
  try {
    const { done, value } = rows.next();
    return done ? undefined : value;
  } catch (error) {
    throw findings.damaged(error);
  }
}

/** One for each queue, since the messages of one are alike. */
function readerOf(readers: Map<number, RecordReader>, queueId: number, restoreContent: RestoreContent): RecordReader {
  let reader = readers.get(queueId);
  if (reader === undefined) {
    reader = new RecordReader(restoreContent);
    readers.set(queueId, reader);
  }
  return reader;
}

interface MutableVhost {
  readonly exchanges: ExchangeDefinition[];
  readonly queues: StoredQueue[];
  readonly bindings: BindingDefinition[];
}

function vhostOf(vhosts: Map<string, MutableVhost>, name: string): MutableVhost {
  let vhost = vhosts.get(name);
  if (vhost === undefined) {
    vhost = { exchanges: [], queues: [], bindings: [] };
    vhosts.set(name, vhost);
  }
  return vhost;
}

function deliveredOf(delivered: Map<number, Map<number, number>>, queueId: number): Map<number, number> {
  let positions = delivered.get(queueId);
  if (positions === undefined) {
    positions = new Map();
    delivered.set(queueId, positions);
  }
  return positions;
}
