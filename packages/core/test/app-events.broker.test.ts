import { type AppEvents, createApp } from '@tq/core';
import { expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../../../test/support/broker.js';
import { startProxy } from '../../../test/support/cutting-proxy.js';
import { testRuntime } from './test-runtime.js';

type Event = keyof AppEvents;

it('tells of each connection that comes up and is lost, and not of those that it closes itself', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using app = createApp({
    url: proxy.url,
    prefix: freshPrefix(),
    queueType: 'classic',
    logger: testRuntime().logger,
  });
  const seen: string[] = [];
  let look: () => void = () => undefined;
  const note = (event: Event) => (carried: object) => {
    seen.push(`${event} ${(carried as { role: string }).role}`);
    look();
  };
  for (const event of ['connection:up', 'connection:down'] as const) app.on(event, note(event));
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (seen.length >= count) resolve();
      };
      look();
    });
  const task = app.declareTask('nobody');

  await task.delay().published;
  await until(2);
  expect(seen.splice(0).sort()).toEqual(['connection:up consume', 'connection:up publish']);
  proxy.cut();
  await until(4);
  expect(seen.splice(0).sort()).toEqual([
    'connection:down consume',
    'connection:down publish',
    'connection:up consume',
    'connection:up publish',
  ]);
  await app.close();
  expect(seen).toEqual([]);
});
