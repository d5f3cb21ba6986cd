import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, type ChannelModel, type ConfirmChannel, connect, type GetMessage } from 'amqplib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../scripts/ports.js';
import { type EmbeddedProcess, startEmbedded } from '../../../test/support/embedded.js';

let dataDir: string;
let port: number;
let broker: EmbeddedProcess;
let connection: ChannelModel;
let channel: ConfirmChannel;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tq-restored-'));
  port = await freePort();
  await start();
});

afterEach(async () => {
  await broker.end('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  broker = await startEmbedded({ host: '127.0.0.1', port, dataDir });
  connection = await connect(broker.url, { noDelay: true });
  connection.on('error', () => {});
  channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
}

async function send(queue: string, text: string, options: object = {}): Promise<void> {
  channel.sendToQueue(queue, Buffer.from(text), { persistent: true, ...options });
  await channel.waitForConfirms();
}

async function take(queue: string): Promise<GetMessage> {
  const message = await channel.get(queue);
  if (message === false) throw new Error(`expected a message in ${queue}, found none`);
  return message;
}

async function bodies(queue: string): Promise<string[]> {
  const texts: string[] = [];
  for (let message = await channel.get(queue); message !== false; message = await channel.get(queue)) {
    texts.push(message.content.toString());
    channel.ack(message);
  }
  return texts;
}

/** Runs an operation that is refused on a channel of its own. */
async function refused(operation: (channel: Channel) => Promise<unknown>): Promise<string> {
  const own = await connection.createChannel();
  own.on('error', () => {});
  const error = await operation(own).then(
    () => undefined,
    (reason: Error) => reason,
  );
  return error?.message ?? 'accepted';
}

// In order, and at once as in a crash.
describe.each(['SIGTERM', 'SIGKILL'] as const)('after %s', (signal) => {
  /** Everything that was declared is on disk with the next confirm. */
  async function startAgain(): Promise<void> {
    await channel.assertQueue('flushed', { durable: true });
    await send('flushed', 'x');
    await broker.end(signal);
    await start();
  }

  it('durable exchanges, bindings between exchanges and with arguments are there again, transient ones are not', async () => {
    await channel.assertExchange('source', 'topic', { durable: true });
    await channel.assertExchange('match', 'headers', { durable: true, alternateExchange: 'other' });
    await channel.assertExchange('other', 'fanout', { durable: true });
    await channel.assertExchange('transient', 'fanout', { durable: false });
    await channel.assertQueue('matched', { durable: true });
    await channel.assertQueue('rest', { durable: true });
    await channel.assertQueue('unbound', { durable: true });
    await channel.bindExchange('match', 'source', 'a.#');
    await channel.bindQueue('matched', 'match', '', { 'x-match': 'all', n: 7, deep: { list: [1, 'two'] } });
    await channel.bindQueue('rest', 'other', '');
    await channel.bindQueue('unbound', 'other', '');
    await channel.unbindQueue('unbound', 'other', '');
    await channel.bindQueue('unbound', 'transient', '');
    await startAgain();
    channel.publish('source', 'a.b', Buffer.from('fits'), { headers: { n: 7, deep: { list: [1, 'two'] } } });
    channel.publish('source', 'a', Buffer.from('does not'), { headers: { n: 8 } });
    channel.publish('source', 'b', Buffer.from('nobody wants'));
    await channel.waitForConfirms();
    expect([await bodies('matched'), await bodies('rest'), await bodies('unbound')]).toEqual([
      ['fits'],
      ['does not'],
      [],
    ]);
    expect(await refused((own) => own.checkExchange('transient'))).toContain("no exchange 'transient'");
  });

  it('queues have their arguments again, and transient, exclusive and deleted ones are gone', async () => {
    const args = { 'x-message-ttl': 60_000, 'x-max-length': 5, 'x-max-priority': 3, 'x-unknown': { any: [true] } };
    await channel.assertQueue('kept', { durable: true, arguments: args });
    await channel.assertQueue('transient', { durable: false });
    await channel.assertQueue('exclusive', { exclusive: true });
    await channel.assertQueue('deleted', { durable: true });
    await channel.deleteQueue('deleted');
    await startAgain();
    await channel.assertQueue('kept', { durable: true, arguments: args });
    const other = { durable: true, arguments: { ...args, 'x-max-length': 6 } };
    expect(await refused((own) => own.assertQueue('kept', other))).toContain("inequivalent arg 'x-max-length'");
    for (const name of ['transient', 'exclusive', 'deleted']) {
      expect(await refused((own) => own.checkQueue(name))).toContain(`no queue '${name}'`);
    }
  });

  it('persistent messages are there in order with all that they had, transient and acknowledged ones are not', async () => {
    const headers = { text: 'ü', list: [1, { two: 2 }], flag: false };
    const properties = { headers, contentType: 'a/b', priority: 3, correlationId: 'c', replyTo: 'r', timestamp: 5 };
    await channel.assertQueue('q', { durable: true });
    for (const text of ['1', '2', '3']) await send('q', text, properties);
    await send('q', 'transient', { persistent: false });
    await send('q', '4');
    channel.ack(await take('q'));
    await startAgain();
    const second = await take('q');
    expect(second).toMatchObject({ content: Buffer.from('2'), properties, fields: { redelivered: false } });
    expect(await bodies('q')).toEqual(['3', '4']);
  });

  it('messages that were delivered and not acknowledged come again, in their places, as redelivered ones', async () => {
    for (const [queue, args] of [
      ['classic', {}],
      ['quorum', { 'x-queue-type': 'quorum' }],
    ] as const) {
      await channel.assertQueue(queue, { durable: true, arguments: args });
      for (const text of ['1', '2', '3']) await send(queue, text);
      await take(queue);
      channel.ack(await take(queue));
    }
    await startAgain();
    for (const queue of ['classic', 'quorum']) {
      const [first, third] = [await take(queue), await take(queue)];
      expect([first, third].map(({ content, fields }) => [content.toString(), fields.redelivered])).toEqual([
        ['1', true],
        ['3', false],
      ]);
      if (queue === 'quorum') expect(first.properties.headers).toMatchObject({ 'x-delivery-count': 1 });
    }
  });

  it('priorities hold, times to live go on, and what is over by then becomes a dead letter', async () => {
    await channel.assertQueue('dead', { durable: true });
    await channel.assertQueue('high first', { durable: true, maxPriority: 2 });
    const dying = { durable: true, deadLetterExchange: '', deadLetterRoutingKey: 'dead' };
    await channel.assertQueue('dying', dying);
    await send('high first', 'low', { priority: 0 });
    await send('high first', 'high', { priority: 2 });
    await send('dying', 'soon over', { expiration: '1' });
    await send('dying', 'lasts', { expiration: '3600000' });
    await startAgain();
    expect(await bodies('high first')).toEqual(['high', 'low']);
    const dead = await take('dead');
    expect(dead.properties.headers).toMatchObject({ 'x-death': [{ reason: 'expired', queue: 'dying' }] });
    expect(await take('dying')).toMatchObject({ content: Buffer.from('lasts'), properties: { expiration: '3600000' } });
  });

  it('a quorum queue counts on: each end with an unsettled delivery is one more', async () => {
    await channel.assertQueue('q', { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 9 } });
    await send('q', 'x');
    const counts: unknown[] = [];
    for (let end = 0; end < 3; end++) {
      const { properties } = await take('q');
      counts.push(properties.headers?.['x-delivery-count']);
      await startAgain();
    }
    expect(counts).toEqual([0, 1, 2]);
  });

  it('a purge stays a purge', async () => {
    await channel.assertQueue('purged', { durable: true });
    for (const text of ['1', '2', '3']) await send('purged', text);
    await channel.purgeQueue('purged');
    await send('purged', '4');
    await startAgain();
    expect(await bodies('purged')).toEqual(['4']);
  });
});
