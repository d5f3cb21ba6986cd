/** `tq queues` beside RabbitMQ's management API, and as a user who may not do everything. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '@tq/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { openPeer, type Peer } from '../support/broker.js';
import { createProject } from '../support/project.js';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { runInside } from '../support/run-inside.js';
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

it("compares an app's bindings with those of the broker: what is missing, and what others have bound", async () => {
  using project = createProject({
    type: 'module',
    files: {
      'tasks.ts': `import { createApp } from '@tq/core';
        export const app = createApp({
          queueType: 'classic',
          exchanges: { logs: { type: 'topic' }, alarms: { type: 'headers', bindings: [{ exchange: 'logs', key: 'alarm.#' }] } },
          queues: { lines: { bindings: [{ exchange: 'logs', key: ['a.*', 'b.#'] }, { exchange: 'alarms', headers: { level: 3, host: 'x' }, match: 'any' }] } },
        });
        app.task('t', () => undefined);`,
    },
  });
  const env = { TQ_URL: rabbit.url, TQ_PREFIX: 'bound.', TQ_MANAGEMENT_URL: management };
  let count = 0;
  // A task file loads once in a process, and each command closes its app: every command gets a copy.
  const tq = (verb: string, ...more: string[]) => {
    const file = join(project.folder, `tasks-${++count}.ts`);
    copyFileSync(join(project.folder, 'tasks.ts'), file);
    return runInside(['topology', verb, '--app', file, ...more], { cwd: project.folder, env });
  };
  expect((await tq('apply')).code).toBe(0);
  const same = await tq('diff', '--json');
  expect(JSON.parse(same.stdout)).toEqual({ same: true, differences: [], bindings: 'compared', extra: [] });
  const { channel } = peer;
  await channel.unbindQueue('bound.lines', 'bound.logs', 'a.*');
  await channel.bindQueue('bound.lines', 'bound.logs', 'old.key');
  const { code, stdout } = await tq('diff');
  expect(code).toBe(1);
  expect(stdout).toBe(
    [
      "binding bound.logs to bound.lines: missing (key 'a.*')",
      '  tq topology apply binds it.',
      "binding bound.logs to bound.lines: not the app's (key 'old.key')",
      '',
    ].join('\n'),
  );
  expect((await tq('apply')).code).toBe(0);
  expect(JSON.parse((await tq('diff', '--json')).stdout)).toMatchObject({
    same: true,
    extra: [{ routingKey: 'old.key' }],
  });
});
