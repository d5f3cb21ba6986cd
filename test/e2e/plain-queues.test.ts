import { type DeadLetter, PublishError } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { brokerUrl, openPeer, queueState, receive, takeAll } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

/** As many things as a test waits for. */
function collector<T>() {
  const seen: T[] = [];
  let wake: () => void = () => undefined;
  return {
    seen,
    take: (one: T) => {
      seen.push(one);
      wake();
    },
    async first(count: number): Promise<readonly T[]> {
      while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return seen;
    },
  };
}

async function openQueue(options: Parameters<typeof openApp>[0] = {}) {
  const test = openApp(options);
  const peer = await openPeer();
  const fullName = `${test.prefix}orders`;
  await peer.channel.assertQueue(fullName, { durable: true });
  const dispose = async () => {
    await test.app.close();
    await peer.close();
  };
  return { ...test, peer, fullName, [Symbol.asyncDispose]: dispose };
}

describe('what is published to a plain queue', () => {
  it('arrives as it is, persistent, with what the message says of itself', async () => {
    await using test = await openQueue();
    const queue = test.app.plainQueue<{ n: number }>('orders');
    const publication = queue.publish(
      { n: 1 },
      {
        ...{ headers: { tenant: 'acme' }, appId: 'shop', type: 'order', correlationId: 'c1', replyTo: 'elsewhere' },
        ...{ priority: 3, expiration: 60_000 },
      },
    );
    await publication;
    const [message] = await receive(test.peer, test.fullName, 1);
    expect(message?.content.toString()).toBe('{"n":1}');
    expect(message?.properties).toMatchObject({
      ...{ contentType: 'application/json', deliveryMode: 2, headers: { tenant: 'acme' }, messageId: publication.id },
      ...{ appId: 'shop', type: 'order', correlationId: 'c1', replyTo: 'elsewhere', priority: 3, expiration: '60000' },
    });
  });

  it('is text or bytes as the queue says', async () => {
    await using test = await openQueue();
    await test.app.plainQueue('orders', { format: 'text' }).publish('Grüße', { messageId: 'm1' });
    await test.app.plainQueue('orders', { format: 'bytes' }).publish(new Uint8Array([0, 255]));
    const [text, bytes] = await receive(test.peer, test.fullName, 2);
    expect([text?.content.toString(), text?.properties.contentType]).toEqual(['Grüße', 'text/plain']);
    expect(text?.properties.messageId).toBe('m1');
    expect(bytes?.content).toEqual(Buffer.from([0, 255]));
  });

  it('goes many at a time, without a wait for each confirm', async () => {
    await using test = await openQueue();
    const queue = test.app.plainQueue<number>('orders');
    await queue.bulk(Array.from({ length: 500 }, (_, n) => n));
    expect(await queue.depth()).toEqual({ messages: 500, consumers: 0 });
    async function* later() {
      yield* [1, 2, 3];
    }
    await queue.bulk(later());
    const bodies = (await takeAll(test.peer, test.fullName)).map(({ content }) => Number(content));
    expect(bodies).toEqual([...Array.from({ length: 500 }, (_, n) => n), 1, 2, 3]);
  });

  it('is an error at once where there is no queue, which nobody declares', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const queue = test.app.plainQueue('gone');
    const error = await rejection(Promise.resolve(queue.publish(1)));
    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ code: 'queue-missing', fields: { queue: `${test.prefix}gone` } });
    expect(await rejection(queue.bulk([1, 2]))).toMatchObject({ code: 'queue-missing' });
    expect(await rejection(queue.consume(() => undefined))).toMatchObject({ code: 'queue-missing' });
    expect(await rejection(queue.depth())).toMatchObject({ code: 'queue-missing' });
    expect(await queueState(peer, `${test.prefix}gone`)).toBeUndefined();
  });

  it('is logged, and told to observers, when it fails and nobody awaits it', async () => {
    await using test = openApp();
    const failed = collector<object>();
    test.app.on('publish:failed', failed.take);
    const { id } = test.app.plainQueue('gone').publish(1);
    expect(await failed.first(1)).toMatchObject([{ kind: 'message', taskId: id, task: 'gone' }]);
    expect(problems(test.lines)).toMatchObject([{ level: 'error', fields: { queue: 'gone' } }]);
  });

  it.each<[string, unknown, object, string]>([
    ['an unknown option', 1, { typ: 'x' }, "publish: unknown option 'typ'. Did you mean 'type'?"],
    ['a priority out of range', 1, { priority: 256 }, 'publish: priority: expected a whole number from 0 to 255'],
    ['what JSON cannot carry', () => 1, {}, 'body: expected a value that JSON can carry, found function'],
  ])('is refused with %s', async (_, body, options, text) => {
    await using test = openApp();
    const error = await rejection(Promise.resolve(test.app.plainQueue('orders').publish(body, options)));
    expect(error).toBeInstanceOf(PublishError);
    expect(error.message).toContain(text);
  });

  it('needs a name and a format that there is', () => {
    const { app } = openApp();
    expect(() => app.plainQueue('')).toThrow('plainQueue: expected the name of a queue, found an empty one.');
    expect(() => app.plainQueue('q', { format: 'jason' as 'json' })).toThrow("Did you mean 'json'?");
  });
});

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

  it('what is published without end ends with its signal', async () => {
    await using test = await openQueue();
    const ending = new AbortController();
    function* endless() {
      for (let n = 0; ; n++) {
        if (n === 10) ending.abort();
        yield n;
      }
    }
    const error = await rejection(test.app.plainQueue('orders').bulk(endless(), { signal: ending.signal }));
    expect(error).toMatchObject({ code: 'publish-aborted' });
  });
});
