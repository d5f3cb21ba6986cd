/** What `tq subscribe` takes from a broker, and what it leaves there. */
import { type App, createApp } from '@tq/core';
import { internalsOf } from '@tq/core/internal';
import { expect, it, vi } from 'vitest';
import { brokerUrl, freshPrefix } from '../../../../test/support/broker.js';
import { watchEvents } from '../../src/events/watch-events.js';

it('takes a hundred events ahead of a reader that is slow, and gives all of them in order', async () => {
  const prefix = freshPrefix();
  const silent = () => undefined;
  await using app: App = createApp({
    url: brokerUrl(),
    prefix,
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
  const created = app.event('orders.created');
  const ending = new AbortController();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const seen: number[] = [];
  let attached: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => {
    attached = resolve;
  });
  const internals = internalsOf(app);
  const { consuming } = internals.broker();
  vi.spyOn(internals.runtime, 'newId').mockReturnValueOnce('watcher');
  const watching = watchEvents({
    app,
    watched: { exchange: `${prefix}tq.events`, keys: ['#'], headers: undefined, match: undefined },
    connectTimeoutMs: 10_000,
    signal: ending.signal,
    onAttached: () => attached(),
    onEvent: async ({ body }) => {
      await held;
      if (seen.push(Number(body)) === 300) ending.abort();
    },
  });
  await listening;
  const numbers = Array.from({ length: 300 }, (_, n) => n);
  await Promise.all(numbers.map((n) => created.publish(n)));
  // Its own connection alone may look at it.
  const channel = await consuming.link?.model.createChannel();
  expect(await channel?.checkQueue(`${prefix}tq.watch.watcher`)).toMatchObject({ messageCount: 200 });
  release();
  await watching;
  expect(seen).toEqual(numbers);
});
