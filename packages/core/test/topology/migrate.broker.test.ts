import type { App, MigrationProgress } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { queueState } from '../../../../test/support/broker.js';
import { migrate } from './migrate-app.js';
import { AT_ONCE, bindingTo, type MigratingScene, openMigratingScene, takeNow, upTo, WAYS } from './migrating.js';

describe.each(WAYS)('migrating a queue from %s to %s', (from, to) => {
  it('keeps its messages in their order with all that they are, and leaves nothing behind', async () => {
    await using scene = await openMigratingScene(from, to);
    await scene.fill(upTo(80), {
      ...{ persistent: true, priority: 3, expiration: '600000', messageId: 'm', correlationId: 'c', replyTo: 'r' },
      ...{ type: 't', appId: 'a', contentType: 'text/plain', timestamp: 1_700_000_000 },
      headers: { own: 'x', 'x-death': [{ queue: 'other', reason: 'expired', count: 1 }] },
    });
    expect(await scene.differenceFrom(scene.after)).toEqual(expect.any(String));
    expect(await migrate(scene.after, 'tq', AT_ONCE)).toEqual({
      ...{ queue: 'tq', outcome: 'migrated', moved: 80, returned: 80, lost: 0 },
    });
    expect(await scene.differenceFrom(scene.after)).toBeUndefined();
    const messages = await takeNow(scene.peer, scene.queue);
    expect(messages.map(({ content }) => Number(content))).toEqual(upTo(80));
    const { headers, ...properties } = messages[40]?.properties ?? {};
    expect(properties).toMatchObject({
      ...{ deliveryMode: 2, priority: 3, expiration: '600000', messageId: 'm', correlationId: 'c', replyTo: 'r' },
      ...{ type: 't', appId: 'a', contentType: 'text/plain', timestamp: 1_700_000_000 },
    });
    const { 'x-delivery-count': _, ...own } = headers ?? {};
    expect(own).toEqual({ own: 'x', 'x-death': [{ queue: 'other', reason: 'expired', count: 1 }] });
    expect(await scene.leftovers()).toEqual([]);
  });

  it('keeps bindings, its own and those that it is told of, and the routing keys of what came by them', async () => {
    await using scene = await openMigratingScene(from, to);
    const { channel } = scene.peer;
    const exchange = `${scene.prefix}topics`;
    await channel.assertExchange(exchange, 'topic');
    await channel.bindQueue(scene.queue, exchange, '*.paid');
    channel.publish(exchange, 'order.paid', Buffer.from('1'));
    const bindings = [bindingTo(scene.queue, exchange, '*.paid')];
    await migrate(scene.after, 'tq', { ...AT_ONCE, bindings });
    channel.publish(exchange, 'bill.paid', Buffer.from('2'));
    await channel.checkExchange(exchange);
    const messages = await takeNow(scene.peer, scene.queue);
    expect(messages.map(({ fields }) => fields.routingKey)).toEqual(['order.paid', 'bill.paid']);
    const delayed = `${'0.'.repeat(28)}${scene.queue}`;
    channel.publish(`${scene.prefix}tq.delay.v1.deliver`, delayed, Buffer.from('3'));
    await channel.checkExchange(exchange);
    expect(await scene.drain()).toEqual([3]);
  });

  it('goes on where it was aborted, however often', async () => {
    await using scene = await openMigratingScene(from, to);
    await scene.fill(upTo(100));
    const runs = await abortAgainAndAgain(scene, 'tq');
    expect(runs).toBeGreaterThan(2);
    expect(await scene.drain()).toEqual(upTo(100));
    expect(await scene.leftovers()).toEqual([]);
  });

  it('takes everything back when the app wants the queue as it was', async () => {
    await using scene = await openMigratingScene(from, to);
    await scene.fill(upTo(50));
    const stopping = new AbortController();
    const onProgress = ({ moved }: MigrationProgress) => {
      if (moved > 0) stopping.abort();
    };
    const options = { ...AT_ONCE, signal: stopping.signal, onProgress };
    expect(await migrate(scene.after, 'tq', options)).toMatchObject({ outcome: 'aborted', moved: 32, returned: 0 });
    expect(await migrate(scene.before, 'tq', AT_ONCE)).toMatchObject({ outcome: 'migrated', moved: 0, returned: 32 });
    expect((await scene.drain()).sort((a, b) => a - b)).toEqual(upTo(50));
    expect(await scene.differenceFrom(scene.before)).toBeUndefined();
    expect(await scene.leftovers()).toEqual([]);
  });

  it('takes up messages that another run left, whatever kind of queue holds them', async () => {
    await using scene = await openMigratingScene(from, to);
    const hold = `${scene.queue}.migrating`;
    await scene.peer.channel.assertQueue(hold, { arguments: { 'x-queue-type': from } });
    for (const number of upTo(10)) scene.confirming.publish('', hold, Buffer.from(String(number)));
    await scene.fill([10, 11]);
    expect(await migrate(scene.after, 'tq', AT_ONCE)).toMatchObject({ moved: 2, returned: 12 });
    expect(await scene.drain()).toEqual(upTo(12));
    expect(await scene.leftovers()).toEqual([]);
  });

  it('is done where there is nothing to do', async () => {
    await using scene = await openMigratingScene(from, to);
    expect(await migrate(scene.before, 'tq', AT_ONCE)).toEqual({
      ...{ queue: 'tq', outcome: 'unchanged', moved: 0, returned: 0, lost: 0 },
    });
  });
});

/** Ends each run at another point: after its first, second, third … word. */
async function abortAgainAndAgain(scene: MigratingScene, queue: string): Promise<number> {
  for (let run = 0; ; run++) {
    const stopping = new AbortController();
    let words = 0;
    const onProgress = () => {
      if (words++ === run) stopping.abort();
    };
    const options = { ...AT_ONCE, signal: stopping.signal, onProgress };
    if ((await migrate(scene.after, queue, options)).outcome !== 'aborted') return run;
  }
}

describe('migrating a queue', () => {
  const rejection = (app: App, options: object) =>
    migrate(app, 'tq', options).then(
      (report) => report,
      (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
    );

  it('waits for its workers to leave', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    await scene.fill([1]);
    const { consumerTag } = await scene.peer.channel.consume(scene.queue, () => undefined);
    let waits = 0;
    const onProgress = ({ stage }: MigrationProgress) => {
      if (stage === 'waiting' && waits++ === 0) void scene.peer.channel.cancel(consumerTag);
    };
    scene.peer.channel.nackAll();
    expect(await migrate(scene.after, 'tq', { settle: 50, quiet: 0, onProgress })).toMatchObject({
      outcome: 'migrated',
    });
  });

  it('changes nothing when they stay', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    await scene.peer.channel.consume(scene.queue, () => undefined);
    expect(await rejection(scene.after, { ...AT_ONCE, wait: 50 })).toEqual({
      code: 'queue-in-use',
      message: expect.stringMatching(/still has 1 consumer after 50 ms: stop its workers first/),
    });
    expect(await scene.differenceFrom(scene.before)).toBeUndefined();
    expect(await scene.leftovers()).toEqual([]);
  });

  it('puts everything back when somebody publishes straight to the queue all the time', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    await scene.fill(upTo(40));
    let running = true;
    const publishing = (async () => {
      let number = 40;
      for (; running; number++) await scene.fill([number]);
      return number;
    })();
    const found = await rejection(scene.after, { settle: 0, quiet: 500, wait: 500 });
    running = false;
    const published = await publishing;
    expect(found).toEqual({
      code: 'queue-in-use',
      message: expect.stringMatching(/Messages come straight to the queue/),
    });
    expect(await scene.differenceFrom(scene.before)).toBeUndefined();
    expect((await scene.drain()).sort((a, b) => a - b)).toEqual(upTo(published));
    expect(await scene.leftovers()).toEqual([]);
  });

  it('is one at a time', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    const { consumerTag } = await scene.peer.channel.consume(scene.queue, () => undefined);
    let began: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      began = resolve;
    });
    const first = migrate(scene.after, 'tq', { ...AT_ONCE, onProgress: () => began() });
    await waiting;
    expect(await rejection(scene.before, { timeout: 50 })).toMatchObject({ code: 'queue-in-use' });
    await scene.peer.channel.cancel(consumerTag);
    expect(await first).toMatchObject({ outcome: 'migrated' });
  });

  it('changes nothing when the broker does not take the declaration', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    await scene.fill([1, 2]);
    const found = await migrate(scene.after, 'tq', AT_ONCE, { 'x-queue-type': 'quorum', 'x-max-priority': 3 }).then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    expect(found).toBe('invalid-option');
    expect(await queueState(scene.peer, scene.queue)).toEqual({ messages: 2, consumers: 0 });
    expect(await scene.differenceFrom(scene.before)).toBeUndefined();
  });

  it.each([
    ['classic', 'reject-publish'],
    ['quorum', 'reject-publish'],
    ['classic', 'drop-head'],
  ])('keeps what a full new queue has no room for, and goes on once it has (%s, %s)', async (type, overflow) => {
    await using scene = await openMigratingScene(type === 'classic' ? 'quorum' : 'classic', 'classic');
    await scene.fill(upTo(9));
    const own = { 'x-queue-type': type, 'x-max-length': 4, 'x-overflow': overflow };
    const attempt = () =>
      migrate(scene.after, 'tq', AT_ONCE, own).then(
        ({ outcome }) => outcome,
        (error: { code: string }) => error.code,
      );
    const ends: string[] = [];
    const bodies: number[] = [];
    while (ends.at(-1) !== 'migrated') {
      ends.push(await attempt());
      bodies.push(...(await scene.drain()));
    }
    expect(ends).toEqual(['publish-nacked', 'publish-nacked', 'migrated']);
    expect(bodies).toEqual(upTo(9));
    expect(await scene.leftovers()).toEqual([]);
  });

  it('refuses options that it does not know, and times that do not fit together', async () => {
    await using scene = await openMigratingScene('classic', 'quorum');
    expect(await rejection(scene.after, { setle: 1 })).toMatchObject({ code: 'unknown-option', message: /settle/ });
    expect(await rejection(scene.after, { settle: 10, wait: 5 })).toMatchObject({ code: 'invalid-option' });
  });
});
