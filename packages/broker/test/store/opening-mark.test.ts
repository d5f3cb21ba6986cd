import { readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { messageKey } from '../../src/store/keys.js';
import { createFolder, type Folder, flushed, queue, read, stored, withStore } from './scene.js';

async function fill(folder: Folder): Promise<void> {
  await withStore(folder.options(), async (store) => {
    store.saveQueue('/', 1, queue('q'));
    for (let position = 0; position < 100; position += 1) store.saveMessage(1, position, stored('x'.repeat(500)));
    await flushed(store);
  });
}

describe('the mark of an opening', () => {
  it('goes once the messages have been read', async () => {
    await using folder = await createFolder();
    await fill(folder);
    expect(await read(folder)).toEqual(['100']);
    expect(await readdir(folder.path)).not.toContain('opening');
  });

  it('of a start that was killed moves no sound file aside', async () => {
    await using folder = await createFolder();
    await fill(folder);
    await writeFile(folder.file('opening'), '');
    expect(await read(folder)).toEqual(['100']);
    expect(await readdir(folder.path)).not.toContain('opening');
  });

  it('stays when reading finds damage that opening has not, and the next start moves the file aside', async () => {
    await using folder = await createFolder();
    await fill(folder);
    const path = folder.file('data.mdb');
    const bytes = await readFile(path);
    // A row's flags stand four bytes before its key; no row of the store has any.
    const key = bytes.lastIndexOf(messageKey(50));
    bytes.writeUInt16LE(4, key - 4);
    await writeFile(path, bytes);
    expect(await read(folder)).toEqual(['store-failed']);
    const [warning, count] = await read(folder);
    expect(warning).toContain(`warning: ${path} is damaged (Error: MDB_BAD_TXN`);
    expect(count).toBe('0');
    expect(await readdir(folder.path)).not.toContain('opening');
  });
});
