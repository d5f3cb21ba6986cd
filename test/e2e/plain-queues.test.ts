/** `plainQueue.publish` and `bulk`: what foreign programs get. */
import { PublishError } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { openPeer, queueState, receive, takeAll } from '../support/broker.js';
import { collector } from './fixtures/collector.js';
import { openQueue } from './fixtures/open-queue.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

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

  it('is given up with its signal where there is no end of it', async () => {
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
