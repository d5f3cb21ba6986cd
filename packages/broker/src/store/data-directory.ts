/**
 * Makes a data directory ready for use: `data.mdb` holds everything, `owner.mdb` keeps a second broker away, and the
 * files that end in `-lock` are lmdb's. `opening` stands there while it is opened (`opening-mark`). What is damaged is moved
 * to `data.mdb.damaged-TIME`.
 */
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, SYSTEM_CLOCK } from '../clock.js';
import { BrokerError } from '../errors.js';
import { ChangeBatch } from './change-batch.js';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';
import { checkFile, type FileCheck, lacksPages } from './file-check.js';
import { FORMAT_KEY } from './keys.js';
import { isDamage, LmdbFile, type LmdbModule, lmdbCode } from './lmdb-file.js';
import { checkApart, markOpening, unmarkOpening } from './opening-mark.js';
import type { StoreLogger } from './store-logger.js';
import { type Catalog, FORMAT, readCatalog, readFormat } from './stored-state.js';

/** Smaller files are not worth the work. */
const COMPACT_ABOVE_BYTES = 16 * 1024 * 1024;

/** Room for the first pages of both files, their locks, and a first transaction. */
const REQUIRED_BYTES = 1024 * 1024;

/** What is needed to open a data directory. */
export interface DataDirectoryOptions {
  readonly lmdb: LmdbModule;
  readonly dataDir: string;
  readonly logger: StoreLogger;
  /** For the names of files that are moved aside; default the system's. */
  readonly clock?: Clock | undefined;
  /** Files of at least this size are compacted at the start when more than half of them is free; default 16 MiB. */
  readonly compactAboveBytes?: number | undefined;
}

/** An open data directory. */
export interface DataDirectory {
  readonly file: LmdbFile;
  readonly catalog: Catalog;
  readonly lock: DirectoryLock;
  /** To be called once the messages have been read. */
  finishOpening(): Promise<void>;
}

/**
 * Opens a data directory, and makes it when it is not there.
 * @throws BrokerError `data-in-use`; `store-failed` when it has another format, or the system refuses
 */
export async function openDataDirectory(options: DataDirectoryOptions): Promise<DataDirectory> {
  const { lmdb, dataDir } = options;
  let lock: DirectoryLock | undefined;
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await requireSpace(dataDir);
    lock = await lockDirectory(lmdb, dataDir);
    const unfinished = await markOpening(dataDir);
    const opened = (await openFile(options, unfinished)) ?? (await openFile(options, false));
    if (opened === undefined) throw new Error('a new file is damaged');
    return { ...opened, lock, finishOpening: () => unmarkOpening(dataDir) };
  } catch (error) {
    if (lock !== undefined) await unmarkOpening(dataDir);
    await lock?.release();
    if (error instanceof BrokerError) throw error;
    throw new BrokerError(
      'store-failed',
      `expected to read and write in the data directory ${dataDir}, found: ${textOf(error)}. ` +
        'Check its permissions and the free space, or choose another directory',
      { cause: error },
    );
  }
}

/** lmdb ends the process when there is no room for the first pages of its files. */
async function requireSpace(dataDir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free < REQUIRED_BYTES) throw new Error(`${free} bytes free where ${REQUIRED_BYTES} are needed to start`);
}

type OpenedFile = Pick<DataDirectory, 'file' | 'catalog'>;

/**
 * @param unfinished the last opening did not come to its end
 * @returns undefined when a damaged file was there and has been moved aside
 */
async function openFile(options: DataDirectoryOptions, unfinished: boolean): Promise<OpenedFile | undefined> {
  const { lmdb, dataDir } = options;
  const path = join(dataDir, 'data.mdb');
  // What a crash left of a compaction.
  await rm(compactedPath(path), { force: true });
  let check = await checkFile(path);
  if (check.found === 'store' && unfinished) check = await checkApart(path);
  if (check.found === 'damage') return moveAside(options, path, check.reason);
  if (check.found === 'other-format') throw otherFormat(dataDir, `data format ${check.format} of lmdb`);
  const file = new LmdbFile(lmdb, path);
  try {
    const read = await readFile(file, path, dataDir);
    if ('reason' in read) {
      await file.close();
      return moveAside(options, path, read.reason);
    }
    return { file: await compact(options, path, file), catalog: read };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads everything but the messages, and walks all pages, so that damage shows here and not when a message is read. */
async function readFile(file: LmdbFile, path: string, dataDir: string): Promise<Catalog | Damage> {
  if (await lacksPages(path, file.usage().total)) {
    const check = await checkApart(path);
    if (check.found === 'damage') return check;
  }
  try {
    const format = readFormat(file);
    if (format !== undefined && format !== FORMAT) throw otherFormat(dataDir, `format ${format}`);
    const rows = file.countRows();
    if (format === undefined && rows > 0) throw new RangeError('it has rows and does not say in which format');
    if (format === undefined) await beginStore(file, dataDir);
    return readCatalog(file);
  } catch (error) {
    if (error instanceof BrokerError || isRefusal(error)) throw error;
    return { found: 'damage', reason: textOf(error) };
  }
}

type Damage = FileCheck & { readonly found: 'damage' };

async function beginStore(file: LmdbFile, dataDir: string): Promise<void> {
  const batch = new ChangeBatch();
  const version = Buffer.alloc(4);
  version.writeUInt32BE(FORMAT);
  batch.put(FORMAT_KEY, version);
  await file.write(batch);
  await syncDirectory(dataDir);
}

async function moveAside(options: DataDirectoryOptions, path: string, reason: string) {
  const { dataDir, logger, clock = SYSTEM_CLOCK } = options;
  const time = new Date(clock.wall()).toISOString().replaceAll(/[-:.]/g, '');
  const movedTo = `${path}.damaged-${time}`;
  await rename(path, movedTo);
  await rm(`${path}-lock`, { force: true });
  await syncDirectory(dataDir);
  logger.warn({ path, movedTo, reason }, `${path} is damaged (${reason}): moved to ${movedTo}, and beginning empty`);
  return undefined;
}

/**
 * Copies a file that is mostly free pages, and puts the copy into its place. Until the rename, which happens as a whole
 * or not at all, the old file is the one that counts.
 */
async function compact(options: DataDirectoryOptions, path: string, file: LmdbFile): Promise<LmdbFile> {
  const { total, used } = file.usage();
  if (total < (options.compactAboveBytes ?? COMPACT_ABOVE_BYTES) || used * 2 > total) return file;
  const copy = compactedPath(path);
  try {
    await file.copyTo(copy);
    await sync(copy);
  } catch (error) {
    // Without room for a copy the file stays as it is.
    await rm(copy, { force: true });
    options.logger.warn({ path, error }, `${path} could not be compacted: ${textOf(error)}`);
    return file;
  }
  await file.close();
  await rename(copy, path);
  await syncDirectory(options.dataDir);
  return new LmdbFile(options.lmdb, path);
}

function compactedPath(path: string): string {
  return `${path}.compacting`;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes new names in a directory safe from a power failure. Windows does so by itself, and opens no directories. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function otherFormat(dataDir: string, found: string): BrokerError {
  return new BrokerError(
    'store-failed',
    `expected the data directory ${dataDir} to have format ${FORMAT}, found ${found}: ` +
      'use the version of the broker that wrote it, or another directory to begin empty',
  );
}

/** The system, or lmdb on its behalf, refuses to read or write; anything else that goes wrong is about what was read. */
function isRefusal(error: unknown): boolean {
  if (isDamage(error)) return false;
  return lmdbCode(error) !== undefined || (error as { readonly syscall?: unknown } | undefined)?.syscall !== undefined;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
