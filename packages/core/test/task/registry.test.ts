import { createApp } from '@tq/core';
import { openRegistries, Registry } from '@tq/core/internal';
import { expect, it } from 'vitest';

const handler = () => 1;

it('finds tasks by name and lists them in alphabetical order', () => {
  const registry = new Registry();
  registry.add({ name: 'b', handler });
  registry.add({ name: 'a', handler });
  expect(registry.names()).toEqual(['a', 'b']);
  expect(registry.get('a')).toEqual({ name: 'a', handler });
  expect(registry.get('c')).toBeUndefined();
});

it('refuses a name twice in one app and takes it in another', () => {
  const app = createApp();
  app.task('same', handler);
  expect(() => app.task('same', handler)).toThrow(
    expect.objectContaining({ code: 'duplicate-task', fields: { task: 'same' } }),
  );
  expect(() => app.task({ name: 'same' }, handler)).toThrow("Two tasks are named 'same'");
  expect(createApp().task('same', handler).name).toBe('same');
});

it('is known to the process until its app is closed', async () => {
  const app = createApp();
  app.task('known to the process', handler);
  const known = () => [...openRegistries()].some((registry) => registry.get('known to the process') !== undefined);
  expect(known()).toBe(true);
  await app.close();
  expect(known()).toBe(false);
});
