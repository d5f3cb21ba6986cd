/** Reads what a store holds when it is opened: the declared things at once, the messages when they are asked for. */
import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../model/definitions.js';
import type { StoredMessage, StoredQueue, StoredState } from '../model/store.js';
import { decodeBinding, decodeExchange, decodeQueue, type Located } from './definition-codec.js';
import {
  CATALOG_RANGE,
  FORMAT_KEY,
  messageRange,
  messagesFrom,
  NEXT_QUEUE_ID_KEY,
  parseCatalogKey,
  positionOf,
  queueIdOf,
  readPosition,
} from './keys.js';
import type { LmdbFile, Row } from './lmdb-file.js';
import { RecordReader, type RestoreContent, recordEpoch } from './message-record.js';
import { decodePurges, type Purges } from './queue-sweeper.js';

/** Everything but messages. */
export interface Catalog {
  readonly nextQueueId: number;
  readonly exchanges: readonly Located<ExchangeDefinition>[];
  readonly bindings: readonly Located<BindingDefinition>[];
  readonly queues: ReadonlyMap<number, Located<QueueDefinition>>;
  readonly purges: ReadonlyMap<number, Purges>;
  readonly delivered: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** The highest position of the queues that have messages. */
  readonly lastPositions: ReadonlyMap<number, number>;
  /** Queues that are deleted and still have rows. */
  readonly orphans: ReadonlySet<number>;
}

/** What to do when messages cannot be read. */
export interface ReadingTroubles {
  /** One message is there and is none. */
  unreadable(queueId: number, row: Row, error: unknown): void;
  /** The file itself is damaged; the error is thrown to whom was reading. */
  damaged(error: unknown): Error;
}

/** The version of the format that this code writes. */
export const FORMAT = 1;

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
  const purges = new Map<number, Purges>();
  const delivered = new Map<number, Map<number, number>>();
  for (const { key, value } of file.rows(CATALOG_RANGE)) {
    const what = parseCatalogKey(key);
    if (what?.kind === 'format') continue;
    if (what?.kind === 'next-queue-id') nextQueueId = value.readUInt32BE(0);
    else if (what?.kind === 'exchange') exchanges.push(decodeExchange(value));
    else if (what?.kind === 'binding') bindings.push(decodeBinding(value));
    else if (what?.kind !== 'queue')
      throw new RangeError(`expected a row of the store, found the key ${key.toString('hex')}`);
    else if (what.row.part === 'definition') queues.set(what.queueId, decodeQueue(value));
    else if (what.row.part === 'purges') purges.set(what.queueId, decodePurges(value));
    else deliveredOf(delivered, what.queueId).set(what.row.priority, readPosition(value, 0));
  }
  const lastPositions = new Map(lastPositionsOf(file));
  const withRows = [...purges.keys(), ...delivered.keys(), ...lastPositions.keys()];
  const orphans = new Set(withRows.filter((id) => !queues.has(id)));
  return { nextQueueId, exchanges, bindings, queues, purges, delivered, lastPositions, orphans };
}

/** Puts the catalog into the order of virtual hosts. */
export function toStoredState(
  file: LmdbFile,
  catalog: Catalog,
  restoreContent: RestoreContent,
  troubles: ReadingTroubles,
): StoredState {
  const vhosts = new Map<string, MutableVhost>();
  for (const { vhost, definition } of catalog.exchanges) vhostOf(vhosts, vhost).exchanges.push(definition);
  for (const { vhost, definition } of catalog.bindings) vhostOf(vhosts, vhost).bindings.push(definition);
  for (const [id, { vhost, definition }] of catalog.queues) {
    const epoch = catalog.purges.get(id)?.epoch ?? 0;
    const messages = { [Symbol.iterator]: () => readMessages(file, id, epoch, restoreContent, troubles) };
    const delivered = catalog.delivered.get(id) ?? new Map<number, number>();
    // Purged messages need no regard: their rows are told from new ones by the epoch, whatever the position.
    const nextPosition = Math.max(catalog.lastPositions.get(id) ?? -1, ...delivered.values()) + 1;
    vhostOf(vhosts, vhost).queues.push({ id, definition, messages, delivered, nextPosition });
  }
  return { nextQueueId: catalog.nextQueueId, vhosts };
}

function* readMessages(
  file: LmdbFile,
  queueId: number,
  epoch: number,
  restoreContent: RestoreContent,
  troubles: ReadingTroubles,
): Generator<readonly [number, StoredMessage]> {
  const reader = new RecordReader(restoreContent);
  const rows = file.rows(messageRange(queueId))[Symbol.iterator]();
  try {
    for (;;) {
      const row = nextRow(rows, troubles);
      if (row === undefined) return;
      const message = readMessage(reader, queueId, epoch, row, troubles);
      if (message !== undefined) yield [positionOf(row.key), message];
    }
  } finally {
    rows.return?.();
  }
}

function nextRow(rows: Iterator<Row>, troubles: ReadingTroubles): Row | undefined {
  try {
    const { done, value } = rows.next();
    return done ? undefined : value;
  } catch (error) {
    throw troubles.damaged(error);
  }
}

/** Undefined for a message that was purged, and for one that is none. */
function readMessage(
  reader: RecordReader,
  queueId: number,
  epoch: number,
  row: Row,
  troubles: ReadingTroubles,
): StoredMessage | undefined {
  try {
    return recordEpoch(row.value) < epoch ? undefined : reader.read(row.value);
  } catch (error) {
    troubles.unreadable(queueId, row, error);
    return undefined;
  }
}

/** Jumps from queue to queue, so that it costs the same with one message in each and with a million. */
function* lastPositionsOf(file: LmdbFile): Generator<readonly [queueId: number, position: number]> {
  let from = 0;
  for (;;) {
    const [first] = file.keys({ ...messagesFrom(from), limit: 1 });
    if (first === undefined) return;
    const queueId = queueIdOf(first);
    yield [queueId, positionOf(file.lastKey(messageRange(queueId)) ?? first)];
    from = queueId + 1;
  }
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
