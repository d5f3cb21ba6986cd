/** `tq broker`, as its users start it: a broker in a process of its own. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, HOST } from '../../../scripts/ports.js';
import { createProject } from '../../../test/support/project.js';
import { runTq, startTq, type TqProcess } from '../../../test/support/tq-process.js';
import type { BrokerFacts } from '../src/broker/facts.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tq-broker-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started extends TqProcess {
  readonly facts: BrokerFacts & { readonly msg: string };
}

/** Starts `tq broker` on a free port and resolves when it accepts connections. */
async function start(...words: string[]): Promise<Started> {
  const process = startTq(['broker', '--port', '0', ...words], { cwd: folder });
  try {
    return Object.assign(process, { facts: JSON.parse(await process.line(/ready: accepting connections/)) });
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

describe('tq broker', () => {
  it('tells where it listens, serves an AMQP client, and ends with 0 at SIGTERM', async () => {
    await using broker = await start('--memory', '--json');
    const connection = await connect(broker.facts.url);
    const channel = await connection.createConfirmChannel();
    const { queue } = await channel.assertQueue('');
    channel.sendToQueue(queue, Buffer.from('hello'));
    await channel.waitForConfirms();
    expect(await channel.get(queue, { noAck: true })).toMatchObject({ content: Buffer.from('hello') });
    await connection.close();
    broker.kill('SIGTERM');
    const { code, stdout, stderr } = await broker.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ url: broker.facts.url, data: null, users: ['guest'], vhosts: ['/'] });
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ level: 30, msg: 'stopped' });
    expect(existsSync(join(folder, '.tq'))).toBe(false);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('keeps what was confirmed in .tq/broker over %s', async (signal) => {
    {
      await using broker = await start();
      expect(broker.facts.data).toBe(join(folder, '.tq', 'broker'));
      const connection = await connect(broker.facts.url);
      const channel = await connection.createConfirmChannel();
      await channel.assertQueue(signal, { durable: true });
      channel.sendToQueue(signal, Buffer.from('kept'), { persistent: true });
      await channel.waitForConfirms();
      connection.on('error', () => undefined);
      broker.kill(signal);
      await broker.ended;
    }
    await using again = await start();
    const connection = await connect(again.facts.url);
    const channel = await connection.createChannel();
    expect(await channel.get(signal, { noAck: true })).toMatchObject({ content: Buffer.from('kept') });
    await connection.close();
  });

  it('runs a worker and a call', async () => {
    await using broker = await start('--memory');
    using project = createProject({
      files: {
        'tasks.mjs': "import { defineTask } from '@tq/core'; export const twice = defineTask('twice', (n) => 2 * n);",
      },
    });
    const env = { TQ_URL: broker.facts.url };
    await using worker = startTq(['worker', '--concurrency', '1'], { cwd: project.folder, env });
    await worker.line(/ready/);
    expect(await runTq(['call', 'twice', '21'], { env })).toMatchObject({ code: 0, stdout: '42\n' });
  });

  it('takes its own users and virtual hosts alone, and says no password', async () => {
    await using broker = await start('--memory', '--user', 'ada:se:cret', '--user', 'bob:b', '--vhost', 'jobs');
    const url = new URL(broker.facts.url);
    await expect(connect(url.href)).rejects.toThrow('ACCESS_REFUSED');
    [url.username, url.password, url.pathname] = ['ada', 'se:cret', '/jobs'];
    await (await connect(url.href)).close();
    url.pathname = '';
    await expect(connect(url.href)).rejects.toThrow('ConnectionClose');
    broker.kill('SIGTERM');
    expect((await broker.ended).stderr).not.toContain('cret');
  });

  it('ends with 1 and says what to do when the port is in use', async () => {
    const port = await freePort();
    const server = createServer().listen(port, HOST);
    const { code, stderr } = await runTq(['broker', '--memory', '--port', String(port)]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} is in use: a RabbitMQ or another \`tq broker\` may listen there already.`);
    expect(stderr).toContain(`tq broker --port ${port + 1}`);
  });

  it('ends with 1 or 2 and says so when it may not listen, or when another one has its data', async () => {
    const open = await runTq(['broker', '--memory', '--port', '0', '--host', '0.0.0.0']);
    expect(open.code).toBe(2);
    expect(open.stderr).toContain('--host: expected a --user NAME:PASSWORD to listen on 0.0.0.0, found none');
    const data = join(folder, 'shared');
    await using first = await start('--data', data);
    const second = await runTq(['broker', '--port', '0', '--data', data]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(data);
    expect(first.process.exitCode).toBeNull();
  });
});
