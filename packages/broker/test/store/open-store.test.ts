import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { createFolder } from './scene.js';

describe('opening a store', () => {
  it('in memory loads no lmdb and holds nothing', async () => {
    const { store, state, durable } = await openStore({ memory: true }, () => {
      throw new Error('loaded');
    });
    const nothing = { nextQueueId: 1, nextPosition: 0, vhosts: new Map(), messages: [] };
    expect({ durable, state }).toEqual({ durable: false, state: nothing });
    await store.close();
  });

  it('keeps everything in memory, and says so, where lmdb has no binary', async () => {
    await using folder = await createFolder();
    const missing = new Error('No native build was found for platform=plan9');
    const { store, durable } = await openStore(folder.options(), () => Promise.reject(missing));
    expect(durable).toBe(false);
    expect(folder.warnings).toEqual([
      `lmdb, which keeps messages on disk, has no binary for ${process.platform}-${process.arch}: messages are kept in ` +
        `memory and go with the process, and ${folder.path} is not used`,
    ]);
    await store.close();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('in a directory is durable', async () => {
    await using folder = await createFolder();
    const { store, durable } = await openStore(folder.options());
    expect(durable).toBe(true);
    await store.close();
  });

  it('says what to do when the directory cannot be made', async () => {
    await using folder = await createFolder();
    const { store } = await openStore(folder.options());
    await store.close();
    const dataDir = folder.file('data.mdb/below');
    await expect(openStore(folder.options({ dataDir }))).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(
        /^expected to read and write in the data directory .*below, found: ENOTDIR.*Check/,
      ),
    });
  });
});
