/** Events on a broker: what is sent, who gets it, and what its publisher is told. */
import { type App, type AppOptions, createApp } from '@tq/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, receive, takeAll } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { declare } from '../../src/broker/declare.js';
import { subscriptionInflow } from '../../src/broker/subscription-topology.js';
import type { SubscriptionFacts } from '../../src/protocol/subscription.js';
import { testRuntime } from '../test-runtime.js';

let peer: Peer;
let prefix: string;
let queue: string;
const apps: App[] = [];

function openApp(options: AppOptions = {}): App {
  const app = createApp({ url: brokerUrl(), prefix, logger: testRuntime().logger, ...options });
  apps.push(app);
  return app;
}

/** Brings a subscription's events to an exclusive queue. */
async function bind(facts: Partial<SubscriptionFacts>, to = queue): Promise<void> {
  await peer.channel.assertQueue(to, { exclusive: true });
  const whole = { name: 'on', exchange: `${prefix}tq.events`, keys: ['#'], queue: `${prefix}stem`, ...facts };
  const inflow = subscriptionInflow({ ...whole, format: 'json' }, to, prefix);
  await declare(peer.connection, { ...inflow, queues: [] });
}

beforeEach(async () => {
  prefix = freshPrefix();
  queue = `${prefix}q`;
  peer = await openPeer();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await peer.close();
});

const types = (messages: readonly { properties: { type?: unknown } }[]) =>
  messages.map(({ properties }) => properties.type);

describe('an event on a broker', () => {
  it('is plain JSON with its name, an id, a time and the headers, kept over a restart', async () => {
    await bind({});
    const publication = openApp()
      .event('orders.created')
      .publish({ id: 'o1' }, { headers: { region: 'eu', lang: 'de' } });
    await publication;
    const [message] = await receive(peer, queue, 1);
    expect(message).toMatchObject({
      content: Buffer.from('{"id":"o1"}'),
      fields: { exchange: `${prefix}tq.events`, routingKey: 'orders.created' },
      properties: {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        deliveryMode: 2,
        type: 'orders.created',
        messageId: publication.id,
        timestamp: expect.toSatisfy((seconds: number) => Math.abs(seconds - Date.now() / 1_000) < 60),
        headers: { region: 'eu', lang: 'de' },
      },
    });
    expect(message?.properties).toMatchObject({ replyTo: undefined, correlationId: undefined });
  });

  it('needs nobody and nothing before it: the exchange is declared with the first one', async () => {
    const created = openApp().event('orders.created');
    await created.publish(1);
    await peer.channel.checkExchange(`${prefix}tq.events`);
    await peer.channel.checkExchange(`${prefix}tq.events.headers`);
  });

  it('that is mandatory fails when nobody takes it, and its neighbours do not', async () => {
    await bind({ keys: ['orders.#'] });
    const app = openApp();
    const [created, sent] = [app.event('orders.created'), app.event('mail.sent', { mandatory: true })];
    const ends = await Promise.allSettled([
      created.publish(1),
      sent.publish(2),
      created.publish(3, { mandatory: true }),
    ]);
    expect(ends).toMatchObject([
      { status: 'fulfilled' },
      {
        status: 'rejected',
        reason: { name: 'PublishError', code: 'unroutable', fields: { routingKey: 'mail.sent' } },
      },
      { status: 'fulfilled' },
    ]);
    await sent.publish(4, { mandatory: false });
    expect(types(await takeAll(peer, queue))).toEqual(['orders.created', 'orders.created']);
  });

  it('that is returned is told from others of the same address', async () => {
    await bind({ headers: { region: 'eu' } });
    const app = openApp();
    const byHeaders = app.event('orders.created', { exchange: 'tq.events.headers', mandatory: true });
    const regions = ['eu', 'us', 'eu', 'us', 'us', 'eu'];
    const ends = await Promise.allSettled(regions.map((region) => byHeaders.publish(region, { headers: { region } })));
    expect(ends.map(({ status }) => status)).toEqual(
      regions.map((region) => (region === 'eu' ? 'fulfilled' : 'rejected')),
    );
  });

  it('finds its exchange again that was deleted meanwhile', async () => {
    const created = openApp().event('orders.created', { mandatory: true });
    await bind({});
    await created.publish(1);
    await peer.channel.deleteExchange(`${prefix}tq.events`);
    await expect(created.publish(2)).rejects.toMatchObject({ code: 'unroutable' });
    await bind({});
    await created.publish(3);
  });

  it('fails when its own exchange is missing, which nobody declares', async () => {
    const line = openApp().event('log.line', { exchange: 'logs' });
    await expect(line.publish(1)).rejects.toMatchObject({
      code: 'exchange-missing',
      fields: { exchange: `${prefix}logs` },
    });
  });

  it('that nobody awaits and that fails is logged, and observers are told', async () => {
    const runtime = testRuntime();
    const app = openApp({ logger: runtime.logger });
    const failed = new Promise((resolve) => app.on('publish:failed', resolve));
    const { id } = app.event('log.line', { exchange: 'logs' }).publish(1);
    expect(await failed).toMatchObject({
      kind: 'event',
      task: 'log.line',
      taskId: id,
      error: { code: 'exchange-missing' },
    });
    expect(runtime.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        message: 'an event was not published, and nobody awaited it',
        fields: expect.objectContaining({ id, event: 'log.line' }),
      }),
    );
  });

  it('is sent before its app closes, though nobody awaits it', async () => {
    await bind({});
    const app = openApp();
    const created = app.event('orders.created');
    for (let count = 0; count < 100; count++) void created.publish(count);
    await app.close();
    const bodies = (await takeAll(peer, queue)).map(({ content }) => Number(content));
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, count) => count));
  });

  it('is given up when its signal is aborted', async () => {
    const created = openApp().event('orders.created');
    await expect(created.publish(1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'publish-aborted',
    });
  });

  it('may be of a kind that a restart of the broker loses', async () => {
    await bind({});
    await openApp().event('tick', { persistent: false }).publish(1);
    expect(await receive(peer, queue, 1)).toMatchObject([{ properties: { deliveryMode: 1 } }]);
  });
});

describe('an event that fails on its way', () => {
  /** What ended as a rejection that nobody handles while `use` ran. */
  async function strays(use: () => Promise<void>): Promise<unknown[]> {
    const found: unknown[] = [];
    const listener = (reason: unknown) => void found.push(reason);
    process.on('unhandledRejection', listener);
    try {
      await use();
      // They are told after the microtasks of this turn.
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', listener);
    }
    return found;
  }

  it('takes none of its neighbours along when the broker closes the channel for it, awaited or not', async () => {
    await bind({});
    const app = openApp();
    const told: string[] = [];
    const created = app.event('orders.created');
    const lost = app.event('log.line', { exchange: 'gone' });
    const both = new Promise<void>((resolve) =>
      app.on('publish:failed', ({ taskId }) => {
        if (told.push(taskId) === 1) resolve();
      }),
    );
    const stray = await strays(async () => {
      const good = Array.from({ length: 40 }, (_, n) => created.publish(n));
      const bad = lost.publish(1);
      const forgotten = lost.publish(2);
      const more = Array.from({ length: 40 }, (_, n) => created.publish(40 + n));
      await expect(bad).rejects.toMatchObject({ code: 'exchange-missing' });
      await Promise.all([...good, ...more]);
      await both;
      expect(told).toEqual([forgotten.id]);
    });
    expect(stray).toEqual([]);
    const numbers = new Set((await takeAll(peer, queue)).map(({ content }) => Number(content)));
    expect(numbers).toEqual(new Set(Array.from({ length: 80 }, (_, n) => n)));
  });

  it('is told at its deadline when the broker is away, with what kept it, and its app closes all the same', async () => {
    await using proxy = await startProxy(brokerUrl());
    proxy.refuse();
    const runtime = testRuntime();
    const app = openApp({ url: proxy.url, logger: runtime.logger });
    const created = app.event('orders.created');
    const failed = new Promise<{ taskId: string }>((resolve) => app.on('publish:failed', resolve));
    const stray = await strays(async () => {
      const forgotten = created.publish(1, { deadline: 50 });
      await expect(created.publish(2, { deadline: 50 })).rejects.toMatchObject({
        code: 'publish-timeout',
        outcomeUnknown: false,
        message: expect.stringContaining('ECONNREFUSED'),
      });
      expect((await failed).taskId).toBe(forgotten.id);
      await app.close();
      await expect(created.publish(3)).rejects.toMatchObject({ code: 'closed' });
      void created.publish(4);
    });
    expect(stray).toEqual([]);
    const logged = runtime.lines.filter(({ message }) => message.startsWith('an event was not published'));
    expect(logged).toHaveLength(2);
  });

  it('is sent with its app closing while a schema still looks at it', async () => {
    await bind({});
    const app = openApp();
    let fits: (result: { value: unknown }) => void = () => undefined;
    const payload = {
      '~standard': {
        version: 1,
        vendor: 'own',
        validate: () =>
          new Promise<{ value: unknown }>((resolve) => {
            fits = resolve;
          }),
      },
    } as const;
    const checked = app.event('checked', { payload }).publish('late');
    const closed = app.close();
    fits({ value: 'late' });
    await Promise.all([checked, closed]);
    expect(await receive(peer, queue, 1)).toMatchObject([{ content: Buffer.from('"late"') }]);
  });
});

describe('a subscription on a broker', () => {
  const publishAll = async () => {
    const app = openApp();
    const [created, paid] = [app.event('orders.created'), app.event('orders.paid')];
    await created.publish(1, { headers: { region: 'eu', vip: true } });
    await created.publish(2, { headers: { region: 'us' } });
    await paid.publish(3, { headers: { region: 'eu' } });
    await paid.publish(4);
  };

  it.each<[what: string, facts: Partial<SubscriptionFacts>, taken: number[]]>([
    ['a key', { keys: ['orders.paid'] }, [3, 4]],
    ['several patterns that overlap, once', { keys: ['orders.*', '#.paid'] }, [1, 2, 3, 4]],
    ['headers', { headers: { region: 'eu' } }, [1, 3]],
    ['any of some headers', { headers: { region: 'us', vip: true }, match: 'any' }, [1, 2]],
    ['a header that is there', { headers: { region: null } }, [1, 2, 3]],
    ['a key and headers', { keys: ['*.created', '*.refunded'], headers: { region: 'eu' } }, [1]],
  ])('takes by %s', async (_, facts, taken) => {
    await bind(facts);
    await publishAll();
    expect((await takeAll(peer, queue)).map(({ content }) => Number(content))).toEqual(taken);
  });

  it('takes from an exchange of its own, by what its type looks at', async () => {
    const logs = `${prefix}logs`;
    await peer.channel.assertExchange(logs, 'direct', { durable: false });
    await bind({ exchange: logs, keys: ['error', 'critical'] });
    const line = openApp().event('line', { exchange: 'logs' });
    for (const routingKey of ['info', 'error', 'critical', 'error']) await line.publish(routingKey, { routingKey });
    expect((await takeAll(peer, queue)).map(({ content }) => JSON.parse(String(content)))).toEqual([
      'error',
      'critical',
      'error',
    ]);
    await peer.channel.deleteExchange(logs);
  });
});
