/** lmdb as the store uses it: one table of binary keys and values in one file, written in batches, read in order. */
import type { open as openLmdb, RootDatabase } from 'lmdb';
import type { StoredMessage } from '../model/store.js';
import type { BatchTarget, ChangeBatch } from './change-batch.js';
import { deliveredKey, MESSAGE_KEY_SIZE, positionValue, writeMessageKey } from './keys.js';
import { recordSize, writeRecord } from './message-record.js';

/** The module `lmdb`, which is not there on every platform. */
export interface LmdbModule {
  readonly open: typeof openLmdb;
}

/** Rows in the order of their keys. */
export interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** From where to where to read; `limit` counts rows. */
export interface RowRange {
  readonly start: Buffer;
  readonly end: Buffer;
  readonly limit?: number;
}

/** How much of the file is in use, in bytes. */
export interface Usage {
  /** Up to the last page that was ever taken. */
  readonly total: number;
  readonly used: number;
}

/** Three messages of 1 KB waste a quarter of a page of 4,096 bytes, and lmdb fills it with two; larger pages waste less. */
const PAGE_SIZE = 8_192;
/** Messages that are to be written are gathered in blocks of this size; larger ones get a block of their own. */
const BLOCK_SIZE = 262_144;
/** What is read is gathered in blocks of this size, each of which lives as long as anything in it. */
const READ_BLOCK_SIZE = 65_536;
/** How many blocks are kept for the next batch. */
const KEPT_BLOCKS = 4;

/**
 * An open file.
 *
 * A batch is written and flushed on a thread of its own. While one is under way no other may be handed over, which keeps
 * the blocks of memory simple and makes the reads of `rows` see everything that was handed over before.
 */
export class LmdbFile {
  readonly #database: RootDatabase<Buffer, Buffer>;
  readonly #blocks: Buffer[] = [];
  #block = 0;
  #blockOffset = 0;
  #readBlock = Buffer.alloc(0);
  #readOffset = 0;

  /** @param file path; a file that lmdb cannot open may end the process, so that it has been checked before */
  constructor(lmdb: LmdbModule, file: string) {
    this.#database = lmdb.open<Buffer, Buffer>({
      path: file,
      noSubdir: true,
      pageSize: PAGE_SIZE,
      keyEncoding: 'binary',
      encoding: 'binary',
      encoder: { encode: (value: Buffer) => value, decode: (value: Buffer) => this.#stableCopy(value) },
      // Batches are put together here; lmdb's own way of doing so would hold a lone one back for a turn.
      eventTurnBatching: false,
      // One batch is under way at a time, so that there is nothing for a flush to overlap with.
      overlappingSync: false,
    });
  }

  /** Rows of a range, read as they are asked for, from the state of the moment when the reading began. */
  rows(range: RowRange): Iterable<Row> {
    return this.#database.getRange(range);
  }

  /** Keys of a range. */
  keys(range: RowRange): Iterable<Buffer> {
    return this.#database.getKeys(range);
  }

  /** The last key of a range, neither of whose ends is a key itself. */
  lastKey({ start, end }: RowRange): Buffer | undefined {
    const [key] = this.#database.getKeys({ start: end, end: start, reverse: true, limit: 1 });
    return key;
  }

  /** Walks the whole tree and counts its rows. @throws lmdb's error when a page is not what it should be */
  countRows(): number {
    return this.#database.getCount({ start: Buffer.from([0]) });
  }

  /** What the file holds, and how much of that is free pages. */
  usage(): Usage {
    const stats = this.#database.getStats() as PageCounts & {
      readonly pageSize: number;
      readonly lastPageNumber: number;
      readonly free: PageCounts;
    };
    const metaPages = 2;
    const pages = metaPages + pagesOf(stats) + pagesOf(stats.free);
    return { total: (stats.lastPageNumber + 1) * stats.pageSize, used: pages * stats.pageSize };
  }

  /**
   * Writes a batch as one transaction, and resolves when it is on disk.
   * @throws lmdb's error when it could not be written: then none of it is
   */
  async write(batch: ChangeBatch): Promise<void> {
    const committed = this.#database.batch(() => batch.writeTo(this.#target()));
    await new Promise<unknown>((resolve, reject) => {
      committed.catch(async (error: CommitError) =>
        reject((await error.commitError?.catch((cause) => cause)) ?? error),
      );
      // `flushed` is about the batch that has just been handed over; it never comes when that fails.
      this.#database.flushed.then(resolve, reject);
    });
    this.#releaseBlocks();
  }

  /** Copies what is in use to another file, without the free pages. */
  async copyTo(file: string): Promise<void> {
    await this.#database.backup(file, true);
  }

  /** Closes the file. Never resolves after a batch failed, since lmdb then waits for its flush forever. */
  async close(): Promise<void> {
    await this.#database.close();
  }

  #target(): BatchTarget {
    const database = this.#database;
    // lmdb copies a key at once and a value when it is written.
    const key = Buffer.allocUnsafe(MESSAGE_KEY_SIZE);
    return {
      put: (rowKey, value) => void database.put(rowKey, value),
      remove: (rowKey) => void database.remove(rowKey),
      putMessage: (queueId, position, message) =>
        void database.put(writeMessageKey(key, position), this.#record(queueId, message)),
      removeMessage: (position) => void database.remove(writeMessageKey(key, position)),
      putDelivered: (queueId, priority, position) =>
        void database.put(deliveredKey(queueId, priority), positionValue(position)),
    };
  }

  #record(queueId: number, message: StoredMessage): Buffer {
    const record = this.#allocate(recordSize(message.message));
    writeRecord(record, queueId, message);
    return record;
  }

  /** Room that stays as it is until the batch is written. */
  #allocate(size: number): Buffer {
    if (size > BLOCK_SIZE) return Buffer.allocUnsafeSlow(size);
    if (this.#blockOffset + size > BLOCK_SIZE) {
      this.#block += 1;
      this.#blockOffset = 0;
    }
    this.#blocks[this.#block] ??= Buffer.allocUnsafeSlow(BLOCK_SIZE);
    const start = this.#blockOffset;
    this.#blockOffset += size;
    return this.#blocks[this.#block]!.subarray(start, start + size);
  }

  /**
   * lmdb reads every value into the same memory, whose `length` it sets to the value's: nothing but `length` and an
   * explicit end are right about it. Small values share blocks, since a million buffers of their own cost seconds.
   */
  #stableCopy(value: Buffer): Buffer {
    const { length } = value;
    const copy = length > READ_BLOCK_SIZE / 4 ? Buffer.allocUnsafeSlow(length) : this.#takeReadBlock(length);
    copy.set(value.subarray(0, length));
    return copy;
  }

  #takeReadBlock(length: number): Buffer {
    if (this.#readOffset + length > this.#readBlock.length) {
      this.#readBlock = Buffer.allocUnsafeSlow(READ_BLOCK_SIZE);
      this.#readOffset = 0;
    }
    const start = this.#readOffset;
    this.#readOffset += length;
    return this.#readBlock.subarray(start, start + length);
  }

  #releaseBlocks(): void {
    this.#block = 0;
    this.#blockOffset = 0;
    if (this.#blocks.length > KEPT_BLOCKS) this.#blocks.length = KEPT_BLOCKS;
  }
}

/** Tells whether an error of lmdb means that the file is not what it should be (and not, say, that the disk is full). */
export function isDamage(error: unknown): boolean {
  const [pageNotFound, invalid, badTransaction] = [-30_797, -30_793, -30_782];
  const code = lmdbCode(error);
  return code !== undefined && ((code >= pageNotFound && code <= invalid) || code === badTransaction);
}

/** The number that lmdb gives its errors, or the system on its behalf; undefined for other errors. */
export function lmdbCode(error: unknown): number | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

interface CommitError extends Error {
  readonly commitError?: Promise<unknown>;
}

interface PageCounts {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: PageCounts): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}
