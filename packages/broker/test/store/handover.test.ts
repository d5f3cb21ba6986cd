import * as lmdb from 'lmdb';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/model/store.js';
import type { LmdbModule } from '../../src/store/lmdb-file.js';
import { openStore } from '../../src/store/open-store.js';
import { ManualClock } from '../manual-clock.js';
import { createFolder, flushed, queue, stored } from './scene.js';

/** An open store with a queue of id 1, whose clock stands still, and the number of batches that it has handed over. */
async function scene(folder: Awaited<ReturnType<typeof createFolder>>) {
  const clock = new ManualClock();
  let batches = 0;
  const open = (options: lmdb.RootDatabaseOptionsWithPath) => {
    const database = lmdb.open(options);
    const batch = database.batch.bind(database);
    database.batch = (action) => {
      batches += 1;
      return batch(action);
    };
    return database;
  };
  const { store } = await openStore(folder.options({ clock }), async () => ({ open }) as unknown as LmdbModule);
  store.saveQueue('/', 1, queue('q'));
  await flushed(store);
  const before = batches;
  return { clock, store, handedOver: () => batches - before };
}

/** Lets the loop turn a few times. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

function settle(store: Store): void {
  store.saveDelivered(1, 0, 0);
  store.deleteMessage(0);
}

describe('a batch', () => {
  it('that nobody waits for is handed over after 10 ms', async () => {
    await using folder = await createFolder();
    const { clock, store, handedOver } = await scene(folder);
    settle(store);
    clock.advance(9);
    await turns();
    settle(store);
    expect(handedOver()).toBe(0);
    clock.advance(1);
    expect(handedOver()).toBe(1);
    await flushed(store);
    clock.advance(100);
    expect([handedOver(), clock.timerCount]).toEqual([1, 0]);
    await store.close();
  });

  it('is handed over in the same turn once somebody waits for it', async () => {
    await using folder = await createFolder();
    const { clock, store, handedOver } = await scene(folder);
    settle(store);
    await turns();
    store.saveMessage(1, 1, stored('a'));
    await flushed(store);
    expect([handedOver(), clock.timerCount]).toEqual([1, 0]);
    await store.close();
  });

  it('that is large is handed over by itself, as the whole of its turn', async () => {
    await using folder = await createFolder();
    const { store, handedOver } = await scene(folder);
    for (let position = 0; position < 5_000; position++) store.deleteMessage(position);
    expect(handedOver()).toBe(0);
    await turns();
    expect(handedOver()).toBe(1);
    await store.close();
  });

  it('waits its time again after one that was awaited', async () => {
    await using folder = await createFolder();
    const { clock, store, handedOver } = await scene(folder);
    store.saveMessage(1, 1, stored('a'));
    const confirmed = flushed(store);
    await new Promise(setImmediate);
    settle(store);
    await confirmed;
    await turns();
    expect(handedOver()).toBe(1);
    clock.advance(10);
    expect(handedOver()).toBe(2);
    await store.close();
  });

  it('is handed over when the store is closed', async () => {
    await using folder = await createFolder();
    const { clock, store, handedOver } = await scene(folder);
    settle(store);
    await store.close();
    expect([handedOver(), clock.timerCount]).toEqual([1, 0]);
  });
});
