/**
 * A program that reads a store's file from end to end, for `opening-mark`: it prints what is wrong, or nothing. On some
 * damages lmdb ends it; that is what it is for.
 */
import * as lmdb from 'lmdb';
import { isDamage, LmdbFile } from './lmdb-file.js';
import { readCatalog, readFormat } from './stored-state.js';

const [path = ''] = process.argv.slice(2);
const file = new LmdbFile(lmdb, path);
try {
  read();
} catch (error) {
  if (isDamage(error)) process.stdout.write(String(error));
}

function read(): void {
  if (readFormat(file) === undefined) return;
  readCatalog(file);
  for (const { value } of file.rows({ start: Buffer.from([0]), end: Buffer.from([255]) })) void value;
}
