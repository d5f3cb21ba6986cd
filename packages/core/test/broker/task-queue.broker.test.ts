import { once } from 'node:events';
import { expect, it } from 'vitest';
import { openApp } from '../../../../test/e2e/fixtures/test-app.js';
import { brokerUrl, openPeer, queueState, receive } from '../../../../test/support/broker.js';
import { startProxy } from '../../../../test/support/cutting-proxy.js';
import type { QueueType } from '../../src/broker/queue-options.js';
import type { AppOptions } from '../../src/options.js';

/** An app with a task `note` on the queue `mail` whose calls nobody runs. */
function open(queueType: QueueType = 'classic', more: Pick<AppOptions, 'url' | 'prefix'> = {}) {
  const opened = openApp({ queueType, ...more });
  const task = opened.app.task('note', (_n: number) => undefined, { queue: 'mail', ignoreResult: true });
  const call = (...numbers: number[]) => Promise.all(numbers.map((n) => task.delay(n).published));
  return { ...opened, call, mail: opened.app.queue('mail') };
}

it.each(['classic', 'quorum'] as const)('counts what is ready in a %s queue, and who consumes it', async (type) => {
  await using opened = open(type);
  await using peer = await openPeer();
  const { call, mail, prefix } = opened;
  await call(1, 2, 3);
  expect(await mail.depth()).toEqual({ messages: 3, consumers: 0 });
  await peer.channel.prefetch(1);
  await new Promise<void>((resolve) => void peer.channel.consume(`${prefix}mail`, () => resolve()));
  expect(await mail.depth()).toEqual({ messages: 2, consumers: 1 });
  expect(mail.name).toBe('mail');
});

it('looks at the dead letters of a queue', async () => {
  await using opened = open();
  await using peer = await openPeer();
  await opened.call(1);
  const [letter] = await receive(peer, `${opened.prefix}mail`, 1);
  expect(letter).toBeDefined();
  const confirming = await peer.connection.createConfirmChannel();
  confirming.publish(`${opened.prefix}tq.dead`, `${opened.prefix}mail`, Buffer.from('dead'), { mandatory: true });
  await confirming.waitForConfirms();
  expect(opened.mail.dead.name).toBe('mail.dead');
  expect(await opened.mail.dead.depth()).toEqual({ messages: 1, consumers: 0 });
  expect(await opened.mail.dead.purge()).toBe(1);
});

it('says that a queue is missing, whatever was asked, and declares none', async () => {
  await using opened = open();
  await using peer = await openPeer();
  const { app, prefix } = opened;
  const queue = app.queue('mial');
  const questions = [
    () => queue.depth(),
    () => queue.purge(),
    () => queue.delete(),
    () => queue.delete({ ifEmpty: true }),
  ];
  for (const ask of questions) {
    await expect(ask()).rejects.toMatchObject({
      code: 'queue-missing',
      message: expect.stringContaining(`no queue '${prefix}mial'`),
    });
  }
  expect(await queueState(peer, `${prefix}mial`)).toBeUndefined();
});

it.each(['classic', 'quorum'] as const)(
  'purges what is ready in a %s queue and tells how much that was',
  async (type) => {
    await using opened = open(type);
    await using peer = await openPeer();
    const { call, mail, prefix } = opened;
    await call(1, 2, 3, 4);
    const held = await peer.channel.get(`${prefix}mail`);
    expect(await mail.purge()).toBe(3);
    expect(await mail.purge()).toBe(0);
    if (held !== false) peer.channel.nack(held);
    const [kept] = await receive(peer, `${prefix}mail`, 1);
    expect(JSON.parse(String(kept?.content))[0]).toEqual([1]);
  },
);

it.each(['classic', 'quorum'] as const)(
  'deletes a %s queue with what is in it, and the next call of this process declares it anew',
  async (type) => {
    await using opened = open(type);
    await using peer = await openPeer();
    const { call, mail, prefix, lines } = opened;
    await call(1, 2);
    expect(await mail.delete()).toBe(2);
    expect(await queueState(peer, `${prefix}mail`)).toBeUndefined();
    await call(3);
    const [message] = await receive(peer, `${prefix}mail`, 1);
    expect(JSON.parse(String(message?.content))[0]).toEqual([3]);
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  },
);

it.each(['classic', 'quorum'] as const)(
  'deletes a %s queue on condition, and keeps its connection when the broker has no conditions for it',
  async (type) => {
    await using opened = open(type);
    await using peer = await openPeer();
    const { call, mail, prefix, lines } = opened;
    await call(1);
    await expect(mail.delete({ ifEmpty: true })).rejects.toMatchObject({ code: 'queue-not-empty' });
    const { consumerTag } = await peer.channel.consume(`${prefix}mail`, (message) => {
      if (message !== null) peer.channel.ack(message);
    });
    await expect(mail.delete({ ifUnused: true })).rejects.toMatchObject({
      code: 'queue-in-use',
      message: expect.stringContaining('stop its workers first'),
    });
    await peer.channel.cancel(consumerTag);
    await mail.purge();
    expect(await mail.delete({ ifEmpty: true, ifUnused: true })).toBe(0);
    await expect(mail.depth()).rejects.toMatchObject({ code: 'queue-missing' });
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  },
);

it("refuses another connection's own queue, and does not call it missing", async () => {
  await using opened = open();
  await using peer = await openPeer();
  await peer.channel.assertQueue(`${opened.prefix}own`, { exclusive: true });
  const queue = opened.app.queue('own');
  for (const ask of [() => queue.depth(), () => queue.purge(), () => queue.delete()]) {
    await expect(ask()).rejects.toMatchObject({
      code: 'queue-in-use',
      message: expect.stringContaining('exclusive'),
    });
  }
});

it('waits for a connection that comes back, and asks again what was cut off', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using opened = open('classic', { url: proxy.url });
  await opened.call(1);
  await opened.mail.depth();
  proxy.freeze();
  const asked = opened.mail.depth();
  proxy.cut();
  proxy.thaw();
  expect(await asked).toEqual({ messages: 1, consumers: 0 });
});

it('says that nobody knows what became of a purge whose connection was lost', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using opened = open('classic', { url: proxy.url });
  await opened.call(1);
  await opened.mail.depth();
  proxy.freeze();
  const asked = expect(opened.mail.purge()).rejects.toMatchObject({
    code: 'connection-lost',
    message: expect.stringContaining('as it was or changed already'),
  });
  // Written before the cut, or it would wait for the next connection.
  await new Promise((resolve) => setImmediate(resolve));
  proxy.cut();
  await asked;
});

it('ends a wait for a broker that does not answer, says why, and does nothing once it is there', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using opened = open('classic');
  await using late = open('classic', { url: proxy.url, prefix: opened.prefix });
  await opened.call(1);
  proxy.refuse();
  await expect(late.mail.purge({ timeout: 1_000 })).rejects.toMatchObject({
    code: 'queue-timeout',
    message: expect.stringMatching(/within 1000 ms\. No connection to amqp:/),
  });
  await proxy.accept();
  // On the connection that the purge would have had, and after it.
  expect(await late.mail.depth()).toEqual({ messages: 1, consumers: 0 });
  expect(await opened.mail.depth()).toEqual({ messages: 1, consumers: 0 });
});

it('is refused when the app is closed', async () => {
  const { app } = open();
  await app.close();
  await expect(app.queue('mail').depth()).rejects.toMatchObject({ code: 'closed' });
});

it('ends with the app that is closed meanwhile', async () => {
  await using proxy = await startProxy(brokerUrl());
  proxy.freeze();
  const { app } = open('classic', { url: proxy.url });
  const asked = expect(app.queue('mail').depth()).rejects.toMatchObject({ code: 'closed' });
  await once(proxy.events, 'connected');
  await app.close();
  await asked;
});
