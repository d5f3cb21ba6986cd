/** Embedded brokers of a test's own, on disk. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/ports.js';
import { openPeer } from './broker.js';
import type { BrokerNode, BrokerNodeOptions } from './broker-node.js';
import { type EmbeddedProcess, startEmbedded } from './embedded.js';
import { type Ballast, fillMemory } from './fill-memory.js';

/** Bytes of bodies that the broker holds before it blocks publishers: far more than the tests' own, and soon filled. */
const MEMORY_LIMIT = 64 * 1024 * 1024;

/** Starts one; see `startBrokerNode`. */
export async function startEmbeddedNode({ heartbeat }: BrokerNodeOptions): Promise<BrokerNode> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tq-broker-'));
  const limits = { memory: MEMORY_LIMIT, ...(heartbeat === undefined ? {} : { heartbeat }) };
  const options = { host: '127.0.0.1', port: await freePort(), dataDir, limits };
  let running: EmbeddedProcess | undefined;
  let ballast: Ballast | undefined;
  const start = async () => {
    running = await startEmbedded(options);
    return running.url;
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    await running?.end(signal);
    running = undefined;
  };
  const stop = async () => {
    await end('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  };
  const url = await start();
  const halt = () => end('SIGTERM');
  const startAgain = async () => void (await start());
  return {
    url,
    halt,
    kill: () => end('SIGKILL'),
    startAgain,
    restart: async () => {
      await halt();
      await startAgain();
    },
    declarationsKept: () => writeMessage(url),
    setMemoryAlarm: async (on) => {
      if (on) ballast ??= await fillMemory(url);
      else await ballast?.drop();
      if (!on) ballast = undefined;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The broker writes in order and confirms a message when it is on disk: so is what was declared before. */
async function writeMessage(url: string): Promise<void> {
  await using peer = await openPeer(url);
  const { queue } = await peer.channel.assertQueue('', { durable: true });
  const confirming = await peer.connection.createConfirmChannel();
  confirming.sendToQueue(queue, Buffer.from('x'), { persistent: true });
  await confirming.waitForConfirms();
  await peer.channel.deleteQueue(queue);
}
