import { createApp } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState, takeAll } from '../../../../test/support/broker.js';
import { silentLogger } from '../dead-letters/dead-queue.js';
import { AT_ONCE, openMigratingScene } from './migrating.js';

const open = (prefix: string, more: object) => createApp({ url: brokerUrl(), prefix, logger: silentLogger, ...more });

describe('what a migration takes', () => {
  it('moves the queue of a group, which gets its events meanwhile and afterwards', async () => {
    const prefix = freshPrefix();
    await using before = open(prefix, { queueType: 'classic' });
    await using after = open(prefix, { queueType: 'quorum' });
    for (const app of [before, after]) app.subscribe('order.*', () => undefined, { group: 'shop' });
    await before.topology.apply();
    const queue = `${prefix}tq.group.shop.order.*`;
    const paid = before.event<number>('order.paid');
    await paid.publish(1);
    const published: PromiseLike<unknown>[] = [];
    let next = 2;
    const report = await after.topology.migrate(queue.slice(prefix.length), {
      settle: 0,
      quiet: 300,
      onProgress: ({ stage }) => {
        if (stage === 'quieting' || stage === 'returning') published.push(paid.publish(next++));
      },
    });
    expect(report).toMatchObject({ outcome: 'migrated' });
    await Promise.all(published);
    await paid.publish(next++);
    await using peer = await openPeer();
    const bodies = (await takeAll(peer, queue)).map(({ content }) => Number(content));
    expect(bodies.sort((a, b) => a - b)).toEqual(Array.from({ length: next - 1 }, (_, n) => n + 1));
    const { differences } = await after.topology.diff();
    expect(differences.filter((one) => one.name === queue)).toEqual([]);
  });

  it('moves a queue of dead letters to the other type as a queue of dead letters', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    const dead = `${scene.queue}.dead`;
    await scene.peer.channel.assertQueue(dead, {
      durable: true,
      arguments: {
        'x-queue-type': 'classic',
        'x-message-ttl': 604_800_000,
        'x-max-length': 100_000,
        'x-overflow': 'drop-head',
      },
    });
    scene.peer.channel.publish(`${scene.prefix}tq.dead`, scene.queue, Buffer.from('1'), { persistent: true });
    await scene.peer.channel.checkQueue(dead);
    expect(await scene.after.topology.migrate('tq.dead', AT_ONCE)).toMatchObject({ outcome: 'migrated', moved: 1 });
    scene.peer.channel.publish(`${scene.prefix}tq.dead`, scene.queue, Buffer.from('2'), { persistent: true });
    await scene.peer.channel.checkQueue(dead);
    expect(await queueState(scene.peer, `${dead}.dead`)).toBeUndefined();
    expect(await scene.drain(dead)).toEqual([1, 2]);
    await expect(
      scene.peer.channel.assertQueue(dead, {
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-message-ttl': 604_800_000,
          'x-max-length': 100_000,
          'x-overflow': 'drop-head',
          'x-delivery-limit': 2_147_483_647,
        },
      }),
    ).resolves.toBeDefined();
  });

  it('refuses a queue that the app does not declare, names the nearest, and declares nothing', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    await expect(scene.after.topology.migrate('tg', AT_ONCE)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining("'tq'"),
    });
    expect(await queueState(scene.peer, `${scene.prefix}tg`)).toBeUndefined();
  });

  it('leads past the queue again when somebody binds it meanwhile, as an old worker does that starts', async () => {
    const prefix = freshPrefix();
    const options = { exchanges: { calls: { type: 'fanout' } }, queues: { tq: { bindings: [{ exchange: 'calls' }] } } };
    await using before = open(prefix, { queueType: 'classic', ...options });
    await using after = open(prefix, { queueType: 'quorum', ...options });
    await before.topology.apply();
    await using peer = await openPeer();
    let looks = 0;
    let bound: Promise<unknown> | undefined;
    let published = 0;
    await after.topology.migrate('tq', {
      settle: 0,
      quiet: 1_500,
      onProgress: ({ stage }) => {
        if (stage !== 'quieting') return;
        looks++;
        bound ??= before.topology.apply().then(() => (looks = 1));
        if (looks === 4) {
          published++;
          peer.channel.publish(`${prefix}calls`, '', Buffer.from('1'));
        }
      },
    });
    await bound;
    expect(published).toBe(1);
    expect((await takeAll(peer, `${prefix}tq`)).length).toBe(1);
  });
});
