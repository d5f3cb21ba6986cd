/** What an app declares against what the broker has: `app.topology` and `tq topology`, on the real broker. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AppOptions, createApp } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState, takeAll } from '../support/broker.js';
import { createProject, type Project } from '../support/project.js';
import { runInside } from '../support/run-inside.js';
import { startTq } from '../support/tq-process.js';
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

describe('tq topology', () => {
  const TASKS = `import { createApp } from '@tq/core';
    export const app = createApp({ queueType: 'classic', queues: { mail: { maxPriority: 5 } } });
    app.task('mail.send', () => undefined, { queue: 'mail' });`;
  let project: Project;
  beforeEach(() => {
    project = createProject({ type: 'module', files: { 'tasks.ts': TASKS } });
  });
  afterEach(() => project[Symbol.dispose]());
  let count = 0;
  /** A task file loads once in a process, and each command closes its app: every command gets a copy. */
  const topology = (...args: string[]) => {
    const file = join(project.folder, `tasks-${++count}.ts`);
    copyFileSync(join(project.folder, 'tasks.ts'), file);
    const env = { TQ_URL: brokerUrl(), TQ_PREFIX: prefix };
    return runInside(['topology', ...args, '--app', file], { cwd: project.folder, env });
  };

  it('shows what the app declares, without a broker', async () => {
    const { code, stdout } = await topology('show');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EXCHANGE +TYPE +PROPERTIES\n/);
    expect(stdout).toContain(`${full('mail')} `);
    expect(stdout).toMatch(/durable, x-queue-type=classic, .*x-max-priority=5/);
    expect(JSON.parse((await topology('show', '--json')).stdout)).toMatchObject({
      queues: expect.arrayContaining([expect.objectContaining({ name: full('mail') })]),
    });
  });

  it('ends with 1 while something is missing or different, and with 0 when all is as declared', async () => {
    await using peer = await openPeer();
    await peer.channel.assertQueue(full('mail'), { durable: true, arguments: { 'x-max-priority': 3 } });
    const different = `queue ${full('mail')}: x-max-priority is to be 5, the broker has 3\n  Set maxPriority of queues['mail'] to what the broker has`;
    const diff = await topology('diff');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain(`queue ${full('mail.dead')}: missing\n  tq topology apply declares it`);
    expect(diff.stdout).toContain(different);
    expect(diff.stderr).toMatch(
      /\d+ bindings were not compared: AMQP cannot show them\. Give --management URL\.\ntq: \d+ differences in/,
    );
    const apply = await topology('apply');
    expect(apply.code).toBe(1);
    expect(apply.stdout).toContain(`queue ${full('mail.dead')}: declared\n`);
    expect(apply.stdout).toContain(different);
    await peer.channel.deleteQueue(full('mail'));
    expect(await topology('apply')).toMatchObject({ code: 0, stdout: `queue ${full('mail')}: declared\n` });
    expect(await topology('diff')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The broker has what the app declares: \d+ exchanges and \d+ queues\.\n$/),
    });
    expect(JSON.parse((await topology('diff', '--json')).stdout)).toEqual({
      same: true,
      differences: [],
      bindings: 'unknown',
      extra: [],
    });
    expect(JSON.parse((await topology('apply', '--json')).stdout)).toMatchObject({ declared: [], differences: [] });
  });

  describe('apply --migrate', () => {
    const AT_ONCE = ['--settle', '0s', '--quiet', '0s'];
    const migrate = (...args: string[]) => topology('apply', '--migrate', 'mail', ...args);
    const fill = async (peer: Peer) => {
      await peer.channel.assertQueue(full('mail'), { durable: true, arguments: { 'x-max-priority': 3 } });
      for (const body of ['1', '2', '3'])
        peer.channel.sendToQueue(full('mail'), Buffer.from(body), { persistent: true });
      await peer.channel.checkQueue(full('mail'));
    };

    it('moves the messages of a queue to one with the properties of the app, and declares the rest', async () => {
      await using peer = await openPeer();
      await fill(peer);
      const { code, stdout, stderr } = await migrate(...AT_ONCE);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain('queue mail: migrated, 3 messages moved, 3 put back\n');
      expect(stderr).toContain('mail: moving its messages out of the way\n');
      expect(await topology('diff')).toMatchObject({ code: 0 });
      expect((await takeAll(peer, full('mail'))).map(({ content }) => content.toString())).toEqual(['1', '2', '3']);
      expect((await migrate(...AT_ONCE)).stdout).toBe('queue mail: has these properties already\n');
      expect(JSON.parse((await migrate('--json', ...AT_ONCE)).stdout)).toMatchObject({
        ...{ declared: [], differences: [] },
        migrated: [{ queue: 'mail', outcome: 'unchanged', moved: 0, returned: 0, lost: 0 }],
      });
    });

    it('says who is in its way and changes nothing, and refuses its options without it', async () => {
      await using peer = await openPeer();
      await fill(peer);
      await peer.channel.consume(full('mail'), () => undefined);
      const found = await migrate(...AT_ONCE, '--wait', '0s');
      expect(found).toMatchObject({ code: 1, stdout: '' });
      expect(found.stderr).toMatch(/still has 1 consumer .*stop its workers first/);
      const lone = await topology('apply', '--settle', '1s');
      expect(lone).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--settle: expected --migrate QUEUE beside it'),
      });
    });

    it('ends on Ctrl-C, and the same line goes on', async () => {
      await using peer = await openPeer();
      await fill(peer);
      const { consumerTag } = await peer.channel.consume(
        full('mail'),
        (message) => message && peer.channel.nack(message),
      );
      const line = ['topology', 'apply', '--migrate', 'mail', ...AT_ONCE];
      await using tq = startTq([...line, '--app', join(project.folder, 'tasks.ts')], {
        ...{ cwd: project.folder, env: { TQ_URL: brokerUrl(), TQ_PREFIX: prefix } },
      });
      await tq.line(/mail: waiting/);
      tq.kill('SIGINT');
      expect(await tq.ended).toMatchObject({
        ...{ code: 130, stdout: 'queue mail: stopped; the same line goes on, 0 messages moved, 0 put back\n' },
      });
      await peer.channel.cancel(consumerTag);
      expect(await migrate(...AT_ONCE)).toMatchObject({ code: 0 });
    });
  });
});
