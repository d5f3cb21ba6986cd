import { type Clock, SYSTEM_CLOCK } from '../clock.js';
import { BrokerError } from '../errors.js';
import type { Store, StoredState } from '../model/store.js';
import { openDataDirectory } from './data-directory.js';
import type { LmdbModule } from './lmdb-file.js';
import { LmdbStore } from './lmdb-store.js';
import type { RestoreContent } from './message-record.js';
import type { StoreLogger } from './store-logger.js';
import { type MessageFindings, toStoredState } from './stored-state.js';

/** What an lmdb store needs. */
export interface LmdbStoreOptions {
  /** Made when it is not there. */
  readonly dataDir: string;
  readonly restoreContent: RestoreContent;
  /** Called once, when a write failed (the disk is full). From then on nothing is kept, and nobody is called back. */
  readonly onError: (error: BrokerError) => void;
  readonly logger: StoreLogger;
  /** Default the system's. */
  readonly clock?: Clock | undefined;
  /** See `DataDirectoryOptions`. */
  readonly compactAboveBytes?: number | undefined;
}

/** A store that was opened, and what it held. */
export interface OpenedStore {
  readonly store: Store;
  readonly state: StoredState;
  /** What is confirmed outlives the process. */
  readonly durable: boolean;
}

/**
 * Opens the store of a data directory. Whoever calls reads the messages in the turn in which this resolves: a process that
 * dies of reading a damaged file is known by that at the next start (`opening-mark`).
 * @throws BrokerError `data-in-use`, or `store-failed`; the iteration of messages `store-failed` too
 */
export async function openLmdbStore(lmdb: LmdbModule, options: LmdbStoreOptions): Promise<OpenedStore> {
  const directory = await openDataDirectory({ lmdb, ...options });
  const { file, lock, catalog } = directory;
  let damaged = false;
  const opened = afterThisTurn().then(() => (damaged ? undefined : directory.finishOpening()));
  const { clock = SYSTEM_CLOCK, onError } = options;
  const store = new LmdbStore({ opened, file, lock, catalog, clock, onError });
  const findings: MessageFindings = {
    unreadable(position, { value }, queueId, error) {
      store.putAside(position, value);
      const queue = queueId === undefined ? undefined : catalog.queues.get(queueId)?.definition.name;
      reportUnreadable(options, queue, position, error);
    },
    damaged(cause) {
      damaged = true;
      return damageFound(options.dataDir, cause);
    },
    finished: (leftOver) => store.takeUpRemovals(catalog, leftOver),
  };
  return { store, state: toStoredState(file, catalog, options.restoreContent, findings), durable: true };
}

function reportUnreadable(
  { dataDir, logger }: LmdbStoreOptions,
  queue: string | undefined,
  position: number,
  error: unknown,
) {
  const where = queue === undefined ? 'no queue' : `queue ${queue}`;
  logger.warn(
    { queue, position, error },
    `message ${position} of ${where} cannot be read (${String(error)}): it is left out, and its bytes stay in ${dataDir}`,
  );
}

function damageFound(dataDir: string, cause: unknown): BrokerError {
  return new BrokerError(
    'store-failed',
    `expected to read messages from the data directory ${dataDir}, found damage (${String(cause)}): ` +
      'start again, then its file is moved aside',
    { cause },
  );
}

function afterThisTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
