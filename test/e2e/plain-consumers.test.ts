/** `plainQueue.consume`: what handlers of foreign messages get, and what becomes of those messages. */
import type { DeadLetter } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { brokerUrl, queueState, receive } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { collector } from './fixtures/collector.js';
import { openQueue } from './fixtures/open-queue.js';
import { problems, rejection } from './fixtures/test-app.js';

describe('a plain queue that is consumed', () => {
  it('gives each message to the handler, which is acked when that has ended', async () => {
    await using test = await openQueue();
    const { channel } = test.peer;
    const queue = test.app.plainQueue<number>('orders');
    const taken = collector<unknown>();
    let finish: () => void = () => undefined;
    await queue.consume(async (body, { appId, headers, routingKey }) => {
      taken.take([body, appId, headers, routingKey]);
      if (body === 2) await new Promise<void>((resolve) => (finish = resolve));
    });
    channel.sendToQueue(test.fullName, Buffer.from('1'), { appId: 'shop', headers: { tenant: 'acme' } });
    channel.sendToQueue(test.fullName, Buffer.from('2'));
    channel.sendToQueue(test.fullName, Buffer.from('3'));
    expect(await taken.first(2)).toEqual([
      [1, 'shop', { tenant: 'acme' }, test.fullName],
      [2, undefined, {}, test.fullName],
    ]);
    // With a concurrency of 1 the third waits in the queue.
    expect(await queue.depth()).toEqual({ messages: 1, consumers: 1 });
    const stopped = queue.stop();
    finish();
    await stopped;
    expect(await queue.depth()).toEqual({ messages: 1, consumers: 0 });
  });

  it('runs as many handlers at a time as it is told', async () => {
    await using test = await openQueue();
    const queue = test.app.plainQueue<number>('orders');
    await queue.bulk([1, 2, 3, 4]);
    const taken = collector<() => void>();
    const run = () => new Promise<void>((resolve) => taken.take(resolve));
    await queue.consume(run, { concurrency: 3 });
    await taken.first(3);
    expect(await queue.depth()).toEqual({ messages: 1, consumers: 1 });
    for (const finish of taken.seen) finish();
    (await taken.first(4))[3]?.();
    await queue.stop();
    expect(await queue.depth()).toEqual({ messages: 0, consumers: 0 });
  });

  it('keeps what a handler throws at, and what it cannot read, as dead letters that can be put back', async () => {
    await using test = await openQueue();
    const { channel } = test.peer;
    const queue = test.app.plainQueue<number>('orders');
    const taken = collector<number>();
    let broken = true;
    await queue.consume((n) => {
      if (n === 2 && broken) throw new RangeError('too large');
      taken.take(n);
    });
    for (const body of ['1', 'no JSON', '2', '3']) {
      channel.sendToQueue(test.fullName, Buffer.from(body), { headers: { tenant: 'acme' }, messageId: `m${body}` });
    }
    expect(await taken.first(2)).toEqual([1, 3]);
    await queue.stop();
    expect(await queue.depth()).toMatchObject({ messages: 0 });
    const letters: DeadLetter[] = [];
    for await (const letter of test.app.deadLetters.list({ queues: ['orders'] })) letters.push(letter);
    expect(letters).toMatchObject([
      { reason: 'poison', queue: 'orders', id: 'mno JSON', headers: { tenant: 'acme' } },
      { reason: 'failed', queue: 'orders', id: 'm2', error: 'RangeError: too large' },
    ]);
    broken = false;
    await queue.consume((n) => taken.take(n));
    await test.app.deadLetters.retry({ queues: ['orders'], reason: 'failed' });
    expect(await taken.first(3)).toEqual([1, 3, 2]);
  });

  it('comes back after a lost connection, and what was not acked is delivered again', async () => {
    await using proxy = await startProxy(brokerUrl());
    await using test = await openQueue({ url: proxy.url });
    const queue = test.app.plainQueue<number>('orders');
    const taken = collector<number>();
    let finish: () => void = () => undefined;
    await queue.consume(async (n) => {
      taken.take(n);
      if (taken.seen.length === 1) await new Promise<void>((resolve) => (finish = resolve));
    });
    test.peer.channel.sendToQueue(test.fullName, Buffer.from('1'));
    await taken.first(1);
    proxy.cut();
    finish();
    expect(await taken.first(2)).toEqual([1, 1]);
    await queue.stop();
    expect(await queueState(test.peer, test.fullName)).toEqual({ messages: 0, consumers: 0 });
  });

  it('ends with its app, after the handler that runs', async () => {
    await using test = await openQueue();
    const taken = collector<number>();
    await test.app.plainQueue<number>('orders').consume(async (n) => {
      await test.app.plainQueue('orders').depth();
      taken.take(n);
    });
    test.peer.channel.sendToQueue(test.fullName, Buffer.from('1'));
    while ((await queueState(test.peer, test.fullName))?.messages !== 0);
    await test.app.close();
    expect(await queueState(test.peer, test.fullName)).toEqual({ messages: 0, consumers: 0 });
    expect(await rejection(Promise.resolve(test.app.plainQueue('orders').publish(1)))).toMatchObject({
      code: 'closed',
    });
  });
});

describe('the handlers of a plain queue', () => {
  const atMost = (limit: number) => {
    const runs = { now: 0, most: 0, ends: [] as (() => void)[] };
    const handler = async () => {
      runs.most = Math.max(runs.most, ++runs.now);
      await new Promise<void>((resolve) => runs.ends.push(resolve));
      runs.now--;
    };
    return { runs, handler, check: () => expect(runs.most).toBe(limit) };
  };

  it('are no more at a time than allowed when a lost connection brings their messages again', async () => {
    await using proxy = await startProxy(brokerUrl());
    await using test = await openQueue({ url: proxy.url });
    const queue = test.app.plainQueue<number>('orders');
    const { runs, handler, check } = atMost(2);
    const started = collector<number>();
    await queue.bulk([1, 2]);
    await queue.consume(
      (n) => {
        started.take(n);
        return handler();
      },
      { concurrency: 2 },
    );
    await started.first(2);
    const back = new Promise<void>((resolve) =>
      test.app.on('connection:up', ({ role }) => role === 'consume' && resolve()),
    );
    proxy.cut();
    await back;
    while ((await queueState(test.peer, test.fullName))?.consumers !== 1);
    while ((await queueState(test.peer, test.fullName))?.messages !== 0);
    for (const end of runs.ends.splice(0)) end();
    await started.first(4);
    for (const end of runs.ends.splice(0)) end();
    await queue.stop();
    check();
    expect(await queueState(test.peer, test.fullName)).toEqual({ messages: 0, consumers: 0 });
  });

  it('that do not end hold up neither a stop nor the close of their app for longer than they are told, and lose nothing', async () => {
    await using test = await openQueue();
    const queue = test.app.plainQueue<number>('orders');
    const started = collector<number>();
    const hang = (n: number) => {
      started.take(n);
      return new Promise<void>(() => undefined);
    };
    await queue.bulk([1, 2]);
    await queue.consume(hang, { stopTimeout: 0 });
    await started.first(1);
    await queue.stop();
    expect(await queueState(test.peer, test.fullName)).toEqual({ messages: 2, consumers: 0 });
    await queue.consume(hang, { stopTimeout: 0 });
    await started.first(2);
    await test.app.close();
    expect(await queueState(test.peer, test.fullName)).toEqual({ messages: 2, consumers: 0 });
    expect(problems(test.lines)).toMatchObject([{ fields: { running: 1 } }, { fields: { running: 1 } }]);
    expect(await rejection(queue.consume(hang))).toMatchObject({ code: 'closed' });
  });

  it('that fail while the connection is lost leave their messages to be delivered again', async () => {
    await using proxy = await startProxy(brokerUrl());
    await using test = await openQueue({ url: proxy.url });
    const queue = test.app.plainQueue<number>('orders');
    const started = collector<() => void>();
    await queue.publish(1);
    await queue.consume(
      () => new Promise<void>((_, reject) => started.take(() => reject(new RangeError('out of reach')))),
    );
    await started.first(1);
    proxy.cut();
    started.seen[0]?.();
    (await started.first(2))[1]?.();
    const dead = `${test.fullName}.dead`;
    while ((await queueState(test.peer, dead)) === undefined);
    expect(await receive(test.peer, dead, 1)).toHaveLength(1);
    await queue.stop();
    expect(await queueState(test.peer, dead)).toMatchObject({ messages: 0 });
    expect(await queueState(test.peer, test.fullName)).toEqual({ messages: 0, consumers: 0 });
  });
});
