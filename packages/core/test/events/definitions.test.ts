import { type App, defaultApp, defineEvent, subscribe } from '@tq/core';
import { internalsOf } from '@tq/core/internal';
import { createTestApp } from '@tq/core/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const nothing = () => undefined;

/** What whoever consumes a subscription has to know. */
function factsOf(app: App, name: string) {
  return internalsOf(app).registry.get(name)?.subscription;
}

describe('an event', () => {
  it.each([['orders.created'], ['orders'], ['Bestellung.bezahlt'], ['orders/eu.created:v2']])(
    'may be named %s',
    (name) => {
      expect(createTestApp().event(name).name).toBe(name);
    },
  );

  it.each([
    ['', 'found an empty one'],
    ['orders.', "found 'orders.'"],
    ['orders..created', 'expected words with dots between them'],
    ['orders.*', 'without spaces, * and #'],
    ['orders.#', 'without spaces, * and #'],
    ['order placed', 'without spaces'],
    ['x'.repeat(256), 'found 256 bytes'],
    ['ä'.repeat(128), 'found 256 bytes'],
    [7, 'found a number'],
  ])('may not be named %s', (name, text) => {
    expect(() => createTestApp().event(name as string)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(text) }),
    );
  });

  it('is defined once', () => {
    const app = createTestApp();
    app.event('orders.created');
    expect(() => app.event('orders.created')).toThrow(
      expect.objectContaining({ code: 'duplicate-event', message: expect.stringContaining('Define it once') }),
    );
  });

  it.each<[options: object, code: string, text: string]>([
    [{ exchnage: 'logs' }, 'unknown-option', "Did you mean 'exchange'?"],
    [{ exchange: '' }, 'invalid-option', "event 'a': exchange: expected a text of 1 to 255 bytes, found an empty one"],
    [{ routingKey: 'x'.repeat(256) }, 'invalid-option', 'routingKey: expected a text of 0 to 255 bytes'],
    [{ mandatory: 1 }, 'invalid-option', 'mandatory: expected true or false, found number'],
    [{ persistent: 'no' }, 'invalid-option', 'persistent: expected true or false, found string'],
    [{ payload: {} }, 'invalid-option', 'payload: expected a Standard Schema, found something else (object)'],
  ])('refuses %j', (options, code, text) => {
    expect(() => createTestApp().event('a', options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) }),
    );
  });

  it.each<[options: object, text: string]>([
    [{ header: {} }, "publish: unknown option 'header'. Did you mean 'headers'?"],
    [{ headers: [] }, 'publish: headers: expected an object'],
    [{ headers: { 'tq-id': '1' } }, "publish: headers: 'tq-id' belongs to the protocol"],
    [{ headers: { 'x-death': '1' } }, "publish: headers: 'x-death' belongs to the protocol"],
    [{ deadline: 0 }, 'publish: deadline (ms): expected a whole number from 1'],
    [{ routingKey: 1 }, 'publish: routingKey: expected a text'],
    [{ mandatory: 'yes' }, 'publish: mandatory: expected true or false'],
  ])('rejects a publish with %j, and throws nothing', async (options, text) => {
    const app = createTestApp();
    await expect(app.event('a').publish(1, options)).rejects.toMatchObject({
      name: 'PublishError',
      code: 'invalid-option',
      message: expect.stringContaining(text),
    });
  });

  it('that is published after its app was closed fails', async () => {
    const app = createTestApp();
    const event = app.event('a');
    await event.publish(1);
    await app.close();
    await expect(event.publish(1)).rejects.toMatchObject({ code: 'closed' });
    const unused = createTestApp();
    const other = unused.event('a');
    await unused.close();
    await expect(other.publish(1)).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a subscription', () => {
  it('is named by what it takes and by its group, the same in every process', () => {
    const app = createTestApp({ prefix: 'dev.' });
    const created = app.event('orders.created');
    expect(app.subscribe(created, nothing)).toEqual({
      name: 'on:orders.created',
      keys: ['orders.created'],
      group: undefined,
    });
    expect(app.subscribe(['orders.#', 'a.*'], nothing, { group: 'billing' }).name).toBe('on:orders.#,a.*@billing');
    const headers = { vip: true, region: 'eu', any: null };
    expect(app.subscribe('#', nothing, { headers }).name).toBe('on:#?any=&region=eu&vip=true');
    expect(app.subscribe('#', nothing, { headers, match: 'any' }).name).toBe('on:#?any=|region=eu|vip=true');
    expect(app.subscribe('', nothing, { exchange: 'logs' }).name).toBe('on:logs/');
    expect(app.subscribe('#', nothing, { name: 'audit', group: 'g' }).name).toBe('on:audit@g');
    expect(app.taskNames()).toContain('on:audit@g');
  });

  it("says where its events come from, and where they wait, by names with the app's prefix", () => {
    const app = createTestApp({ prefix: 'dev.' });
    app.subscribe('orders.*', nothing);
    app.subscribe('orders.*', nothing, { group: 'billing', format: 'text' });
    app.subscribe('error', nothing, { exchange: 'logs', headers: { a: 1 }, match: 'any' });
    app.subscribe('#', nothing, { exchange: 'amq.topic' });
    expect(factsOf(app, 'on:orders.*')).toMatchObject({
      exchange: 'dev.tq.events',
      keys: ['orders.*'],
      queue: 'dev.tq.everybody.orders.*',
      format: 'json',
    });
    expect(factsOf(app, 'on:orders.*@billing')).toMatchObject({
      group: 'billing',
      queue: 'dev.tq.group.billing.orders.*',
      format: 'text',
    });
    expect(factsOf(app, 'on:logs/error?a=1')).toMatchObject({
      exchange: 'dev.logs',
      headers: { a: 1 },
      match: 'any',
    });
    expect(factsOf(app, 'on:amq.topic/#')).toMatchObject({ exchange: 'amq.topic' });
  });

  it('to an event takes its exchange and key', () => {
    const app = createTestApp();
    app.subscribe(app.event('log.line', { exchange: 'logs', routingKey: 'auth' }), nothing);
    expect(factsOf(app, 'on:logs/auth')).toMatchObject({ exchange: 'logs', keys: ['auth'] });
  });

  it("has its group's queue among the app's, and is a task with a task's options", () => {
    const app = createTestApp({ prefix: 'dev.' });
    const onFailure = app.task('alarm', nothing);
    const retry = { maxRetries: 3 };
    app.subscribe('a', nothing, {
      group: 'g',
      timeLimit: 2_000,
      softTimeLimit: 1_000,
      deadLetter: false,
      retry,
      onFailure,
    });
    expect(internalsOf(app).registry.get('on:a@g')).toMatchObject({
      queue: 'tq.group.g.a',
      limits: { timeLimit: 2_000, softTimeLimit: 1_000 },
      deadLetter: false,
      retry,
      onFailure: { task: 'alarm', queue: 'dev.tq' },
    });
  });

  it('that takes the same as another needs a name', () => {
    const app = createTestApp();
    app.subscribe('a', nothing);
    expect(() => app.subscribe('a', nothing)).toThrow(
      expect.objectContaining({
        code: 'duplicate-task',
        message: expect.stringMatching(/for everybody take 'a' alike.*Give one of them a name/),
      }),
    );
    app.subscribe('a', nothing, { name: 'second' });
    app.subscribe('a', nothing, { group: 'g' });
    expect(() => app.subscribe('a', nothing, { group: 'g' })).toThrow("of the group 'g' take 'a' alike");
  });

  it.each<[options: object, code: string, text: string]>([
    [{ grup: 'a' }, 'unknown-option', "Did you mean 'group'?"],
    [{ queue: 'q' }, 'unknown-option', "subscribe: unknown option 'queue'"],
    [{ group: 'a.b' }, 'invalid-option', "expected a word of 1 to 64 letters, digits, - and _, found 'a.b'"],
    [{ durable: true }, 'invalid-option', 'durable: expected a group beside it, found none'],
    [{ durable: false, group: 'g' }, 'invalid-option', "expected true for the group 'g', found false"],
    [{ match: 'any' }, 'invalid-option', 'match: expected headers beside it'],
    [{ match: 'some', headers: { a: 1 } }, 'invalid-option', "match: expected all or any, found 'some'"],
    [{ headers: {} }, 'invalid-option', 'headers: expected at least one'],
    [{ headers: { 'x-a': 1 } }, 'invalid-option', 'does not compare those that begin with x-'],
    [{ headers: { a: [1] } }, 'invalid-option', "headers: 'a': expected a text, a number, true, false or null"],
    [{ format: 'xml' }, 'invalid-option', "format: expected json or text, found 'xml'"],
    [{ payload: {} }, 'invalid-option', 'payload: expected a Standard Schema'],
    [{ timeLimit: 0 }, 'invalid-option', "task 'on:a': timeLimit (ms)"],
    [{ name: 'x'.repeat(200) }, 'invalid-option', 'Give it a name'],
  ])('refuses %j', (options, code, text) => {
    expect(() => createTestApp().subscribe('a', nothing, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) }),
    );
  });

  it.each<[what: unknown, text: string]>([
    [[], "expected at least one pattern, found none; '#' takes every event"],
    [['a', 1], 'subscribe: pattern: expected a text'],
    ['x'.repeat(256), 'subscribe: pattern: expected a text of 0 to 255 bytes, found 256 bytes'],
    [
      'orders.**',
      "subscribe: pattern: expected words with dots between them, * and # alone as words, found 'orders.**'",
    ],
    [['a', 'orders*'], "found 'orders*', which no event's name fits"],
    ['orders..paid', "found 'orders..paid'"],
    ['', "found ''"],
    ['orders. paid', "found 'orders. paid'"],
    [undefined, 'expected an event, a pattern or a list of patterns, found undefined'],
    [{ name: 'a' }, 'expected an event, a pattern or a list of patterns, found object'],
  ])('refuses to take %j', (what, text) => {
    expect(() => createTestApp().subscribe(what as string, nothing)).toThrow(text);
  });

  it('takes any key from an exchange of its own, whose type says what it means', () => {
    const keys = ['', 'a b', 'disk*'];
    expect(createTestApp().subscribe(keys, nothing, { exchange: 'logs' }).keys).toEqual(keys);
  });

  it('refuses what its event says already, and a handler that is none', () => {
    const app = createTestApp();
    const event = app.event('a', z.string());
    expect(() => app.subscribe(event, nothing, { exchange: 'logs' })).toThrow("since the event 'a' says it");
    expect(() => app.subscribe(event, 'handler' as never)).toThrow(
      'subscribe: expected a function as handler, found string',
    );
  });
});

it("defineEvent and subscribe are the default app's", () => {
  const created = defineEvent<{ id: string }>('orders.created');
  subscribe(created, ({ id }) => id.length, { group: 'billing' });
  expect(internalsOf(defaultApp()).events.get('orders.created')).toBe(created);
  expect(defaultApp().taskNames()).toContain('on:orders.created@billing');
});
