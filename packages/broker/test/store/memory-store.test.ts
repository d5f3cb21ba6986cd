import { expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/memory-store.js';
import { queue, stored } from './scene.js';

it('calls back at once, since nothing has to be written', async () => {
  const store = createMemoryStore();
  store.saveQueue('/', 1, queue('q'));
  store.saveMessage(1, 0, stored('a'));
  let called = false;
  store.whenFlushed(() => {
    called = true;
  });
  expect(called).toBe(true);
  await store.close();
});
