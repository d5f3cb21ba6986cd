import type { LmdbModule } from './lmdb-file.js';
import { createMemoryStore } from './memory-store.js';
import { type LmdbStoreOptions, type OpenedStore, openLmdbStore } from './open-lmdb-store.js';
import type { StoreLogger } from './store-logger.js';

/** A store in a directory, or in memory only. */
export type StoreOptions = LmdbStoreOptions | { readonly memory: true };

/**
 * Opens a store. lmdb is loaded here and not before; where this platform has no binary of it, what was to be durable is
 * kept in memory, with a warning.
 * @param loadLmdb how to come by lmdb
 * @throws BrokerError `data-in-use`, or `store-failed`
 */
export async function openStore(
  options: StoreOptions,
  loadLmdb: () => Promise<LmdbModule> = () => import('lmdb'),
): Promise<OpenedStore> {
  if ('memory' in options) return openMemoryStore();
  const lmdb = await loaded(loadLmdb, options.logger, options.dataDir);
  return lmdb === undefined ? openMemoryStore() : openLmdbStore(lmdb, options);
}

async function loaded(
  loadLmdb: () => Promise<LmdbModule>,
  logger: StoreLogger,
  dataDir: string,
): Promise<LmdbModule | undefined> {
  try {
    return await loadLmdb();
  } catch (error) {
    const platform = `${process.platform}-${process.arch}`;
    logger.warn(
      { error, dataDir },
      `lmdb, which keeps messages on disk, has no binary for ${platform}: messages are kept in memory and go with the ` +
        `process, and ${dataDir} is not used`,
    );
    return undefined;
  }
}

function openMemoryStore(): OpenedStore {
  const state = { nextQueueId: 1, nextPosition: 0, vhosts: new Map(), messages: [] };
  return { store: createMemoryStore(), state, durable: false };
}
