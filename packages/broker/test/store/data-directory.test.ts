import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import * as lmdb from 'lmdb';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/model/store.js';
import { FORMAT_KEY, queueKey } from '../../src/store/keys.js';
import { openStore } from '../../src/store/open-store.js';
import { bodies, createFolder, type Folder, flushed, Program, queue, stored, withStore } from './scene.js';

const MOVED = 'data.mdb.damaged-20260102T030405006Z';

async function fill(folder: Folder, messages = 400): Promise<void> {
  await withStore(folder.options(), (store) => save(store, messages));
}

async function save(store: Store, messages: number): Promise<void> {
  store.saveQueue('/', 1, queue('q'));
  for (let position = 0; position < messages; position += 1) store.saveMessage(1, position, stored('x'.repeat(1_000)));
  await flushed(store);
}

describe('the lock', () => {
  it('refuses a second store in this process, by whatever path', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async () => {
      await expect(openStore(folder.options({ dataDir: `${folder.path}/.` }))).rejects.toMatchObject({
        code: 'data-in-use',
        message: expect.stringContaining(`process ${process.pid} uses it`),
      });
    });
    await withStore(folder.options(), () => {});
  });

  it('refuses a second process and names the first, until that is killed', async () => {
    await using folder = await createFolder();
    await using program = new Program(folder, 'hold');
    expect(await program.line()).toBe('held');
    await expect(openStore(folder.options())).rejects.toMatchObject({
      name: 'BrokerError',
      code: 'data-in-use',
      message:
        `expected the data directory ${folder.path} to be free, found that process ${program.pid} uses it: ` +
        'stop that process, or give this one another directory',
    });
    await program.kill();
    await withStore(folder.options(), () => {});
    expect(folder.warnings).toEqual([]);
  });

  it('survives what a power failure leaves of its file', async () => {
    await using folder = await createFolder();
    await fill(folder, 1);
    await writeFile(folder.file('owner.mdb'), Buffer.alloc(16_384));
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toHaveLength(1));
  });
});

describe('a damaged file', () => {
  const damages: Record<string, (path: string, size: number) => Promise<void>> = {
    'cut to a few bytes': (path) => truncate(path, 100),
    'of zeros': (path, size) => writeFile(path, Buffer.alloc(size)),
    'of text': (path) => writeFile(path, 'not a store '.repeat(3_000)),
    'whose pages are zeros': async (path, size) => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0, 16_384, size));
    },
    'whose second page is gone': async (path) => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0, 8_192, 16_384));
    },
  };

  it.each(Object.keys(damages))('%s is reported and moved aside, and the store begins empty', async (kind) => {
    await using folder = await createFolder();
    await fill(folder);
    const path = folder.file('data.mdb');
    await damages[kind]!(path, (await stat(path)).size);
    const damaged = await readFile(path);
    await withStore(folder.options(), async (store, state) => {
      expect(state.vhosts.size).toBe(0);
      await save(store, 1);
    });
    expect(folder.warnings).toEqual([expect.stringContaining(`${path} is damaged (`)]);
    expect(folder.warnings[0]).toContain(`moved to ${folder.file(MOVED)}, and beginning empty`);
    expect(damaged.equals(await readFile(folder.file(MOVED)))).toBe(true);
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toHaveLength(1));
  });

  it('with a row that is none of the store is moved aside too, since messages without their queue would be swept', async () => {
    await using folder = await createFolder();
    await fill(folder, 3);
    await putRow(folder, queueKey(1), Buffer.from('garbage'));
    await withStore(folder.options(), (_store, state) => expect(state.vhosts.size).toBe(0));
    expect(await readdir(folder.path)).toContain(MOVED);
  });
});

describe('the format', () => {
  it('of another version is refused, and the file is left alone', async () => {
    await using folder = await createFolder();
    await fill(folder, 3);
    const version = Buffer.from([0, 0, 0, 7]);
    await putRow(folder, FORMAT_KEY, version);
    await expect(openStore(folder.options())).rejects.toMatchObject({
      code: 'store-failed',
      message:
        `expected the data directory ${folder.path} to have format 2, found format 7: ` +
        'use the version of the broker that wrote it, or another directory to begin empty',
    });
    await putRow(folder, FORMAT_KEY, Buffer.from([0, 0, 0, 2]));
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toHaveLength(3));
    expect(folder.warnings).toEqual([]);
  });
});

describe('compaction', () => {
  it('gives space back at the start when most of the file is free', async () => {
    await using folder = await createFolder();
    await withStore(folder.options(), async (store) => {
      await save(store, 2_000);
      for (let position = 5; position < 2_000; position += 1) store.deleteMessage(position);
      await flushed(store);
    });
    const sizeBefore = (await stat(folder.file('data.mdb'))).size;
    await writeFile(folder.file('data.mdb.compacting'), 'what a crash left');
    await withStore(folder.options({ compactAboveBytes: 100_000 }), async (store, state) => {
      expect((await stat(folder.file('data.mdb'))).size).toBeLessThan(sizeBefore / 10);
      expect(bodies(state, 'q')).toHaveLength(5);
      store.saveMessage(1, 5, stored('after'));
    });
    await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toHaveLength(6));
    expect(await readdir(folder.path)).not.toContain('data.mdb.compacting');
  });

  it('leaves a file alone that is mostly in use', async () => {
    await using folder = await createFolder();
    await fill(folder, 2_000);
    const { ino } = await stat(folder.file('data.mdb'));
    await withStore(folder.options({ compactAboveBytes: 0 }), () => {});
    expect((await stat(folder.file('data.mdb'))).ino).toBe(ino);
  });
});

async function putRow(folder: Folder, key: Buffer, value: Buffer): Promise<void> {
  const database = lmdb.open({
    path: folder.file('data.mdb'),
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
  });
  await database.put(key, value);
  await database.close();
}
