import * as lmdb from 'lmdb';
import { expect, it } from 'vitest';
import type { LmdbModule } from '../../src/store/lmdb-file.js';
import { openStore } from '../../src/store/open-store.js';
import { bodies, createFolder, flushed, queue, stored, withStore } from './scene.js';

/** lmdb on a disk that is full from the batch on that `isFull` says; then it fails as lmdb does. */
function onFullDisk(isFull: () => boolean): LmdbModule {
  const open = (options: lmdb.RootDatabaseOptionsWithPath) => {
    const database = lmdb.open(options);
    const batch = database.batch.bind(database);
    database.batch = (action) => {
      if (!isFull()) return batch(action);
      const commitError = Promise.reject(new Error('Input/output error'));
      return Promise.reject(Object.assign(new Error('Commit failed'), { commitError }));
    };
    // What lmdb does with a batch that failed: its flush never comes.
    Object.defineProperty(database, 'flushed', {
      get: () => (isFull() ? new Promise(() => {}) : Object.getPrototypeOf(database).flushed),
    });
    return database;
  };
  return { open } as unknown as LmdbModule;
}

it('a write that fails is told once, confirms nothing, and keeps what was confirmed', async () => {
  await using folder = await createFolder();
  let full = false;
  const called: string[] = [];
  const { promise, onError } = nextError();
  const { store } = await openStore(folder.options({ onError }), async () => onFullDisk(() => full));
  store.saveQueue('/', 1, queue('q'));
  store.saveMessage(1, 0, stored('confirmed'));
  await flushed(store);
  full = true;
  store.saveMessage(1, 1, stored('not confirmed'));
  store.whenFlushed(() => called.push('under way'));
  await new Promise(setImmediate);
  store.saveMessage(1, 2, stored('not confirmed'));
  store.whenFlushed(() => called.push('pending'));
  expect(await promise).toMatchObject({
    code: 'store-failed',
    message:
      'expected to write to the data directory, found: Input/output error. ' +
      'What was confirmed is safe; check the free space, then start again',
  });
  store.saveMessage(1, 3, stored('not confirmed'));
  store.whenFlushed(() => called.push('after'));
  await expect(store.close()).rejects.toMatchObject({ code: 'store-failed' });
  expect(called).toEqual([]);
  await withStore(folder.options(), (_store, state) => expect(bodies(state, 'q')).toEqual([[0, 'confirmed']]));
});

function nextError() {
  let onError: (error: Error) => void = () => {};
  const promise = new Promise<Error>((resolve) => {
    onError = resolve;
  });
  return { promise, onError: (error: Error) => onError(error) };
}
