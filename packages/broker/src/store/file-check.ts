/**
 * Looks at lmdb's file before lmdb does: lmdb ends the process on a file whose first pages are not its own, and on one
 * that lacks pages.
 *
 * Each of the first two pages describes the tree (lmdb's data format 2, 64-bit): magic at byte 24, format at 28 (u32),
 * page size at 48 (u32), last page at 144 (u64), little-endian.
 */
import { open, stat } from 'node:fs/promises';
import { endianness } from 'node:os';

const MAGIC = 0xbeefc0de;
const DATA_FORMAT = 2;
const HEAD_SIZE = 160;

/** What a file looks like: it may be opened, is no file of this lmdb, or is damaged in a way that can be said. */
export type FileCheck =
  | { readonly found: 'nothing' | 'store' }
  | { readonly found: 'other-format'; readonly format: number }
  | { readonly found: 'damage'; readonly reason: string };

/** @throws the system's error when the file can be neither read nor written */
export async function checkFile(file: string): Promise<FileCheck> {
  // A file that is not there yet is made here, so that lmdb never is the first to hear that it may not write.
  const handle = await open(file, 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    if (size === 0) return { found: 'nothing' };
    const first = await readHead(handle, 0);
    if (first === undefined) return { found: 'damage', reason: `its ${size} bytes are too few for a first page` };
    // The prebuilt lmdb of other platforms lays these pages out in another way.
    if (!isKnownLayout()) return { found: 'store' };
    if (first.readUInt32LE(24) !== MAGIC) return { found: 'damage', reason: 'it does not begin with a page of lmdb' };
    const format = first.readUInt32LE(28);
    if (format !== DATA_FORMAT) return { found: 'other-format', format };
    const second = await readHead(handle, first.readUInt32LE(48));
    if (second?.readUInt32LE(24) !== MAGIC) return { found: 'damage', reason: 'its second page is none of lmdb' };
    return { found: 'store' };
  } finally {
    await handle.close();
  }
}

/**
 * Compares an opened file's size with what it says itself, before anything is read from it. A file that is shorter may be
 * sound: lmdb does not write a page that it took from the end and gave back within one transaction.
 * @param expected bytes up to the last page that was ever taken
 */
export async function lacksPages(file: string, expected: number): Promise<boolean> {
  const { size } = await stat(file);
  return size < expected;
}

function isKnownLayout(): boolean {
  return endianness() === 'LE' && ['x64', 'arm64'].includes(process.arch);
}

async function readHead(handle: Awaited<ReturnType<typeof open>>, position: number): Promise<Buffer | undefined> {
  const head = Buffer.alloc(HEAD_SIZE);
  const { bytesRead } = await handle.read(head, 0, HEAD_SIZE, position);
  return bytesRead === HEAD_SIZE ? head : undefined;
}
