import * as lmdb from 'lmdb';
import { expect, it } from 'vitest';
import type { Store } from '../../src/model/store.js';
import { LmdbFile } from '../../src/store/lmdb-file.js';
import { openStore } from '../../src/store/open-store.js';
import { ManualClock } from '../manual-clock.js';
import { bodies, createFolder, type Folder, flushed, queue, stored, withStore } from './scene.js';

/** Queue 1 has the even positions, queue 2 the odd ones. */
const COUNT = 4_000;
const FIRST = Array.from({ length: COUNT / 2 }, (_, index) => 2 * index);

async function fill(store: Store): Promise<void> {
  for (const queueId of [1, 2]) {
    store.saveQueue('/', queueId, queue(`q${queueId}`));
    store.saveDelivered(queueId, 0, 5);
  }
  for (let position = 0; position < COUNT; position++) store.saveMessage(1 + (position % 2), position, stored('x'));
  await flushed(store);
}

/** How many rows there are of each kind (`keys`), but for the store's own. */
async function rowKinds(folder: Folder): Promise<Readonly<Record<string, number>>> {
  const file = new LmdbFile(lmdb, folder.file('data.mdb'));
  const counts: Record<string, number> = {};
  for (const key of file.keys({ start: Buffer.from([1]), end: Buffer.from([255]) }))
    counts[KINDS[key[0]!]!] = (counts[KINDS[key[0]!]!] ?? 0) + 1;
  await file.close();
  return counts;
}

const KINDS = ['store', 'exchange', 'binding', 'queue', 'purged', 'delivered', 'message', 'unreadable'];

/** Opens the store, reads it, and has it do so many pieces of what is left to be removed. */
async function sweep(folder: Folder, pieces: number, more: (store: Store) => void = () => {}): Promise<void> {
  const clock = new ManualClock();
  const { store, state } = await openStore(folder.options({ clock }));
  expect(bodies(state, 'q2')).toHaveLength(COUNT / 2);
  more(store);
  for (let piece = 0; piece < pieces; piece++) {
    clock.advance(10);
    await flushed(store);
  }
  await store.close();
}

it('removes a deleted queue with its rows, some with each batch, and nothing of another one', async () => {
  await using folder = await createFolder();
  await withStore(folder.options(), fill);
  await sweep(folder, 1, (store) => store.deleteQueue(1, FIRST));
  expect(await rowKinds(folder)).toEqual({ queue: 1, delivered: 2, message: COUNT - 1_000 });
  await sweep(folder, 1);
  expect(await rowKinds(folder)).toEqual({ queue: 1, delivered: 1, message: COUNT / 2 });
});

it('removes what a queue held when it was purged, then the mark of the purge', async () => {
  await using folder = await createFolder();
  await withStore(folder.options(), fill);
  await sweep(folder, 1, (store) => store.deleteMessages(1, FIRST));
  expect(await rowKinds(folder)).toEqual({ queue: 2, purged: 1, delivered: 2, message: COUNT - 1_000 });
  await sweep(folder, 1);
  expect(await rowKinds(folder)).toEqual({ queue: 2, delivered: 2, message: COUNT / 2 });
});

it('keeps the mark of a later purge until that has been carried out too', async () => {
  await using folder = await createFolder();
  await withStore(folder.options(), fill);
  const again = (store: Store) => {
    store.deleteMessages(1, FIRST);
    const positions = Array.from({ length: 1_500 }, (_, index) => COUNT + index);
    for (const position of positions) store.saveMessage(1, position, stored('later'));
    store.deleteMessages(1, positions);
  };
  await sweep(folder, 3, again);
  expect(await rowKinds(folder)).toMatchObject({ purged: 1 });
  await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q1')).toEqual([]));
  await sweep(folder, 1);
  expect(await rowKinds(folder)).toEqual({ queue: 2, delivered: 2, message: COUNT / 2 });
});

it('forgets a deleted queue whose messages were still delivered when the process ended', async () => {
  await using folder = await createFolder();
  await withStore(folder.options(), fill);
  await sweep(folder, 2, (store) => store.deleteQueue(1, FIRST.slice(0, 1_500)));
  expect(await rowKinds(folder)).toEqual({ queue: 1, delivered: 1, message: COUNT - 1_500 });
  await sweep(folder, 1);
  expect(await rowKinds(folder)).toEqual({ queue: 1, delivered: 1, message: COUNT / 2 });
});
