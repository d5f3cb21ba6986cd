import { execFile } from 'node:child_process';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { brokerUrl } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { maskUrl } from '../../src/broker/broker-url.js';
import type { Link } from '../../src/broker/connection.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { testRuntime } from '../test-runtime.js';
import { connectionTo, isRetry, muteServer, refusedUrl, Witness } from './connections.js';
import { METHOD, shortString, startFrameProxy } from './frame-proxy.js';

const HOLDER = fileURLToPath(new URL('./fixtures/holder.js', import.meta.url));

it('tries its brokers in turn until one answers', async () => {
  const runtime = testRuntime();
  const urls = [await refusedUrl(), await refusedUrl(), brokerUrl()];
  const connection = connectionTo(urls, runtime);
  const link = await connection.whenOpen();
  expect(link.epoch).toBe(1);
  expect(connection.link).toBe(link);
  expect(connection.lastError).toBeUndefined();
  const asked = runtime.lines.filter(isRetry).map(({ message }) => message);
  expect(asked).toHaveLength(2);
  for (const [index, text] of asked.entries()) {
    expect(text).toContain(new URL(urls[index] as string).host);
    expect(text).toContain('ECONNREFUSED');
    expect(text).not.toContain('secret');
  }
});

it('goes on with the next broker after a loss, and round again', async () => {
  await using first = await startProxy(brokerUrl());
  await using second = await startProxy(brokerUrl());
  const runtime = testRuntime();
  const connection = connectionTo([first.url, second.url], runtime);
  const witness = new Witness();
  connection.addUser(witness);
  connection.open();
  const open = () => [first.connections(), second.connections()];
  await witness.until('up 1');
  expect([open(), connection.status]).toEqual([[1, 0], { up: true, broker: maskUrl(first.url), error: undefined }]);
  first.cut();
  await witness.until('up 2');
  expect([open(), connection.status.broker]).toEqual([[0, 1], maskUrl(second.url)]);
  first.refuse();
  second.cut();
  // The first one refuses, so it is the second one's turn again.
  await witness.until('up 3');
  expect([open(), connection.status.broker]).toEqual([[0, 1], maskUrl(second.url)]);
  expect(runtime.lines.filter(isRetry).map(({ message }) => message)).toEqual([
    expect.stringContaining('Connection lost'),
    expect.stringContaining('Connection lost'),
    expect.stringContaining(`No connection to ${maskUrl(first.url)}`),
  ]);
});

it('goes on with the next broker when one refuses the login, and when one hangs in the handshake', async () => {
  const wrong = new URL(brokerUrl());
  wrong.password = 'wrong-secret';
  await using mute = await muteServer();
  const runtime = testRuntime();
  const connection = connectionTo([wrong.href, mute.url, brokerUrl()], runtime, { connectTimeoutMs: 1_000 });
  await connection.whenOpen();
  expect(connection.status.broker).toBe(maskUrl(brokerUrl()));
  expect(runtime.lines.filter(isRetry).map(({ message }) => message)).toEqual([
    expect.stringMatching(/ACCESS.REFUSED/),
    expect.stringContaining('ETIMEDOUT'),
  ]);
});

it('waits longer only when all brokers have failed once more', async () => {
  const clock = new ManualClock();
  const runtime = { ...testRuntime(clock), random: () => 0.999_999 };
  const connection = connectionTo([await refusedUrl(), await refusedUrl()], runtime);
  connection.open();
  const waits: unknown[] = [];
  for (let attempt = 1; attempt <= 6; attempt++) {
    const lines = await runtime.logged(isRetry, attempt);
    waits.push(lines.at(-1)?.fields.retryInMs);
    clock.advance(lines.at(-1)?.fields.retryInMs as number);
  }
  expect(waits).toEqual([419, 419, 819, 819, 1_619, 1_619]);
});

it('logs in as the options say where the URL names nobody', async () => {
  const url = new URL(brokerUrl());
  const login = { auth: 'password', username: url.username, password: url.password } as const;
  url.username = url.password = '';
  const runtime = testRuntime(new ManualClock());
  await connectionTo([url.href], runtime, { login }).whenOpen();
  const refused = connectionTo([url.href], runtime, { login: { ...login, password: 'wrong-secret' } });
  refused.open();
  const [line] = await runtime.logged(isRetry);
  expect(line?.message).toMatch(/^No connection to amqp:\/\/guest@127\.0\.0\.1:\d+: .*ACCESS.REFUSED/);
  expect(JSON.stringify([runtime.lines, refused.lastError?.stack])).not.toContain('wrong-secret');
});

it('takes the virtual host from the URL, decoded', async () => {
  const url = new URL(brokerUrl());
  url.pathname = '/%2F';
  const runtime = testRuntime(new ManualClock());
  await connectionTo([url.href], runtime).whenOpen();
  url.pathname = '/a%20b%2Fc';
  connectionTo([url.href], runtime).open();
  const [line] = await runtime.logged(isRetry);
  expect(line?.message).toMatch(
    /^No connection to amqp:.*: the broker does not let this user into the virtual host 'a b\/c': it is not there,/,
  );
});

it('waits longer from one failed attempt to the next, up to ten seconds', async () => {
  const clock = new ManualClock();
  const runtime = { ...testRuntime(clock), random: () => 0.999_999 };
  const connection = connectionTo([await refusedUrl()], runtime);
  connection.open();
  const waits: unknown[] = [];
  for (let attempt = 1; attempt <= 8; attempt++) {
    const lines = await runtime.logged(isRetry, attempt);
    waits.push(lines.at(-1)?.fields.retryInMs);
    clock.advance(lines.at(-1)?.fields.retryInMs as number);
  }
  expect(waits).toEqual([419, 819, 1_619, 3_219, 6_419, 10_019, 10_019, 10_019]);
});

it('gives up on a broker that accepts and says nothing when the connect timeout is over', async () => {
  await using mute = await muteServer();
  const runtime = testRuntime(new ManualClock());
  const connection = connectionTo([mute.url], runtime, { connectTimeoutMs: 50 });
  connection.open();
  await runtime.logged(isRetry);
  expect(connection.lastError).toMatchObject({ code: 'connect-failed', message: expect.stringContaining('ETIMEDOUT') });
});

it('a wrong password is an error that names the user and the refusal, never the password', async () => {
  const url = new URL(brokerUrl());
  url.password = 'wrong-secret';
  const runtime = testRuntime(new ManualClock());
  const connection = connectionTo([url.href], runtime);
  connection.open();
  const [line] = await runtime.logged(isRetry);
  expect(line?.message).toMatch(/^No connection to amqp:\/\/guest@127\.0\.0\.1:\d+: .*ACCESS.REFUSED/);
  expect(connection.lastError).toMatchObject({ code: 'connect-failed', message: line?.message });
  expect(JSON.stringify([runtime.lines, connection.lastError?.stack])).not.toContain('wrong-secret');
});

it('shows its role, host and process to the broker, and turns Nagle off', async () => {
  await using proxy = await startFrameProxy(brokerUrl());
  const connection = connectionTo([proxy.url], testRuntime(), { role: 'publish' });
  const { model } = await connection.whenOpen();
  const [startOk] = proxy.sent('client', METHOD.connectionStartOk);
  expect(String(startOk?.rest)).toContain(`tq publish ${hostname()} ${process.pid}`);
  const { stream } = model.connection as unknown as { stream: Socket };
  expect((stream as unknown as Record<symbol, unknown>)[kSetNoDelay(stream)]).toBe(true);
});

/** Node keeps the setting under a symbol of its own. */
function kSetNoDelay(socket: Socket): symbol {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kSetNoDelay');
  if (symbol === undefined) throw new Error('expected a socket with its no-delay setting, found none');
  return symbol;
}

it('comes back after a cut with the next epoch, and tells its users of both', async () => {
  await using proxy = await startProxy(brokerUrl());
  const runtime = testRuntime();
  const connection = connectionTo([proxy.url], runtime);
  const witness = new Witness();
  connection.addUser(witness);
  connection.open();
  for (const epoch of [1, 2, 3]) {
    await witness.until(`up ${epoch}`);
    expect(connection.link?.epoch).toBe(epoch);
    if (epoch < 3) proxy.cut();
  }
  expect(witness.heard).toEqual(['up 1', 'down', 'up 2', 'down', 'up 3']);
  expect(runtime.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    expect.stringContaining('Connection lost'),
    expect.stringContaining('Connection lost'),
  ]);
  // The third link works.
  const channel = await (witness.links[2] as Link).model.createChannel();
  await channel.close();
});

it('tells why there is no connection while there is none', async () => {
  await using proxy = await startProxy(brokerUrl());
  const runtime = testRuntime();
  const connection = connectionTo([proxy.url], runtime);
  const witness = new Witness();
  connection.addUser(witness);
  await connection.whenOpen();
  proxy.refuse();
  proxy.cut();
  await witness.until('down');
  expect(connection.link).toBeUndefined();
  expect(connection.lastError).toMatchObject({ code: 'connection-lost' });
  await runtime.logged(({ message }) => message.includes('ECONNREFUSED'));
  expect(connection.lastError).toMatchObject({ code: 'connect-failed' });
  const next = connection.whenOpen();
  await proxy.accept();
  expect((await next).epoch).toBe(2);
  expect(connection.lastError).toBeUndefined();
});

it('a broker that stops answering is noticed by the heartbeat', async () => {
  await using proxy = await startProxy(brokerUrl());
  const connection = connectionTo([proxy.url], testRuntime(), { heartbeatS: 1 });
  const witness = new Witness();
  connection.addUser(witness);
  await connection.whenOpen();
  proxy.freeze();
  await witness.until('down');
  expect(connection.lastError?.message).toMatch(/heartbeat/i);
});

it('tells a user that comes later of the link that there is, and one that left of nothing more', async () => {
  const connection = connectionTo([brokerUrl()], testRuntime());
  const [early, late] = [new Witness(), new Witness()];
  connection.addUser(early);
  await connection.whenOpen();
  connection.addUser(late);
  expect(late.heard).toEqual(['up 1']);
  connection.removeUser(early);
  await connection.close();
  await late.until('down');
  expect(early.heard).toEqual(['up 1']);
});

it('passes on that the broker blocks and that it takes publishes again', async () => {
  await using proxy = await startFrameProxy(brokerUrl());
  const runtime = testRuntime();
  const connection = connectionTo([proxy.url], runtime);
  const witness = new Witness();
  connection.addUser(witness);
  await connection.whenOpen();
  proxy.say(METHOD.connectionBlocked, shortString('low on memory'));
  await witness.until('blocked');
  proxy.say(METHOD.connectionUnblocked, Buffer.alloc(0));
  await witness.until('unblocked');
  expect(runtime.lines).toContainEqual({
    level: 'warn',
    fields: { role: 'test', reason: 'low on memory' },
    message: expect.stringContaining('blocked'),
  });
});

it.each(['open', 'waiting'])(
  'while it is %s it keeps a process alive only as long as somebody holds it',
  async (state) => {
    const url = state === 'open' ? brokerUrl() : await refusedUrl();
    const run = (what: string) => promisify(execFile)(process.execPath, [HOLDER, url, what], { timeout: 20_000 });
    const [left, held] = await Promise.all([run('leave'), run('hold')]);
    expect([left.stdout, left.stderr]).toEqual([`${state}\n`, '']);
    expect([held.stdout, held.stderr]).toEqual([`${state}\nstill here\n`, '']);
  },
);

it('two holds are two: the first release changes nothing, and the same twice neither', async () => {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const connection = connectionTo([await refusedUrl()], runtime);
  const releases = [connection.hold(), connection.hold()] as const;
  connection.open();
  await runtime.logged(isRetry);
  expect(clock.referencedTimers).toBe(1);
  releases[0]();
  releases[0]();
  expect(clock.referencedTimers).toBe(1);
  releases[1]();
  expect([clock.timers, clock.referencedTimers]).toEqual([1, 0]);
});

it('forgets a wait for a link that was given up', async () => {
  await using proxy = await startProxy(brokerUrl());
  proxy.refuse();
  const connection = connectionTo([proxy.url], testRuntime());
  const giveUp = new AbortController();
  const heard: string[] = [];
  connection.whenOpen(giveUp.signal).then(() => heard.push('given up'));
  const kept = connection.whenOpen(new AbortController().signal).then(() => heard.push('kept'));
  giveUp.abort();
  await proxy.accept();
  await kept;
  expect(heard).toEqual(['kept']);
});
