/** `tq queues` beside RabbitMQ's management API, and as a user who may not do everything. */
import { createApp } from '@tq/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { openPeer, type Peer } from '../support/broker.js';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { runTq, startTq } from '../support/tq-process.js';

let rabbit: RabbitServer;
let peer: Peer;
let management: string;
const env = { TQ_URL: '', TQ_PREFIX: 'shop.', TQ_QUEUE: 'mail' };

beforeAll(async () => {
  const port = await freePort();
  rabbit = await startRabbit({
    plugins: ['rabbitmq_management'],
    config: `management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = ${port}\ncollect_statistics_interval = 500\n`,
  });
  env.TQ_URL = rabbit.url;
  management = `http://guest:guest@127.0.0.1:${port}`;
  await using app = createApp({ url: rabbit.url, prefix: 'shop.', queue: 'mail' });
  const task = app.task('send', () => undefined, { ignoreResult: true });
  await task.delay().published;
  await task.delay().published;
  peer = await openPeer(rabbit.url);
  await peer.channel.prefetch(1);
  await new Promise<void>((resolve) => void peer.channel.consume('shop.mail', () => resolve()));
});
afterAll(async () => {
  await peer?.close();
  await rabbit?.stop();
});

it('lists every queue of the virtual host with what AMQP does not tell, once its counts are there', async () => {
  const args = ['queues', 'list', '--all', '--watch', '--interval', '200ms', '--json', '--management', management];
  await using tq = startTq(args, { env });
  await new Promise<void>((resolve) => {
    tq.process.stdout?.on('data', (text: string) => {
      if (/"name":"shop\.mail","ready":1,"unacked":1,"consumers":1,"type":"quorum"/.test(text)) resolve();
    });
  });
  tq.kill('SIGTERM');
  const { code, stdout } = await tq.ended;
  expect(code).toBe(0);
  const [first] = stdout.split('\n');
  expect(JSON.parse(first ?? '').map(({ name }: { name: string }) => name)).toEqual([
    'shop.mail',
    'shop.mail.dead',
    'shop.tq.delay.dead',
  ]);
});

it("shows an app's queue with its type and arguments", async () => {
  const { code, stdout } = await runTq(['queues', 'show', 'mail', '--json'], {
    env: { ...env, TQ_MANAGEMENT_URL: management },
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ name: 'mail', queue: 'shop.mail', ready: 1, consumers: 1, type: 'quorum', state: 'running' },
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 30 },
    dead: { name: 'mail.dead', ready: 0, type: 'quorum' },
  });
});

it.each([
  ['a wrong password', () => management.replace('guest@', 'secret@'), 1, 'refused the user (401)'],
  ['the port of AMQP', () => rabbit.url.replace('amqp:', 'http:'), 4, 'No connection to the management API'],
  ['another path', () => `${management}/js`, 2, 'expected a list in JSON'],
])('says what is wrong with %s', async (_, url, code, text) => {
  const end = await runTq(['queues', 'list', '--management', url()], { env });
  expect(end).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(text) });
  expect(end.stderr).not.toMatch(/secret|guest:guest/);
});

it('says that the virtual host of the app is not there', async () => {
  const args = ['queues', 'list', '--management', management];
  const { code, stderr } = await runTq(args, { env: { ...env, TQ_URL: `${rabbit.url}/nowhere` } });
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("has no virtual host 'nowhere' (404)") });
});

it('says so when the user may not throw away what is in a queue', async () => {
  await rabbit.ctl('add_user', 'looker', 'secret');
  await rabbit.ctl('set_permissions', 'looker', '^$', '^$', '^$');
  const url = rabbit.url.replace('guest:guest', 'looker:secret');
  const { code, stderr } = await runTq(['queues', 'purge', 'mail', '--yes'], { env: { ...env, TQ_URL: url } });
  expect(code).toBe(1);
  expect(stderr).toMatch(/The broker's user may not do this with the queue 'shop\.mail': .*ACCESS_REFUSED/);
  expect(stderr).not.toContain('secret');
});
