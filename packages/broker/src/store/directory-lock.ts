/**
 * Keeps a second broker away from a data directory.
 *
 * A small lmdb file of its own, `owner.mdb`, has a table of the processes that read it. Each owner reads it all its life;
 * who finds a reader there is refused. The kernel frees the entry with the process, however that ends, since lmdb holds
 * file locks for it (a shared one on the file, one for each process; on Windows the process's handle), and a file that
 * nobody has open gets a new table. So there is no stale lock, whatever pids are used again, and containers that share
 * the directory see each other, which a pid in a file or a socket's name would not give. Looking and entering happen in
 * one lmdb write transaction, so that of two who come at once one gets in.
 */
import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootDatabase, Transaction } from 'lmdb';
import { BrokerError } from '../errors.js';
import { checkFile } from './file-check.js';
import type { LmdbModule } from './lmdb-file.js';

/** A data directory that is held. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * The directories held by this process, links resolved, with the transaction that reads the owner file: lmdb ends one that
 * nothing refers to. Undefined while it is being opened.
 */
const heldHere = new Map<string, Transaction | undefined>();

/**
 * Takes a directory that exists.
 * @throws BrokerError `data-in-use` when a process, this one included, has it
 */
export async function lockDirectory(lmdb: LmdbModule, dataDir: string): Promise<DirectoryLock> {
  const path = await realpath(dataDir);
  if (heldHere.has(path)) throw inUse(dataDir, process.pid);
  heldHere.set(path, undefined);
  try {
    const database = await openOwnerFile(lmdb, join(path, 'owner.mdb'));
    const owner = enter(database);
    if (typeof owner === 'number') {
      await database.close();
      throw inUse(dataDir, owner);
    }
    heldHere.set(path, owner);
    return { release: () => leave(path, database) };
  } catch (error) {
    heldHere.delete(path);
    throw error;
  }
}

/** Begins to read, unless somebody does already: then that one's pid. */
function enter(database: RootDatabase): Transaction | number {
  return database.transactionSync(() => {
    database.readerCheck();
    return firstPid(database.readerList()) ?? database.useReadTransaction();
  });
}

async function leave(path: string, database: RootDatabase): Promise<void> {
  heldHere.get(path)?.done();
  await database.close();
  heldHere.delete(path);
}

/** The file holds nothing, and so it is never flushed: what a power failure leaves of it may be thrown away. */
async function openOwnerFile(lmdb: LmdbModule, file: string): Promise<RootDatabase> {
  const { found } = await checkFile(file);
  if (found === 'damage' || found === 'other-format')
    for (const name of [file, `${file}-lock`]) await rm(name, { force: true });
  return lmdb.open({ path: file, noSubdir: true, noSync: true, encoding: 'binary', keyEncoding: 'binary' });
}

/** The first process of lmdb's table: a line of headings, then a line `PID THREAD TRANSACTION` for each reader. */
function firstPid(readers: string): number | undefined {
  const pid = /^\s*(\d+)\s/m.exec(readers)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function inUse(dataDir: string, pid: number): BrokerError {
  return new BrokerError(
    'data-in-use',
    `expected the data directory ${dataDir} to be free, found that process ${pid} uses it: ` +
      'stop that process, or give this one another directory',
  );
}
