/** `tq publish` and `tq subscribe` on the real broker. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type App, createApp } from '@tq/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer } from '../support/broker.js';
import { type CuttingProxy, startProxy } from '../support/cutting-proxy.js';
import { createProject, type Project } from '../support/project.js';
import { runInside } from '../support/run-inside.js';
import { startTq, type TqProcess } from '../support/tq-process.js';
import { silentLogger } from './fixtures/test-app.js';

const BIN = fileURLToPath(new URL('../../packages/cli/bin/tq.js', import.meta.url));

let project: Project;
let place: { cwd: string; env: { TQ_URL: string; TQ_PREFIX: string } };
let proxy: CuttingProxy;
let app: App;
beforeEach(async () => {
  project = createProject({ files: { 'order.json': '{"id":"o1"}' } });
  proxy = await startProxy(brokerUrl());
  place = { cwd: project.folder, env: { TQ_URL: proxy.url, TQ_PREFIX: freshPrefix() } };
  app = createApp({ url: brokerUrl(), prefix: place.env.TQ_PREFIX, logger: silentLogger });
});
afterEach(async () => {
  await app.close();
  await proxy.stop();
  project[Symbol.dispose]();
});

const publish = (...args: string[]) => runInside(['publish', ...args], place);

/** Starts `tq subscribe`, and resolves when it listens. */
async function startSubscribe(...args: string[]): Promise<TqProcess> {
  const tq = startTq(['subscribe', ...args], place);
  await tq.line(/listening to/);
  return tq;
}

/** Resolves when so many lines are printed from now on. */
async function printedLines({ process: { stdout } }: TqProcess, count: number): Promise<void> {
  let seen = '';
  while (seen.split('\n').length <= count) seen += String((await once(stdout as NodeJS.ReadableStream, 'data'))[0]);
}

const lines = (printed: string) => printed.trimEnd().split('\n');

describe('tq subscribe', () => {
  it('prints what fits its patterns as it comes, and ends after so many', async () => {
    await using tq = await startSubscribe('orders.*', '#.refunded', '--count', '3', '--headers');
    await publish('orders.created', '{"id":"o1"}', '--header', 'region=eu', '--header', 'vip=true');
    await publish('mail.sent', '1');
    await publish('eu.orders.refunded', '"o2"');
    await publish('orders.paid');
    expect(await tq.ended).toMatchObject({ code: 0 });
    const { stdout } = await tq.ended;
    expect(lines(stdout)).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}orders\.created {2}\{"id":"o1"\}$/),
      '          region: "eu"',
      '          vip: true',
      expect.stringMatching(/eu\.orders\.refunded {2}"o2"$/),
      expect.stringMatching(/orders\.paid {2}null$/),
    ]);
  });

  it('prints a line of JSON each, of foreign programs too, until Ctrl-C', async () => {
    await using tq = await startSubscribe('#', '--json');
    const printed = printedLines(tq, 3);
    const { stdout } = await publish('orders.created', '{"id":"o1"}', '--header', 'n=1', '--json');
    await using peer = await openPeer();
    const exchange = `${place.env.TQ_PREFIX}tq.events`;
    peer.channel.publish(exchange, 'pika.says', Buffer.from('no\u0007 JSON'), { headers: { a: 'b' } });
    peer.channel.publish(exchange, 'pika.sends', Buffer.from([0xff]));
    await printed;
    tq.kill('SIGINT');
    const end = await tq.ended;
    expect(end.code).toBe(0);
    expect(lines(end.stdout).map((line) => JSON.parse(line))).toEqual([
      {
        event: 'orders.created',
        exchange,
        key: 'orders.created',
        id: JSON.parse(stdout).id,
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        headers: { n: 1 },
        payload: { id: 'o1' },
      },
      { event: 'pika.says', exchange, key: 'pika.says', headers: { a: 'b' }, text: 'no\u0007 JSON' },
      { event: 'pika.sends', exchange, key: 'pika.sends', headers: {}, base64: '/w==' },
    ]);
  });

  it('prints numbers as they came, also those that JavaScript would round, and JSON of several lines as one', async () => {
    await using tq = await startSubscribe('#', '--json', '--count', '2');
    await using peer = await openPeer();
    const say = (body: string) => peer.channel.publish(`${place.env.TQ_PREFIX}tq.events`, 'n', Buffer.from(body));
    say('[12345678901234567890, 1e400]');
    say('{\r\n  "a": "b\\n"\n}');
    const printed = lines((await tq.ended).stdout);
    expect(printed).toHaveLength(2);
    expect(printed[0]).toMatch(/"payload":\[12345678901234567890, 1e400\]\}$/);
    expect(JSON.parse(printed[1] ?? '')).toMatchObject({ event: 'n', payload: { a: 'b\n' } });
  });

  it('ends on SIGTERM as on Ctrl-C', async () => {
    await using tq = await startSubscribe('#');
    tq.kill('SIGTERM');
    expect(await tq.ended).toMatchObject({ code: 0, signal: null, stdout: '' });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends on %s though its reader reads no more', async (signal) => {
    await using tq = await startSubscribe('#');
    tq.process.stdout?.pause();
    const created = app.event('orders.created');
    const published = Array.from({ length: 200 }, () => created.publish('x'.repeat(8_000)));
    await Promise.all(published);
    tq.kill(signal);
    const [code] = await once(tq.process, 'exit');
    expect(code).toBe(0);
    tq.process.stdout?.resume();
  });

  it('takes what has the headers that are asked for, all or any of them', async () => {
    const headers = ['--with-header', 'region=eu', '--with-header', 'vip=true'];
    await using all = await startSubscribe('orders.*', ...headers, '--count', '1');
    await using any = await startSubscribe('#', ...headers, '--any', '--count', '2');
    await publish('orders.first', '1', '--header', 'region=eu', '--header', 'vip="true"');
    await publish('mail.second', '2', '--header', 'region=eu', '--header', 'vip=true');
    await publish('orders.third', '3', '--header', 'region=eu', '--header', 'vip=true');
    expect((await all.ended).stdout).toMatch(/^\S+ {2}orders\.third {2}3\n$/);
    expect((await any.ended).stdout).toMatch(/^\S+ {2}orders\.first {2}1\n\S+ {2}mail\.second {2}2\n$/);
  });

  it('ends with the one who reads it', async () => {
    await using tq = await startSubscribe('#');
    tq.process.stdout?.destroy();
    // The first write after the end finds out; which one that is the pipe decides.
    let ended = false;
    void tq.ended.then(() => {
      ended = true;
    });
    while (!ended) await publish('a', '1');
    expect(await tq.ended).toMatchObject({ code: 0 });
  });

  it('comes back over a lost connection, and says so', async () => {
    await using tq = await startSubscribe('#', '--count', '1');
    proxy.cut();
    await tq.line(/listening again; events that came meanwhile are missed/);
    await publish('a', '"after"');
    expect(await tq.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/a {2}"after"\n$/) });
  });

  it('says when there is no such exchange, and leaves nothing behind where there is one', async () => {
    const missing = await runInside(['subscribe', 'a', '--exchange', 'none'], place);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`There is no exchange '${place.env.TQ_PREFIX}none'`),
    });
    await using peer = await openPeer();
    const logs = `${place.env.TQ_PREFIX}logs`;
    await peer.channel.assertExchange(logs, 'fanout', { durable: false, autoDelete: true });
    await using tq = await startSubscribe('', '--exchange', 'logs', '--count', '1');
    await publish('line', '1', '--exchange', 'logs', '--mandatory');
    expect(await tq.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/line {2}1\n$/) });
    // An auto-delete exchange goes with its last binding.
    await expect(peer.channel.checkExchange(logs)).rejects.toMatchObject({ code: 404 });
  });

  it.each<[args: string[], text: string]>([
    [[], 'Expected tq subscribe PATTERN…'],
    [['a', '--any'], '--any: expected --with-header beside it'],
    [['a', '--with-header', 'region'], "--with-header: expected NAME=VALUE such as region=eu, found 'region'"],
    [['a', '--count', '0'], '--count: expected a whole number from 1'],
    [['a', '--timeout', '0s'], '--timeout (ms): expected a whole number from 1'],
    [['orders.**'], "pattern: expected words with dots between them, * and # alone as words, found 'orders.**'"],
    [['x'.repeat(256)], 'pattern: expected a text of 0 to 255 bytes, found 256 bytes'],
    [['x'.repeat(256), '--exchange', 'logs'], 'pattern: expected a text of 0 to 255 bytes, found 256 bytes'],
    [['a', '--exchange', 'x'.repeat(256)], '--exchange: expected a text of 1 to 255 bytes'],
    [['a', '--with-header', 'x-a=1'], 'does not compare those that begin with x-'],
  ])('refuses %j', async (args, text) => {
    expect(await runInside(['subscribe', ...args], place)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(text),
    });
  });
});

describe('a broker that does not answer', () => {
  it.each([
    ['publish', 'a', '1'],
    ['subscribe', 'a'],
  ])('ends tq %s with 4 once the time is over, whether it refuses or is mute', async (...words) => {
    proxy.freeze();
    const mute = await runInside([...words, '--timeout', '300ms'], place);
    expect(mute).toMatchObject({ code: 4, stdout: '', stderr: expect.stringMatching(/300ms/) });
    proxy.refuse();
    proxy.cut();
    const end = await runInside([...words, '--timeout', '300ms', '--json'], place);
    expect(end).toMatchObject({ code: 4, stdout: '' });
    expect(end.stderr).toMatch(/300ms.*ECONNREFUSED/);
    expect(end.stderr).not.toContain(':guest@');
  });
});

describe('tq publish', () => {
  const TASKS = `import { createApp } from '@tq/core';
    export const app = createApp();
    app.task('nothing', (): undefined => undefined);
    const payload = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] } } } as const;
    app.event('counted', { payload, exchange: 'amq.topic', routingKey: app === undefined ? '' : process.env.TQ_PREFIX + 'count' });`;

  let peer: Peer;
  let queue: string;
  beforeEach(async () => {
    peer = await openPeer();
    queue = `${place.env.TQ_PREFIX}q`;
    await peer.channel.assertQueue(queue, { exclusive: true });
  });
  afterEach(() => peer.close());

  it('fails when nobody takes the event and it is mandatory, and not otherwise', async () => {
    expect(await publish('orders.created', '1')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\S{36}\n$/),
    });
    expect(await publish('orders.created', '1', '--mandatory')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`'${place.env.TQ_PREFIX}tq.events' brings the key 'orders.created' to no queue`),
    });
  });

  it('goes by what the task file says of the event', async () => {
    await peer.channel.bindQueue(queue, 'amq.topic', `${place.env.TQ_PREFIX}count`);
    const own = createProject({ type: 'module', files: { 'tasks.ts': TASKS } });
    const run = (word: string) => runInside(['publish', 'counted', word], { ...place, cwd: own.folder });
    expect(await run('"one"')).toMatchObject({ code: 1, stderr: expect.stringContaining('payload: no number') });
    own[Symbol.dispose]();
    const next = createProject({ type: 'module', files: { 'tasks.ts': TASKS } });
    const end = await runInside(['publish', 'counted', '7'], { ...place, cwd: next.folder });
    next[Symbol.dispose]();
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const message = await peer.channel.get(queue, { noAck: true });
    expect(message).toMatchObject({ properties: { type: 'counted' }, content: Buffer.from('7') });
  });

  it('reads the payload from standard input', async () => {
    await using tq = await startSubscribe('#', '--json', '--count', '1');
    const child = spawn(process.execPath, [BIN, 'publish', 'orders.created', '-'], {
      cwd: place.cwd,
      env: { ...process.env, ...place.env },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    createReadStream(`${place.cwd}/order.json`).pipe(child.stdin);
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse((await tq.ended).stdout)).toMatchObject({ payload: { id: 'o1' } });
  });

  it.each<[args: string[], text: string]>([
    [[], 'Expected tq publish EVENT [JSON]'],
    [['a', '12345678901234567890'], 'Payload: expected a number that JavaScript keeps, found 12345678901234567890.'],
    [['a', 'text'], 'Payload: expected JSON, found text. For text, quote it twice: \'"text"\'.'],
    [
      ['a.*', '1'],
      "expected words with dots between them, such as orders.created, without spaces, * and #, found 'a.*'",
    ],
    [['a', '1', '--header', '=x'], '--header: expected NAME=VALUE'],
    [['a', '1', '--timeout', '0s'], '--timeout (ms): expected a whole number from 1'],
  ])('refuses %j', async (args, text) => {
    expect(await publish(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(text) });
  });
});
