/** `amqps://` against a RabbitMQ node whose certificates this file has made. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { AppOptions, TlsOptions } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionTo, isRetry } from '../../packages/core/test/broker/connections.js';
import { testRuntime } from '../../packages/core/test/test-runtime.js';
import { startTlsRabbit, type TlsRabbit } from '../support/tls-rabbitmq.js';
import type * as tasks from './fixtures/tasks.js';
import { openApp, problems } from './fixtures/test-app.js';

const TASKS = 1_000;
const MODULE = new URL('fixtures/tasks.js', import.meta.url);

let node: TlsRabbit;
/** All that a client needs. */
let tls: TlsOptions;
beforeAll(async () => {
  node = await startTlsRabbit();
  tls = { ca: node.authority.ca, ...node.client };
});
afterAll(() => node?.[Symbol.asyncDispose]());

/** Runs so many tasks over one app and its worker. */
async function runTasks(options: AppOptions, count: number): Promise<void> {
  await using test = openApp(options);
  await using worker = createWorker(test.app, { tasks: [MODULE], concurrency: 2, prefetchMultiplier: 10 });
  await worker.start();
  const numbers = Array.from({ length: count }, (_, index) => index);
  const results = await test.app.declareTask<typeof tasks.echo>('echo').bulk(numbers.map((n) => [n] as [number]));
  expect(await Promise.all(results.map((result) => result.get()))).toEqual(numbers);
  expect(problems(test.lines)).toEqual([]);
}

describe('over amqps', () => {
  it(`a worker runs ${TASKS} tasks`, async () => {
    await runTasks({ url: node.url, tls }, TASKS);
  });

  it('a certificate logs in instead of a password; PEM texts do what paths do', async () => {
    const read = (path: string) => readFileSync(path, 'utf8');
    const texts = { ca: read(node.authority.ca), cert: read(node.client.cert), key: read(node.client.key) };
    const url = node.url.replace('guest:guest@', '');
    await runTasks({ url, auth: 'certificate', tls: texts }, 10);
  });

  it('the name in the certificate may be another than that in the URL, when the options say which', async () => {
    const url = node.url.replace('localhost', '127.0.0.1');
    await runTasks({ url, tls: { ...tls, servername: 'localhost' } }, 10);
  });

  it.each([
    ['after get', '1\ndone\n'],
    ['with a get that nobody awaits', 'done\nlate\n'],
  ])('a program that is configured by the environment ends by itself: %s', async (name, stdout) => {
    await using test = openApp({ url: node.url, tls });
    await using worker = createWorker(test.app, { tasks: [MODULE], concurrency: 1 });
    await worker.start();
    const { TQ_URL, ...inherited } = process.env;
    const program = fileURLToPath(new URL('fixtures/exits-by-itself.js', import.meta.url));
    const child = spawn(process.execPath, [program, name], {
      env: {
        ...inherited,
        TQ_URL: node.url,
        TQ_TLS_CA: tls.ca,
        TQ_TLS_CERT: tls.cert,
        TQ_TLS_KEY: tls.key,
        TQ_PREFIX: test.prefix,
        TQ_QUEUE_TYPE: 'classic',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = [text(child.stdout), text(child.stderr), once(child, 'close')] as const;
    expect(await Promise.all(output)).toEqual([stdout, '', [0, null]]);
  });
});

describe('a failure of TLS says what is wrong and what to do', () => {
  /** What the first attempt to connect ends in. */
  async function failure(url: string, options: TlsOptions): Promise<string> {
    const runtime = testRuntime();
    connectionTo([url], runtime, { tls: options }).open();
    const [line] = await runtime.logged(isRetry);
    return line?.message ?? '';
  }

  it('an authority that is not known', async () => {
    const { ca, ...client } = tls;
    expect(await failure(node.url, client)).toMatch(
      /^No connection to amqps:\/\/guest@localhost:\d+: the broker's certificate is signed by an authority that is not known here: set tls\.ca/,
    );
  });

  it('another host', async () => {
    const other = await failure(node.url, { ...tls, servername: 'rabbit.example' });
    expect(other).toContain(
      "certificate is for another host (Host: rabbit.example. is not in the cert's altnames: DNS:localhost):",
    );
    expect(await failure(node.url.replace('localhost', '127.0.0.1'), tls)).toContain('(IP: 127.0.0.1 is not in');
  });

  it('a certificate of the client that is missing, of a stranger, or expired', async () => {
    const { ca } = tls;
    expect(await failure(node.url, { ca })).toContain('the broker wants a certificate of its clients: set tls.cert');
    const expired = await node.authority.issue({ name: 'late', days: -1 });
    expect(await failure(node.url, { ca, ...expired })).toContain("this client's certificate has expired");
    const mixed = await failure(node.url, { ...tls, key: expired.key });
    expect(mixed).toContain('tls.key is not the key of tls.cert');
  });

  it('a port without TLS, and TLS where none was meant', async () => {
    const plain = node.rabbit.url.replace('amqp://', 'amqps://');
    expect(await failure(plain, tls)).toContain('the broker speaks no TLS on this port: use amqp://');
    const secure = node.url.replace('amqps://', 'amqp://');
    expect(await failure(secure, {})).toMatch(/; where the port is one with TLS, the URL begins with amqps:\/\/\.$/);
  });

  it('a certificate of the broker that has expired', async () => {
    const { cert, key } = await node.authority.issue({
      name: 'localhost',
      alternativeNames: 'DNS:localhost',
      days: -1,
    });
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `amqps://guest:secret@localhost:${(server.address() as AddressInfo).port}`;
      const said = await failure(url, tls);
      expect(said).toContain("the broker's certificate, or that of its authority, has expired");
      expect(said).not.toContain('secret');
    } finally {
      server.close();
    }
  });
});
