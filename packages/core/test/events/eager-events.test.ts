import { currentTask, type ReceivedEvent } from '@tq/core';
import { createTestApp, ManualClock, whenIdle } from '@tq/core/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import { testRuntime } from '../test-runtime.js';

const { logger } = testRuntime();
const Order = z.object({ id: z.string(), placed: z.coerce.date<string>() });

describe('an event', () => {
  it('reaches everybody who subscribes to it, and nobody else', async () => {
    await using app = createTestApp();
    const created = app.event<{ id: string }>('orders.created');
    const paid = app.event<{ id: string }>('orders.paid');
    const seen: unknown[] = [];
    app.subscribe(created, ({ id }) => seen.push(`created ${id}`));
    app.subscribe('orders.*', ({ id }: { id: string }, { event }) => seen.push(`${event} ${id}`));
    app.subscribe(['*.paid', '#.refunded'], () => seen.push('paid'));
    await created.publish({ id: 'o1' });
    await paid.publish({ id: 'o2' });
    await whenIdle(app);
    expect(seen.sort()).toEqual(['created o1', 'orders.created o1', 'orders.paid o2', 'paid']);
  });

  it('says what it is: name, ids, time and headers', async () => {
    const clock = new ManualClock(Date.UTC(2026, 0, 2));
    await using app = createTestApp({ clock });
    const created = app.event('orders.created');
    const messages: ReceivedEvent[] = [];
    app.subscribe(created, (_, message) => messages.push(message));
    const publication = created.publish(1, { headers: { region: 'eu', lang: 'de' } });
    await publication;
    await whenIdle(app);
    expect(messages).toMatchObject([
      {
        event: 'orders.created',
        type: 'orders.created',
        exchange: 'tq.events',
        routingKey: 'orders.created',
        messageId: publication.id,
        timestamp: new Date(Date.UTC(2026, 0, 2)),
        contentType: 'application/json',
        headers: { region: 'eu', lang: 'de' },
      },
    ]);
  });

  it('is typed by its schema: what it takes is published, and subscribers get what it makes of that', async () => {
    await using app = createTestApp();
    const created = app.event('orders.created', Order);
    const seen: unknown[] = [];
    app.subscribe(created, (order) => {
      expectTypeOf(order).toEqualTypeOf<{ id: string; placed: Date }>();
      seen.push(order);
    });
    app.subscribe('#', (order: unknown) => seen.push(order));
    await created.publish({ id: 'o1', placed: '2026-01-02' });
    // @ts-expect-error a number is no id
    await expect(created.publish({ id: 1, placed: '2026-01-02' })).rejects.toMatchObject({
      name: 'PublishError',
      code: 'invalid-payload',
      message: expect.stringContaining("event 'orders.created'"),
      fields: { event: 'orders.created', issues: [{ path: ['id'] }] },
    });
    await whenIdle(app);
    expect(seen).toEqual([
      { id: 'o1', placed: new Date('2026-01-02') },
      { id: 'o1', placed: '2026-01-02' },
    ]);
  });

  it('that does not fit the schema of a subscriber is refused there, and says where', async () => {
    const runtime = testRuntime();
    await using app = createTestApp({ logger: runtime.logger });
    const created = app.event('orders.created');
    app.subscribe('orders.*', () => expect.unreachable(), { payload: Order });
    await created.publish({ id: 'o1', placed: 'never' });
    await whenIdle(app);
    expect(runtime.lines).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/^task failed: .*args\[0\]\.placed/) },
    ]);
  });

  it('for nobody is no error, unless it is mandatory', async () => {
    await using app = createTestApp();
    const created = app.event('orders.created');
    await created.publish(1);
    await expect(created.publish(1, { mandatory: true })).rejects.toMatchObject({ code: 'unroutable' });
    const paid = app.event('orders.paid', { mandatory: true });
    await expect(paid.publish(1)).rejects.toMatchObject({ code: 'unroutable' });
    await paid.publish(1, { mandatory: false });
  });

  it('is chosen by its headers, beside its key', async () => {
    await using app = createTestApp();
    const created = app.event('orders.created');
    const paid = app.event('orders.paid');
    const seen: string[] = [];
    app.subscribe('orders.*', () => seen.push('all'), { headers: { region: 'eu', vip: true }, name: 'all' });
    app.subscribe('orders.*', () => seen.push('any'), { headers: { region: 'eu', vip: true }, match: 'any' });
    app.subscribe(created, () => seen.push('created with a region'), { headers: { region: null } });
    await created.publish(1, { headers: { region: 'eu', vip: true } });
    await paid.publish(1, { headers: { region: 'eu' } });
    await paid.publish(1);
    await whenIdle(app);
    expect(seen.sort()).toEqual(['all', 'any', 'any', 'created with a region']);
  });

  it('goes to an exchange of its own, and to those who take from there', async () => {
    await using app = createTestApp({ prefix: 'dev.' });
    const line = app.event('log.line', { exchange: 'logs', routingKey: 'auth.warning' });
    const seen: string[] = [];
    app.subscribe(line, (_, { exchange, routingKey }) => seen.push(`${exchange} ${routingKey}`));
    app.subscribe('*.warning', () => seen.push('by key'), { exchange: 'logs' });
    app.subscribe('#', () => seen.push('another exchange'));
    await line.publish(1);
    await line.publish(1, { routingKey: 'auth.info' });
    await whenIdle(app);
    expect(seen.sort()).toEqual(['by key', 'dev.logs auth.warning']);
  });

  it('is JSON as every program reads it', async () => {
    await using app = createTestApp();
    const created = app.event('orders.created');
    const seen: unknown[] = [];
    app.subscribe('orders.created', (text: string) => seen.push(text), { format: 'text' });
    await created.publish({ at: new Date(0), none: undefined });
    await created.publish(undefined);
    await expect(created.publish(new Map())).rejects.toMatchObject({
      code: 'unserialisable',
      message: expect.stringContaining('payload: '),
    });
    await whenIdle(app);
    expect(seen).toEqual(['{"at":"1970-01-01T00:00:00.000Z"}', 'null']);
  });
});

describe('a subscriber', () => {
  it('is tried again as its policy says, with the same message', async () => {
    await using app = createTestApp({ logger });
    const created = app.event('orders.created');
    const tries: unknown[] = [];
    app.subscribe(
      created,
      (id, { event, messageId }) => {
        tries.push([id, event, messageId, currentTask().attempt]);
        if (tries.length < 3) throw new Error('not yet');
      },
      { retry: { maxRetries: 5, delay: 0 }, group: 'billing' },
    );
    const publication = created.publish('o1');
    await publication;
    await whenIdle(app);
    expect(tries).toEqual([1, 2, 3].map((attempt) => ['o1', 'orders.created', publication.id, attempt]));
  });

  it('may return anything, since nobody waits for it', async () => {
    const runtime = testRuntime();
    await using app = createTestApp({ logger: runtime.logger });
    app.subscribe('#', async () => () => 1);
    await app.event('a').publish(1);
    await whenIdle(app);
    expect(runtime.lines).toEqual([]);
  });

  it('that fails does not keep others from the event', async () => {
    await using app = createTestApp({ logger });
    const created = app.event('orders.created');
    const seen: unknown[] = [];
    app.subscribe(created, () => {
      throw new Error('broken');
    });
    app.subscribe(created, (value) => seen.push(value), { group: 'billing' });
    await created.publish(1);
    await whenIdle(app);
    expect(seen).toEqual([1]);
  });

  it('of another app of the process gets the event too, once', async () => {
    await using app = createTestApp();
    await using other = createTestApp();
    const seen: string[] = [];
    app.subscribe('#', () => seen.push('own'));
    other.subscribe('#', () => seen.push('of the same name'));
    other.subscribe('a', () => seen.push('other'));
    await app.event('a').publish(1);
    await whenIdle(app);
    expect(seen.sort()).toEqual(['other', 'own']);
  });
});
