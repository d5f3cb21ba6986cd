import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startEmbedded } from '../../../test/support/embedded.js';

const TQ = fileURLToPath(new URL('../../cli/bin/tq.js', import.meta.url));
/** Blocks of 512 bytes that a file of the broker may have: to write on fails as on a full disk. */
const FILE_LIMIT = 16_384;

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tq-full-'));
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

it('a broker whose disk is full ends its connections and says why, and what it confirmed is kept', async () => {
  const broker = startLimited();
  const errors: string[] = [];
  broker.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const [facts] = (await once(broker.stdout!.setEncoding('utf8'), 'data')) as [string];
  const connection = await connect(JSON.parse(facts).url);
  const closed = new Promise<string>((resolve) => connection.on('close', (error?: Error) => resolve(`${error}`)));
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  await channel.assertQueue('q', { durable: true });
  let confirmed = 0;
  for (let count = 0; count < 100; count++) {
    channel.sendToQueue('q', Buffer.alloc(200_000), { persistent: true }, (error: unknown) => {
      if (!error) confirmed += 1;
    });
  }
  const reason = await closed;
  const [code] = await once(broker, 'close');
  expect(reason).toContain('CONNECTION-FORCED');
  expect(code).toBe(1);
  expect(errors.join('')).toContain('expected to write to the data directory');
  expect(confirmed).toBeLessThan(100);

  const again = await startEmbedded({ port: 0, dataDir });
  const reader = await connect(again.url);
  const { messageCount } = await (await reader.createChannel()).checkQueue('q');
  expect(messageCount).toBeGreaterThanOrEqual(confirmed);
  await reader.close();
  await again.end('SIGTERM');
});

function startLimited(): ChildProcess {
  const args = [TQ, 'broker', '--port', '0', '--data', dataDir, '--json'];
  return spawn('/bin/sh', ['-c', `ulimit -f ${FILE_LIMIT}; exec "$0" "$@"`, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
