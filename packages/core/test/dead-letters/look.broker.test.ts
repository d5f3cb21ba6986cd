import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createApp, type DeadLetterFilter } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { brokerUrl, openPeer } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { cutOff, type DeadScene, openDeadScene, QUEUE_TYPES, silentLogger, upTo } from './dead-queue.js';

const LETTERS = 150;

async function ids(scene: DeadScene, filter: DeadLetterFilter = {}): Promise<(string | undefined)[]> {
  const found = [];
  for await (const { id } of scene.app.deadLetters.list(filter)) found.push(id);
  return found;
}

const idsOf = (numbers: readonly number[]) => numbers.map((number) => `id-${number}`);
const bodiesOf = (numbers: readonly number[]) => numbers.map((number) => `[[${number}],{},{}]`);

describe.each(QUEUE_TYPES)('looking at dead letters (%s)', (type) => {
  it('tells all of them, and leaves every one in its place, however often it is done', async () => {
    await using scene = await openDeadScene(type);
    await scene.declare();
    await scene.bury(upTo(LETTERS));
    for (let look = 0; look < 10; look++) expect(await ids(scene)).toEqual(idsOf(upTo(LETTERS)));
    await scene.bury([LETTERS]);
    expect(await ids(scene)).toEqual(idsOf(upTo(LETTERS + 1)));
    await scene.ready('tq.dead', LETTERS + 1);
    expect(await scene.drain('tq.dead')).toEqual(bodiesOf(upTo(LETTERS + 1)));
  });

  it('leaves every one in its place when it is cut off at any point', async () => {
    await using scene = await openDeadScene(type);
    await scene.declare();
    await scene.bury(upTo(LETTERS));
    for (let look = 0; look < 10; look++) {
      const peer = await openPeer();
      // As a look does it: one consumer with room for all.
      await peer.channel.prefetch(LETTERS);
      await new Promise<void>((resolve) => {
        let seen = 0;
        void peer.channel.consume(`${scene.prefix}tq.dead`, () => {
          if (++seen === 1 + look * 15) resolve();
        });
      });
      cutOff(peer);
      await scene.ready('tq.dead', LETTERS);
    }
    expect(await ids(scene)).toEqual(idsOf(upTo(LETTERS)));
    await scene.ready('tq.dead', LETTERS);
    expect(await scene.drain('tq.dead')).toEqual(bodiesOf(upTo(LETTERS)));
  });

  it('shows all to each of several who look at once', async () => {
    await using scene = await openDeadScene(type);
    await using other = createApp({ url: brokerUrl(), prefix: scene.prefix, logger: silentLogger });
    await scene.declare();
    await scene.bury(upTo(LETTERS));
    const looks = [scene, scene, { ...scene, app: other }].map((each) => ids(each));
    for (const seen of await Promise.all(looks)) expect(seen).toEqual(idsOf(upTo(LETTERS)));
    await scene.ready('tq.dead', LETTERS);
    expect(await scene.drain('tq.dead')).toEqual(bodiesOf(upTo(LETTERS)));
  });

  it('shows one with all that it has', async () => {
    await using scene = await openDeadScene(type);
    await scene.declare();
    await scene.bury([1, 2, 3], { priority: 3 });
    const letter = await scene.app.deadLetters.show('id-2');
    expect(letter).toMatchObject({
      ...{ queue: 'tq', deadQueue: 'tq.dead', id: 'id-2', task: 'work', reason: 'failed', error: 'Error: broken' },
      ...{ worker: 'w1', time: new Date('2026-01-01T00:00:00.000Z'), attempt: 1, argsText: '[2]', kwargsText: '{}' },
      ...{ size: 11, properties: { contentType: 'application/json', priority: 3, deliveryMode: 2 } },
    });
    expect(letter?.body.toString()).toBe('[[2],{},{}]');
    expect(await scene.app.deadLetters.show('id-4')).toBeUndefined();
  });
});

describe('looking at dead letters', () => {
  it('goes through the queues of the app, those of its tasks among them, and that of lost delays', async () => {
    await using scene = await openDeadScene('classic');
    scene.app.task('send', () => 1, { queue: 'mail' });
    for (const queue of ['tq', 'mail', 'other']) {
      await scene.declare(queue);
      await scene.bury([1], { queue, headers: { id: queue } });
    }
    const lost = `${'0.'.repeat(27)}1.${scene.prefix}gone`;
    scene.peer.channel.publish(`${scene.prefix}tq.delay.v1.deliver`, lost, Buffer.from('x'), { messageId: 'late' });
    await scene.ready('tq.delay.dead', 1);
    const found = [];
    for await (const { queue, id, reason } of scene.app.deadLetters.list()) found.push([queue, id, reason]);
    expect(found).toEqual([
      ['mail', 'mail', 'failed'],
      ['tq', 'tq', 'failed'],
      ['gone', 'late', 'no-queue'],
    ]);
    expect(await ids(scene, { queues: ['other'] })).toEqual(['other']);
    expect(await ids(scene, { queues: ['tq.delay.dead', 'tq'] })).toEqual(['late', 'tq']);
  });

  it('finds nothing in queues that do not exist', async () => {
    await using scene = await openDeadScene('classic');
    expect(await ids(scene)).toEqual([]);
    expect(await scene.app.deadLetters.show('id-1')).toBeUndefined();
  });

  it('gives what fits the filter, as many as asked for', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    await scene.bury(upTo(10));
    await scene.bury([10, 11, 12], { headers: { task: 'other', 'tq-dead-reason': 'refused' } });
    expect(await ids(scene, { reason: 'refused' })).toEqual(idsOf([10, 11, 12]));
    expect(await ids(scene, { task: 'w*', limit: 2 })).toEqual(idsOf([0, 1]));
    expect(await ids(scene, { newerThan: '1h' })).toEqual([]);
  });

  it('waits no longer than told for somebody else who looks', async () => {
    await using scene = await openDeadScene('classic');
    await scene.declare();
    await using peer = await openPeer();
    await scene.bury([1]);
    await peer.channel.assertQueue(lockOf(scene), { exclusive: true, durable: false });
    const looking = scene.app.deadLetters.show('id-1', {}, { timeout: 200 });
    await expect(looking).rejects.toMatchObject({ code: 'queue-in-use' });
    await peer.close();
    expect(await scene.app.deadLetters.show('id-1')).toMatchObject({ id: 'id-1' });
  });

  it('says that the connection was lost while it waited for its turn', async () => {
    await using scene = await openDeadScene('classic');
    await using proxy = await startProxy(brokerUrl());
    await using app = createApp({ url: proxy.url, prefix: scene.prefix, logger: silentLogger });
    await scene.declare();
    await using peer = await openPeer();
    await peer.channel.assertQueue(lockOf(scene), { exclusive: true, durable: false });
    const looking = app.deadLetters.show('id-1', {}, { timeout: 60_000 });
    const lost = expect(looking).rejects.toMatchObject({ name: 'TqError', code: 'connection-lost' });
    while (proxy.cut('tq.dead.lock') === 0) await setImmediate();
    await lost;
  });

  it('refuses an eager app, which has no broker', async () => {
    const app = createApp({ eager: true });
    await expect(app.deadLetters.list().next()).rejects.toMatchObject({ code: 'invalid-option' });
  });
});

function lockOf({ prefix }: DeadScene): string {
  return `${prefix}tq.dead.lock.${createHash('sha256').update(`${prefix}tq.dead`).digest('hex').slice(0, 32)}`;
}
