import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { queueState } from '../support/broker.js';
import { startPlainServer } from './fixtures/plain-server.js';
import type * as tasks from './fixtures/tasks.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

/** A schema that takes numbers, and doubles them. */
const DOUBLED = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'expected a number' }] },
  },
};

const text = (body: Buffer) => body.toString('utf8');

describe('a plain call', () => {
  it('sends a body as it is and gives what the server answers', async () => {
    await using test = openApp();
    await using server = await startPlainServer(`${test.prefix}rpc`, ({ content }) => ({
      body: `${+text(content) * 2}`,
    }));
    const answer: number = await test.app.plainCall<number>('rpc', 21);
    expect(answer).toBe(42);
    const [request] = server.requests;
    expect(request?.content.toString()).toBe('21');
    expect(request?.properties).toMatchObject({
      contentType: 'application/json',
      correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      replyTo: expect.stringContaining('tq.reply.'),
      deliveryMode: 2,
      headers: {},
    });
  });

  it('says what the server wants to know: app_id, type, headers, a content type', async () => {
    await using test = openApp();
    await using server = await startPlainServer(`${test.prefix}rpc`, () => ({ body: 'null' }));
    const options = {
      appId: 'fib',
      type: 'call',
      headers: { tenant: 'acme', n: 3 },
      contentType: 'application/x-ours',
    };
    expect(await test.app.plainCall('rpc', { n: 1 }, options)).toBeNull();
    expect(server.requests[0]?.properties).toMatchObject(options);
  });

  it('carries text as text and bytes as bytes', async () => {
    await using test = openApp();
    await using _ = await startPlainServer(`${test.prefix}rpc`, ({ content, properties: { contentType } }) => ({
      body: Buffer.concat([Buffer.from(`${contentType} `), content]),
    }));
    const said: string = await test.app.plainCall('rpc', 'Grüße', { format: 'text' });
    expect(said).toBe('text/plain Grüße');
    expect(await test.app.plainCall('rpc', 30, { format: 'text' })).toBe('text/plain 30');
    const bytes: Buffer = await test.app.plainCall('rpc', new Uint8Array([0, 255]), { format: 'bytes' });
    expect(bytes.subarray(-2)).toEqual(Buffer.from([0, 255]));
  });

  it('goes to an exchange where one is named', async () => {
    await using test = openApp();
    const { prefix } = test;
    await using server = await startPlainServer(`${prefix}rpc`, () => ({ body: '"here"' }));
    await server.peer.channel.assertExchange(`${prefix}calls`, 'direct', { autoDelete: true });
    await server.peer.channel.bindQueue(`${prefix}rpc`, `${prefix}calls`, 'fib');
    expect(await test.app.plainCall('rpc', 1, { exchange: 'calls', routingKey: 'fib' })).toBe('here');
    const error = await rejection(test.app.plainCall('rpc', 1, { exchange: 'calls', routingKey: 'nobody' }));
    expect(error).toMatchObject({ code: 'unroutable', fields: { exchange: `${prefix}calls`, routingKey: 'nobody' } });
    expect(await rejection(test.app.plainCall('rpc', 1, { exchange: 'gone' }))).toMatchObject({
      code: 'exchange-missing',
    });
  });

  it('is sent to a queue that does not outlive its broker as such', async () => {
    await using test = openApp({ queues: { rpc: { type: 'classic', durable: false, autoDelete: true } } });
    await using server = await startPlainServer(`${test.prefix}rpc`, () => ({ body: '1' }));
    await test.app.plainCall('rpc', 1);
    await test.app.plainQueue('rpc').publish(2);
    expect((await server.asked(2)).map(({ properties }) => properties.deliveryMode)).toEqual([1, 1]);
  });

  it('gives each of many calls at once its own answer, in whatever order they come', async () => {
    await using test = openApp();
    const held: (() => void)[] = [];
    await using _ = await startPlainServer(`${test.prefix}rpc`, ({ content, properties }, { channel }) => {
      held.push(() => channel.sendToQueue(properties.replyTo, content, { correlationId: properties.correlationId }));
      if (held.length === 100) for (const send of held.reverse()) send();
      return undefined;
    });
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    expect(await Promise.all(numbers.map((n) => test.app.plainCall('rpc', n)))).toEqual(numbers);
  });

  it('ignores answers to somebody else, and all but the first of its own', async () => {
    await using test = openApp();
    await using _ = await startPlainServer(`${test.prefix}rpc`, ({ properties }, { channel }) => {
      const send = (body: string, correlationId?: string) =>
        channel.sendToQueue(
          properties.replyTo,
          Buffer.from(body),
          correlationId === undefined ? {} : { correlationId },
        );
      send('"of nobody"');
      send('"of somebody else"', 'not-mine');
      send(`{"task_id":"${properties.correlationId}","status":"STARTED"}`, 'neither');
      send('"mine"', properties.correlationId);
      send('"too late"', properties.correlationId);
      return undefined;
    });
    expect(await test.app.plainCall('rpc', 1)).toBe('mine');
    expect(await test.app.plainCall('rpc', 2)).toBe('mine');
    expect(problems(test.lines)).toEqual([]);
  });

  it('shares the reply queue with the results of tasks', async () => {
    await using test = openApp();
    await using worker = await startWorker(test.app);
    await using server = await startPlainServer(`${test.prefix}rpc`, () => ({ body: '"plain"' }));
    const echo = test.app.declareTask<typeof tasks.echo>('echo');
    expect(await Promise.all([echo.delay(3).get(), test.app.plainCall('rpc', 1)])).toEqual([3, 'plain']);
    expect(worker).toBeDefined();
    const replies = server.requests[0]?.properties.replyTo;
    expect(await queueState(server.peer, replies)).toMatchObject({ consumers: 1 });
  });

  it('gives what a schema makes of the answer, and refuses what does not fit', async () => {
    await using test = openApp();
    await using _ = await startPlainServer(`${test.prefix}rpc`, ({ content }) => ({ body: content }));
    const doubled: number = await test.app.plainCall('rpc', 21, { schema: DOUBLED });
    expect(doubled).toBe(42);
    const error = await rejection(test.app.plainCall('rpc', 'text', { schema: DOUBLED }));
    expect(error).toMatchObject({ code: 'invalid-result', fields: { queue: 'rpc' } });
    expect(error.message).toMatch(/^Expected an answer from 'rpc' that fits the schema of the call, found .*number/);
  });
});

describe.each(['thread', 'process'] as const)('a plain call from inside a task (%s pool)', (pool) => {
  it('goes through the connection of its worker, and fails as it would anywhere else', async () => {
    await using test = openApp();
    await using worker = await startWorker(test.app, pool);
    expect(worker).toBeDefined();
    await using server = await startPlainServer(`${test.prefix}rpc`, ({ content }) => ({
      body: content,
      properties: text(content) === '"fail"' ? { headers: { 'tq-error': 'Oops' } } : {},
    }));
    const ask = test.app.declareTask<typeof tasks.asksForeign>('asks-foreign');
    expect(await ask.delay('rpc', { n: 'ü' }).get()).toEqual({ n: 'ü' });
    expect(await rejection(ask.delay('rpc', 'fail').get())).toMatchObject({ remote: { code: 'plain-call-failed' } });
    expect(await rejection(ask.delay('gone', 1).get())).toMatchObject({ remote: { code: 'queue-missing' } });
    await server.peer.channel.assertQueue(`${test.prefix}mute`, { durable: false, autoDelete: true });
    expect(await rejection(ask.delay('mute', 1, 50).get())).toMatchObject({ remote: { code: 'plain-call-timeout' } });
    const abort = test.app.declareTask<typeof tasks.abortsForeign>('aborts-foreign');
    expect(await abort.delay('mute').get()).toMatch(/^(publish|result)-aborted$/);
  });
});

/** A worker of the app's own queue with the tasks of all these tests. */
async function startWorker(app: Parameters<typeof createWorker>[0], pool: 'thread' | 'process' = 'thread') {
  const module = new URL('fixtures/tasks.js', import.meta.url);
  const worker = createWorker(app, { tasks: [module], concurrency: 1, pool });
  await worker.start();
  return { [Symbol.asyncDispose]: () => worker.stop() };
}
