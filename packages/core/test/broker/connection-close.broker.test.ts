import { once } from 'node:events';
import { expect, it } from 'vitest';
import { brokerUrl } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { testRuntime } from '../test-runtime.js';
import { connectionTo, isRetry, muteServer, refusedUrl, Witness } from './connections.js';

const CLOSED = expect.objectContaining({ code: 'closed' });

it('closed before it was opened, it never connects', async () => {
  await using proxy = await startProxy(brokerUrl());
  const connection = connectionTo([proxy.url], testRuntime());
  await connection.close();
  connection.open();
  await expect(connection.whenOpen()).rejects.toEqual(CLOSED);
  await connection.close();
  expect(proxy.connections()).toBe(0);
});

it('closed while it connects, it hangs up on the broker that answers afterwards', async () => {
  await using proxy = await startProxy(brokerUrl());
  proxy.freeze();
  const connection = connectionTo([proxy.url], testRuntime());
  const witness = new Witness();
  connection.addUser(witness);
  const next = expect(connection.whenOpen()).rejects.toEqual(CLOSED);
  await once(proxy.events, 'connected');
  await connection.close();
  await next;
  const gone = once(proxy.events, 'closed');
  proxy.thaw();
  await gone;
  expect(witness.heard).toEqual([]);
});

it('closed while it connects in vain, it does not try again', async () => {
  await using mute = await muteServer();
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const connection = connectionTo([mute.url], runtime);
  connection.open();
  const socket = await mute.accepted;
  await connection.close();
  const ended = once(socket, 'close');
  socket.destroy();
  await ended;
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.timers).toBe(0);
  expect(runtime.lines).toEqual([]);
});

it('closed while it waits for the next attempt, it makes none', async () => {
  const clock = new ManualClock();
  const runtime = testRuntime(clock);
  const connection = connectionTo([await refusedUrl()], runtime);
  const next = expect(connection.whenOpen()).rejects.toEqual(CLOSED);
  await runtime.logged(isRetry);
  expect(clock.timers).toBe(1);
  await connection.close();
  await next;
  expect(clock.timers).toBe(0);
});

it('closed while it is open, it says goodbye, tells its users, and a second close finds nothing to do', async () => {
  await using proxy = await startProxy(brokerUrl());
  const runtime = testRuntime();
  const connection = connectionTo([proxy.url], runtime);
  const witness = new Witness();
  connection.addUser(witness);
  await connection.whenOpen();
  const gone = once(proxy.events, 'closed');
  await connection.close();
  await gone;
  await connection.close();
  expect(witness.heard).toEqual(['up 1', 'down']);
  expect(connection.link).toBeUndefined();
  expect(runtime.lines.filter(({ level }) => level === 'warn')).toEqual([]);
});

it('closed while the connection is being lost, it does not wait for an answer', async () => {
  await using proxy = await startProxy(brokerUrl());
  const clock = new ManualClock();
  const connection = connectionTo([proxy.url], testRuntime(clock));
  await connection.whenOpen();
  proxy.freeze();
  const closing = connection.close();
  proxy.cut();
  await closing;
  expect(clock.timers).toBe(0);
});

it('cuts a connection whose broker does not answer the close within three seconds', async () => {
  await using proxy = await startProxy(brokerUrl());
  const clock = new ManualClock();
  const connection = connectionTo([proxy.url], testRuntime(clock));
  const witness = new Witness();
  connection.addUser(witness);
  await connection.whenOpen();
  proxy.freeze();
  const closing = connection.close();
  clock.advance(2_999);
  expect(witness.heard).toEqual(['up 1']);
  clock.advance(1);
  await closing;
  await witness.until('down');
});
