import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConsumeMessage } from 'amqplib';
import amqp from 'amqplib';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../src/errors.js';
import type { BrokerOptions } from '../src/options.js';
import { startBroker } from '../src/server.js';
import { open, portOf, start } from './running-broker.js';
import { consumeBodies, until } from './session/scene.js';

const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const KIB = 1024;

/** The error of a broker that does not start. */
async function refusal(options: object): Promise<BrokerError> {
  const error = await startBroker(options).then(
    (broker) => broker.stop(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BrokerError);
  return error as BrokerError;
}

describe('a broker that starts', () => {
  it('listens on the loopback addresses, with one port', async () => {
    await using broker = await start();
    const port = portOf(broker.url);
    expect(broker.url).toBe(`amqp://guest:guest@127.0.0.1:${port}`);
    const hosts = HAS_IPV6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1'];
    expect(broker.inspect().listening).toEqual(hosts.map((host) => `${host}:${port}`));
    for (const host of hosts) {
      const { connection } = await open(`amqp://guest:guest@${host}:${port}`);
      await connection.close();
    }
  });

  it('lets its own users in, and nobody else', async () => {
    await using broker = await start({ users: { ada: 'count', 'b@b': 'p/w' } });
    const { host } = new URL(broker.url);
    expect(broker.url).toBe(`amqp://ada:count@${host}`);
    for (const user of ['ada:count', 'b%40b:p%2Fw']) await open(`amqp://${user}@${host}`);
    for (const user of ['ada:wrong', 'guest:guest']) {
      await expect(amqp.connect(`amqp://${user}@${host}`)).rejects.toThrow('ACCESS_REFUSED');
    }
  });

  it('keeps virtual hosts apart', async () => {
    await using broker = await start({ vhosts: ['one', 'two/2'] });
    const { host } = new URL(broker.url);
    expect(broker.url).toBe(`amqp://guest:guest@${host}/one`);
    const one = await (await open(broker.url)).channel();
    const two = await (await open(`amqp://guest:guest@${host}/two%2F2`)).channel();
    await one.assertQueue('q');
    const refused = once(two, 'error');
    await expect(two.checkQueue('q')).rejects.toThrow("NOT_FOUND - no queue 'q' in vhost 'two/2'");
    await refused;
    await expect(amqp.connect(`amqp://guest:guest@${host}`)).rejects.toThrow();
  });

  it('refuses an option that it does not know, by name', async () => {
    const error = await refusal({ prot: 5_672 });
    expect(error).toMatchObject({ code: 'unknown-option', message: expect.stringContaining("found 'prot'") });
    expect(await refusal({ limits: { memroy: 1 } })).toMatchObject({ code: 'unknown-option' });
  });

  it.each<[what: string, options: BrokerOptions, text: string]>([
    ['a port that is none', { port: 65_536 }, '`port` to be a whole number from 0 to 65535, found 65536'],
    ['no virtual host', { vhosts: [] }, 'at least one name in `vhosts`'],
    ['no user', { users: {} }, 'at least one name in `users`'],
    ['a folder and memory', { memory: true, dataDir: 'x' }, '`dataDir` or `memory: true`, found both'],
    ['no memory', { limits: { memory: 0 } }, '`limits.memory` to be a whole number'],
    [
      'a foreign address with guest',
      { host: '0.0.0.0' },
      'users with passwords of their own when listening on 0.0.0.0',
    ],
    ['a name that looks like loopback', { host: '127.example.org' }, 'users with passwords of their own'],
  ])('refuses %s, and says what to do', async (_what, options, text) => {
    const error = await refusal(options);
    expect(error).toMatchObject({ code: 'invalid-option', message: expect.stringContaining(text) });
    expect(error.message).toMatch(/: .+\.$/);
  });

  it('listens on any address for users of its own', async () => {
    await using broker = await start({ host: '0.0.0.0', users: { ada: 'count' } });
    await open(`amqp://ada:count@127.0.0.1:${portOf(broker.url)}`);
  });

  it('says that the port is taken', async () => {
    await using broker = await start();
    const port = portOf(broker.url);
    const error = await refusal({ port });
    expect(error.code).toBe('listen-failed');
    expect(error.message).toContain(
      `Expected to listen on 127.0.0.1:${port}, found something that listens there already`,
    );
  });

  it('leaves nothing behind when it does not come to listen', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tq-server-'));
    const first = await startBroker({ port: 0, dataDir });
    const publisher = await (await open(first.url)).connection.createConfirmChannel();
    await publisher.assertQueue('q', { messageTtl: 200 });
    for (let count = 0; count < 10; count++) publisher.sendToQueue('q', Buffer.from('a'), { persistent: true });
    await publisher.waitForConfirms();
    await first.stop();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const errors: string[] = [];
    const logger = {
      info: () => undefined,
      warn: () => undefined,
      error: (_: object, text: string) => errors.push(text),
    };
    expect(await refusal({ port, dataDir, logger })).toMatchObject({ code: 'listen-failed' });
    // Were the timers of the refused one still set, they would fire into a closed store.
    const second = await startBroker({ port: 0, dataDir });
    await until(() => second.inspect().messages === 0);
    await second.stop();
    expect(errors).toEqual([]);
    taken.close();
    await rm(dataDir, { recursive: true });
  });
});

describe('what a broker holds', () => {
  it('is counted', async () => {
    await using broker = await start();
    const client = await open(broker.url);
    const channel = await client.channel();
    await channel.prefetch(2);
    for (const name of ['q', 'r']) await channel.assertQueue(name);
    const got: ConsumeMessage[] = [];
    await consumeBodies(channel, 'q', (message) => got.push(message));
    for (let count = 0; count < 5; count++) channel.sendToQueue('q', Buffer.from('a'));
    await until(() => got.length === 2);
    expect(broker.inspect()).toMatchObject({
      connections: 1,
      channels: 1,
      queues: 2,
      consumers: 1,
      messages: 3,
      unacknowledged: 2,
      memory: { blocked: false },
      totals: { published: 5, delivered: 2, acknowledged: 0 },
      dataDir: undefined,
    });
    for (let count = 0; count < 5; count++) {
      await until(() => got.length > count);
      channel.ack(got[count] as ConsumeMessage);
    }
    await until(() => broker.inspect().memory.used === 0);
    expect(broker.inspect().totals).toEqual({ published: 5, delivered: 5, acknowledged: 5 });
    await client.connection.close();
    await until(() => broker.inspect().connections === 0);
    expect(broker.inspect()).toMatchObject({ channels: 0, consumers: 0, queues: 2 });
  });

  it('can be asked for when it has stopped', async () => {
    const broker = await startBroker({ port: 0 });
    await broker.stop();
    expect([broker.inspect().connections, broker.url]).toEqual([0, expect.stringMatching(/^amqp:/)]);
  });
});

describe('a broker that stops', () => {
  it('tells its clients', async () => {
    const broker = await startBroker({ port: 0 });
    const clients = [await open(broker.url), await open(broker.url)];
    const ended = clients.map((client) => client.ended);
    await Promise.all([broker.stop(), broker.stop()]);
    for (const end of ended) {
      expect(await end).toMatchObject({
        code: 320,
        message: expect.stringContaining("CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"),
      });
    }
    await expect(amqp.connect(broker.url)).rejects.toThrow('ECONNREFUSED');
  });

  it('waits for no client that says nothing, reads nothing, or never began', async () => {
    const broker = await startBroker({ port: 0 });
    const client = await open(broker.url);
    const channel = await client.channel();
    await channel.assertQueue('q');
    await consumeBodies(channel, 'q');
    client.freeze();
    for (let count = 0; count < 20; count++) channel.sendToQueue('q', Buffer.alloc(1_000 * KIB));
    const silent = connect(portOf(broker.url), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    await until(() => broker.inspect().totals.published === 20);
    await broker.stop();
    client.socket.destroy();
    silent.destroy();
  });
});
