/** Plain calls that fail, or that nobody answers in time. */
import { PlainCallError, PublishError } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { openPeer, queueState } from '../support/broker.js';
import { startPlainServer } from './fixtures/plain-server.js';
import { openApp, problems, rejection } from './fixtures/test-app.js';

const text = (body: Buffer) => body.toString('utf8');

describe('a plain call that gets no answer', () => {
  it.each<[string, object, string]>([
    ['JSON', { headers: { 'tq-error': 'RangeError' } }, '{"error":{"type":"RangeError","message":"too large"}}'],
    ['text', { headers: { 'tq-error': 'RangeError' } }, 'RangeError: too large'],
  ])('fails as the server says with the header tq-error (%s)', async (_, properties, body) => {
    await using test = openApp();
    await using __ = await startPlainServer(`${test.prefix}rpc`, () => ({ body, properties }));
    const error = await rejection(test.app.plainCall('rpc', 1));
    expect(error).toBeInstanceOf(PlainCallError);
    expect(error).toMatchObject({
      code: 'plain-call-failed',
      message: 'RangeError: too large',
      queue: 'rpc',
      remote: { name: 'RangeError', message: 'too large' },
    });
  });

  it.each([
    ['json', 'no JSON'],
    ['json', ''],
    ['text', Buffer.from([0xff])],
  ] as const)('fails where the answer is no %s', async (format, body) => {
    await using test = openApp();
    await using _ = await startPlainServer(`${test.prefix}rpc`, () => ({ body }));
    const error = await rejection(test.app.plainCall('rpc', 1, { format }));
    expect(error).toMatchObject({ code: 'poison', fields: { queue: 'rpc' } });
    expect(error.message).toMatch(/^The answer from 'rpc' cannot be read: Expected /);
  });

  it('is queue-missing at once where there is no queue, and declares none', async () => {
    await using test = openApp();
    await using peer = await openPeer();
    const error = await rejection(test.app.plainCall('rpc', 1));
    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ code: 'queue-missing', fields: { queue: `${test.prefix}rpc` } });
    expect(error.message).toContain(`There is no queue '${test.prefix}rpc', and plain messages declare none`);
    expect(await queueState(peer, `${test.prefix}rpc`)).toBeUndefined();
  });

  it('ends after its timeout and says what is known of the queue', async () => {
    await using test = openApp();
    await using server = await startPlainServer(`${test.prefix}warm`, () => ({ body: '1' }));
    await test.app.plainCall('warm', 1);
    await server.peer.channel.assertQueue(`${test.prefix}rpc`, { durable: false, autoDelete: true });
    const error = await rejection(test.app.plainCall('rpc', 1, { timeout: 500 }));
    expect(error).toMatchObject({ code: 'plain-call-timeout', fields: { queue: 'rpc', timeoutMs: 500 } });
    expect(error.message).toBe(
      `No answer from 'rpc' within 500ms: '${test.prefix}rpc' has 1 message and no consumer: is its server running?`,
    );
  });

  it('drops an answer that comes after its timeout, quietly', async () => {
    await using test = openApp();
    await using server = await startPlainServer(`${test.prefix}rpc`, ({ content }) =>
      text(content) === '"first"' ? undefined : { body: content },
    );
    await test.app.plainCall('rpc', 'warm');
    const error = await rejection(test.app.plainCall('rpc', 'first', { timeout: 500 }));
    expect(error.message).toContain(`'${test.prefix}rpc' has 0 messages waiting and 1 consumer.`);
    const [, late] = await server.asked(2);
    const { replyTo, correlationId } = late?.properties ?? {};
    server.peer.channel.sendToQueue(replyTo, Buffer.from('832040'), { correlationId });
    expect(await test.app.plainCall('rpc', 'second')).toBe('second');
    expect(problems(test.lines)).toEqual([]);
  });

  it('ends with its signal', async () => {
    await using test = openApp();
    await using server = await startPlainServer(`${test.prefix}rpc`, () => undefined);
    const controller = new AbortController();
    const call = rejection(test.app.plainCall('rpc', 1, { signal: controller.signal }));
    await server.asked(1);
    controller.abort(new Error('enough'));
    expect(await call).toMatchObject({
      code: expect.stringMatching(/^(publish|result)-aborted$/),
      cause: new Error('enough'),
    });
    const before = await rejection(test.app.plainCall('rpc', 1, { signal: controller.signal }));
    expect(before).toMatchObject({ code: 'publish-aborted' });
  });

  it('ends when its app is closed', async () => {
    const { app, prefix } = openApp();
    await using server = await startPlainServer(`${prefix}rpc`, () => undefined);
    const call = rejection(app.plainCall('rpc', 1));
    await server.asked(1);
    await app.close();
    expect(await call).toMatchObject({ code: 'closed' });
    expect(await rejection(app.plainCall('rpc', 1))).toMatchObject({ code: 'closed' });
  });

  it.each<[string, unknown, object, string, string]>([
    [
      'an unknown option',
      1,
      { timeuot: 5 },
      'unknown-option',
      "plainCall: unknown option 'timeuot'. Did you mean 'timeout'?",
    ],
    ['a timeout out of range', 1, { timeout: 0 }, 'invalid-option', 'plainCall: timeout (ms): expected a whole number'],
    ['an unknown format', 1, { format: 'jason' }, 'invalid-option', "Did you mean 'json'?"],
    ["a header of tq's own", 1, { headers: { 'tq-lost': 1 } }, 'invalid-option', "'tq-lost' belongs to the protocol"],
    ['a key without an exchange', 1, { routingKey: 'x' }, 'invalid-option', 'expected an exchange beside routingKey'],
    [
      'too long an app_id',
      1,
      { appId: 'x'.repeat(256) },
      'invalid-option',
      'appId: expected text of at most 255 bytes',
    ],
    ['a body that JSON cannot carry', () => 1, {}, 'unserialisable', 'body: expected a value that JSON can carry'],
    ['a circle', circle(), {}, 'unserialisable', 'found one that cannot be written (see the cause)'],
    [
      'an object as text',
      {},
      { format: 'text' },
      'unserialisable',
      'expected text, a number or a boolean, found object',
    ],
    [
      'text as bytes',
      'x',
      { format: 'bytes' },
      'unserialisable',
      'expected bytes (a Buffer or a Uint8Array), found string',
    ],
  ])('is refused with %s', async (_, body, options, code, message) => {
    await using test = openApp();
    const error = await rejection(test.app.plainCall('rpc', body, options));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('is refused in an eager app, which has no broker', async () => {
    await using test = openApp({ eager: true });
    const error = await rejection(test.app.plainCall('rpc', 1));
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(error.message).toContain('An eager app has no broker');
  });
});

function circle(): object {
  const own: { self?: object } = {};
  own.self = own;
  return own;
}
