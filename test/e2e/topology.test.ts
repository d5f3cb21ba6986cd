import { type AppOptions, createApp } from '@tq/core';
import { createWorker } from '@tq/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { brokerUrl, freshPrefix, openPeer, queueState } from '../support/broker.js';
import { silentLogger } from './fixtures/test-app.js';

let prefix: string;
beforeEach(() => {
  prefix = freshPrefix();
});
const open = (more = {}) => createApp({ url: brokerUrl(), prefix, queueType: 'classic', ...more });
const full = (name: string) => `${prefix}${name}`;

/** Every kind of option. */
const EVERYTHING = {
  exchanges: {
    logs: { type: 'topic', alternate: 'unread' },
    unread: { type: 'fanout' },
    alarms: { type: 'headers', internal: true, bindings: [{ exchange: 'logs', key: '#' }] },
    passing: { type: 'direct', durable: false },
    here: { type: 'topic', bindings: [{ exchange: 'there', key: '#' }] },
    there: {
      type: 'topic',
      bindings: [
        { exchange: 'here', key: '#' },
        { exchange: 'amq.topic', key: 'x.#' },
      ],
    },
  },
  queues: {
    bound: { bindings: [{ exchange: 'logs', key: ['a', 'b.#'] }, { exchange: 'unread' }], maxLength: 10 },
    dropping: { maxLength: 10, overflow: 'drop-head', bindings: [{ exchange: 'passing', key: 'k' }] },
    classic: {
      ...{ type: 'classic', maxPriority: 5, messageTtl: '1h', expires: '1h', maxLengthBytes: '1mb' },
      singleActiveConsumer: true,
    },
    quorum: {
      ...{ type: 'quorum', deliveryLimit: 3 },
      bindings: [{ exchange: 'alarms', headers: { a: 1, b: null, c: true, d: 'x' }, match: 'any' }],
    },
    passing: { type: 'classic', durable: false, bindings: [{ exchange: 'here', key: '#' }] },
    full: { declare: 'bare', type: 'classic', overflow: 'reject-publish-dlx' },
    bare: { declare: 'bare' },
    lazy: { type: 'classic', arguments: { 'x-queue-mode': 'lazy' } },
    leaving: { type: 'classic', autoDelete: true },
  },
} satisfies AppOptions;

describe('app.topology', () => {
  it('finds all missing at first, declares it, and finds nothing any more', async () => {
    await using app = open({
      exchanges: { logs: { type: 'topic' } },
      queues: { mail: { bindings: [{ exchange: 'logs', key: 'mail.#' }] } },
    });
    const declared = app.topology.declared();
    const names = [...declared.exchanges, ...declared.queues].map(({ name }) => name).sort();
    expect(names).toEqual(expect.arrayContaining([full('logs'), full('mail'), full('mail.dead'), full('tq')]));
    const before = await app.topology.diff();
    expect(before).toMatchObject({ same: false, bindings: 'unknown', extra: [] });
    expect(before.differences.map(({ name, kind }) => `${kind} ${name}`).sort()).toEqual(
      names.map((name) => `missing ${name}`),
    );
    const report = await app.topology.apply();
    expect(report.declared.map(({ name }) => name).sort()).toEqual(names);
    expect(report).toMatchObject({ bound: declared.bindings.length, differences: [] });
    expect(await app.topology.diff()).toMatchObject({ same: true, differences: [] });
    expect(await app.topology.apply()).toMatchObject({ declared: [], differences: [] });
    await using peer = await openPeer();
    peer.channel.publish(full('logs'), 'mail.sent', Buffer.from('1'));
    await expect.poll(() => queueState(peer, full('mail'))).toMatchObject({ messages: 1 });
  });

  it.each(['classic', 'quorum'] as const)(
    'finds no difference when a worker has declared all of it, whatever the options, and a call has waited (%s)',
    async (queueType) => {
      await using app = open({ queueType, delayUnit: 10, logger: silentLogger, ...EVERYTHING });
      const late = app.task('late', () => 1);
      app.subscribe('order.*', () => undefined, { group: 'keys' });
      app.subscribe('order.*', () => undefined, { group: 'both', headers: { a: 'x' } });
      app.subscribe('#', () => undefined, { group: 'headers', headers: { a: 'x', n: 1 }, match: 'any' });
      app.subscribe('k', () => undefined, { group: 'own', exchange: 'logs' });
      app.subscribe('order.*', () => undefined);
      const worker = createWorker(app, { pool: 'async', queues: ['tq', ...Object.keys(EVERYTHING.queues)] });
      await worker.start();
      await late.apply([], { countdown: 20 }).get();
      expect((await app.topology.diff()).differences).toEqual([]);
      const { queues, bindings } = app.topology.declared();
      const group = queues.find(({ name }) => name === full('tq.group.keys.order.*'));
      expect(group?.arguments).toMatchObject({ 'x-queue-type': queueType });
      const to = bindings.filter((binding) => 'queue' in binding && binding.queue === group?.name);
      expect(to).toContainEqual({ queue: group?.name, exchange: full('tq.events'), routingKey: 'order.*' });
      await worker.stop();
    },
  );

  it('finds every property in which a queue is different, and changes none', async () => {
    await using peer = await openPeer();
    await peer.channel.assertQueue(full('mail'), {
      durable: true,
      arguments: { 'x-max-priority': 3, 'x-max-length': 7, 'x-message-ttl': 60_000 },
    });
    await using app = open({ queues: { mail: { maxPriority: 5 } } });
    const { differences } = await app.topology.diff();
    const own = differences.filter(({ name }) => name === full('mail'));
    const found = Object.fromEntries(own.map(({ property, wanted, found }) => [property, [wanted, found]]));
    expect(found).toEqual({
      'x-dead-letter-exchange': [full('tq.dead'), undefined],
      'x-dead-letter-routing-key': [full('mail'), undefined],
      'x-max-priority': [5, 3],
      'x-max-length': [undefined, 7],
      'x-message-ttl': [undefined, 60_000],
    });
    expect(own[0]).toMatchObject({
      what: 'queue',
      kind: 'different',
      fix: expect.stringContaining('tq topology apply --migrate mail'),
    });
    const report = await app.topology.apply();
    expect(report.differences).toEqual(own);
    expect(report.declared.map(({ name }) => name)).toContain(full('mail.dead'));
    expect((await app.topology.diff()).differences).toEqual(own);
  });

  it('tells a quorum queue from a classic one, and an exchange of another type or durability', async () => {
    await using peer = await openPeer();
    await peer.channel.assertQueue(full('mail'), { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await peer.channel.assertExchange(full('logs'), 'direct', { durable: false, alternateExchange: 'elsewhere' });
    await using app = open({ queues: { mail: { declare: 'bare' } }, exchanges: { logs: { type: 'topic' } } });
    const { differences } = await app.topology.diff();
    const of = (name: string) =>
      Object.fromEntries(
        differences.filter((one) => one.name === full(name)).map((one) => [one.property, [one.wanted, one.found]]),
      );
    expect(of('mail')).toEqual({ 'x-queue-type': [undefined, 'quorum'] });
    expect(of('logs')).toEqual({
      type: ['topic', 'direct'],
      durable: [true, false],
      'alternate-exchange': [undefined, 'elsewhere'],
    });
  });

  it('leaves what others declare to them: it is missing or there, and never declared', async () => {
    await using app = open({ queues: { foreign: { declare: 'passive' } } });
    const missing = expect.objectContaining({
      name: full('foreign'),
      kind: 'missing',
      fix: expect.stringContaining("declare: 'passive'"),
    });
    expect((await app.topology.apply()).differences).toEqual([missing]);
    await using peer = await openPeer();
    expect(await queueState(peer, full('foreign'))).toBeUndefined();
    await peer.channel.assertQueue(full('foreign'), {
      durable: false,
      autoDelete: true,
      arguments: { 'x-max-length': 3 },
    });
    expect(await app.topology.apply()).toMatchObject({ differences: [] });
  });

  it('names an exchange that a subscription takes from and nobody declares, and declares the rest', async () => {
    await using app = open();
    app.subscribe('kernel.*', () => undefined, { exchange: 'elsewhere', group: 'disk' });
    const missing = expect.objectContaining({ what: 'exchange', name: full('elsewhere'), kind: 'missing' });
    const report = await app.topology.apply();
    expect(report.differences).toEqual([missing]);
    expect(report.declared.map(({ name }) => name)).toContain(full('tq'));
    await using peer = await openPeer();
    await peer.channel.assertExchange(full('elsewhere'), 'topic');
    const mended = await app.topology.apply();
    expect(mended.differences).toEqual([]);
    expect(mended.bound).toBe(report.bound + 1);
  });

  it('says of a queue that is exclusive to another connection that it is', async () => {
    await using peer = await openPeer();
    await peer.channel.assertQueue(full('mail'), { exclusive: true });
    await using app = open({ queues: { mail: {} } });
    expect((await app.topology.diff()).differences).toContainEqual(
      expect.objectContaining({ name: full('mail'), kind: 'exclusive' }),
    );
  });

  it('refuses where there is no broker to compare with, and ends in time where none answers', async () => {
    await using eager = createApp({ eager: true });
    await expect(eager.topology.diff()).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('eager'),
    });
    expect(eager.topology.declared().queues.map(({ name }) => name)).toContain('tq');
    await using lonely = createApp({ url: `amqp://127.0.0.1:${await freePort()}` });
    await expect(lonely.topology.apply({ timeout: 50 })).rejects.toMatchObject({
      code: 'queue-timeout',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(lonely.topology.diff({ timeout: 0 })).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(lonely.topology.apply({ tmeout: 5 } as never)).rejects.toMatchObject({ code: 'unknown-option' });
  });
});
