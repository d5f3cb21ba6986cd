/** Events that tasks publish from the children of a pool, over the worker's connection. */
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { openPeer, receive } from '../support/broker.js';
import type * as tasks from './fixtures/publishing-tasks.js';
import { openApp } from './fixtures/test-app.js';

const MODULES = [new URL('fixtures/publishing-tasks.js', import.meta.url)];

describe.each(['thread', 'process'] as const)('an event that a task publishes (pool %s)', (pool) => {
  it('comes to its subscribers once, though the task does not wait and the worker stops at once', async () => {
    await using test = openApp();
    const { app, prefix } = test;
    await using peer = await openPeer();
    await peer.channel.assertExchange(`${prefix}tq.events`, 'topic');
    await peer.channel.assertQueue(`${prefix}q`, { exclusive: true });
    await peer.channel.bindQueue(`${prefix}q`, `${prefix}tq.events`, 'counted');
    await using worker = createWorker(app, { pool, tasks: MODULES, concurrency: 2 });
    await worker.start();
    const announce = app.declareTask<typeof tasks.announce>('announce');
    const ids = await Promise.all([0, 100].map((from) => announce.delay(from, 100).get()));
    await worker.stop();
    const messages = await receive(peer, `${prefix}q`, 200);
    expect(messages.map(({ properties }) => properties.messageId).sort()).toEqual(ids.flat().sort());
    expect(messages.map(({ content }) => Number(content)).sort((one, other) => one - other)).toEqual(
      Array.from({ length: 200 }, (_, n) => n),
    );
    expect(messages[0]?.properties).toMatchObject({ type: 'counted', deliveryMode: 2 });
  });

  it('tells the task how it ended, and its app what nobody awaited', async () => {
    await using test = openApp();
    const { app } = test;
    await using worker = createWorker(app, { pool, tasks: MODULES, concurrency: 1 });
    await worker.start();
    const wait = app.declareTask<typeof tasks.wait>('wait');
    const ways = ['confirmed', 'unroutable', 'missing', 'unfit', 'late', 'unserialisable'] as const;
    expect(await Promise.all(ways.map((way) => wait.delay(way).get()))).toEqual([
      'published',
      'unroutable',
      'exchange-missing',
      'invalid-payload',
      'publish-aborted',
      'unserialisable',
    ]);
    const forget = app.declareTask<typeof tasks.forget>('forget');
    expect(await forget.delay().get()).toEqual(['unroutable', 'exchange-missing', 'invalid-payload']);
  });
});
