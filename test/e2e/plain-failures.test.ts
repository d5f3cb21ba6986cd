import { describe, expect, it } from 'vitest';
import { receive, takeAll } from '../support/broker.js';
import { errorOf, failed, openCaller, replied, shown, startWorker } from './fixtures/plain-scene.js';
import { openApp } from './fixtures/test-app.js';

describe('a plain message that fails', () => {
  it('answers, calls onFailure, leaves a dead letter and goes back to its queue as it was', async () => {
    await using test = openApp();
    const { app, prefix } = test;
    await using caller = await openCaller(test);
    const worker = await startWorker(app);
    const properties = { appId: 'fails', messageId: 'm1', correlationId: 'c1', contentType: 'x/y', type: 't1' };
    const headers = { retries: 9, eta: 'noon', id: 7 };
    const body = '{ "n":  1 }';
    caller.send('several', body, { ...properties, headers, timestamp: 7, priority: 2, expiration: '60000' });
    expect((await caller.next(1)).map(shown)).toEqual([
      failed('RangeError', errorOf('RangeError', 'out of reach'), { correlationId: 'c1' }),
    ]);
    while ((await app.queue('several').dead.depth()).messages === 0);
    await worker.stop();
    const [failure] = await takeAll(caller, `${prefix}told`);
    expect(JSON.parse(failure?.content.toString() ?? '')[0][0]).toMatchObject({
      ...{ id: 'm1', task: 'fails', queue: `${prefix}several`, attempt: 1, reason: 'failed' },
      error: { name: 'RangeError', message: 'out of reach' },
    });
    expect(await app.deadLetters.show('m1', { queues: ['several'] })).toMatchObject({
      ...{ queue: 'several', task: undefined, reason: 'failed', error: 'RangeError: out of reach', attempt: undefined },
    });
    expect(await app.deadLetters.retry({ queues: ['several'] })).toMatchObject({ moved: 1 });
    const [again] = await takeAll(caller, `${prefix}several`);
    expect(again?.content.toString()).toBe(body);
    expect(again?.properties).toMatchObject({ ...properties, timestamp: 7, priority: 2, replyTo: caller.replies });
    expect([again?.properties.headers, again?.properties.expiration]).toEqual([headers, undefined]);
  });

  it('goes back to its queue also beside others of the same id, and still knows its exchange', async () => {
    await using test = openApp();
    const { app, prefix } = test;
    await using caller = await openCaller(test);
    const worker = await startWorker(app);
    await caller.channel.assertExchange(`${prefix}x`, 'direct', { autoDelete: true });
    await caller.channel.bindQueue(`${prefix}several`, `${prefix}x`, 'k');
    for (const n of ['1', '2', '2']) {
      caller.channel.publish(`${prefix}x`, 'k', Buffer.from(n), { appId: 'fails', messageId: 'same' });
    }
    while ((await app.queue('several').dead.depth()).messages < 3);
    await worker.stop();
    expect(await app.deadLetters.retry({ queues: ['several'] })).toMatchObject({ moved: 3, skipped: 0 });
    const again = await takeAll(caller, `${prefix}several`);
    expect(again.map(({ content }) => content.toString()).sort()).toEqual(['1', '2', '2']);
    expect(again[0]?.properties.headers).toEqual({ 'tq-exchange': `${prefix}x`, 'tq-routing-key': 'k' });
  });

  it('is given up with its child after the limit of losses', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app, { pool: 'process', concurrency: 1, lostLimit: 2 });
    caller.send('several', '1', { appId: 'exits', correlationId: 'c1', headers: { eta: 'noon' } });
    caller.send('several', '2', { appId: 'square' });
    const replies = (await caller.next(2)).map(shown);
    expect(replies).toEqual(
      expect.arrayContaining([
        replied('4'),
        failed('TqError', expect.stringContaining('ended its child 2 times'), { correlationId: 'c1' }),
      ]),
    );
    const [dead] = await receive(caller, `${test.prefix}several.dead`, 1);
    expect(dead?.properties.headers).toMatchObject({ 'tq-dead-reason': 'worker-lost', 'tq-lost': 1, eta: 'noon' });
  });

  it('is not tried again when that would come after its expiration', async () => {
    await using test = openApp();
    await using caller = await openCaller(test);
    await using _ = await startWorker(test.app);
    caller.send('several', '1', { appId: 'late', expiration: '60000' });
    expect((await caller.next(1)).map(shown)).toEqual([failed('RangeError', errorOf('RangeError', 'in an hour'))]);
  });
});
