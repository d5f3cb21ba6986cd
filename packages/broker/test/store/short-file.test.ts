import { readdir, stat, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createFolder, flushed, queue, read, stored, withStore } from './scene.js';

const PAGE = 8_192;

describe('a file that lacks pages at its end', () => {
  it('is sound when nothing stood in them, as when a transaction took a page and gave it back', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      store.saveQueue('/', 1, queue('q'));
      for (let position = 0; position < 400; position++) store.saveMessage(1, position, stored('x'.repeat(1_000)));
      await flushed(store);
      for (let position = 10; position < 400; position++) store.deleteMessage(position);
      await flushed(store);
      // Each of these is written to the free pages before the end, and those at the end become free.
      for (let position = 400; position < 410; position++) {
        store.saveMessage(1, position, stored('x'));
        await flushed(store);
      }
    });
    const path = folder.file('data.mdb');
    await truncate(path, (await stat(path)).size - PAGE);
    expect(await read(folder)).toEqual(['20']);
  });

  it.each([
    ['the second half', (size: number) => size / 2],
    ['all but the first one', () => PAGE],
    ['the last ten', (size: number) => size - 10 * PAGE],
  ])('is damaged when messages stood in them (%s)', async (_what, rest) => {
    await using folder = await createFolder();
    await withStore(folder.options(), (store) => {
      store.saveQueue('/', 1, queue('q'));
      for (let position = 0; position < 400; position++) store.saveMessage(1, position, stored('x'.repeat(1_000)));
    });
    const path = folder.file('data.mdb');
    await truncate(path, rest((await stat(path)).size));
    const [warning, count] = await read(folder);
    expect(warning).toContain(`warning: ${path} is damaged (`);
    expect(count).toBe('0');
    expect(await readdir(folder.path)).toContainEqual(expect.stringContaining('data.mdb.damaged-'));
  });
});
