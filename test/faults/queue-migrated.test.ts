import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createApp, type QueueType } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, queueState, takeAll } from '../support/broker.js';
import { killAtLine } from './fixtures/kill-at-line.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers, openScene } from './fixtures/scene.js';

const MESSAGES = soaked(120, 200);
const PROGRAM = fileURLToPath(new URL('./fixtures/migrate.js', import.meta.url));
/** Lines after which a process is killed at the latest. */
const MOST_LINES = 8;
const WAYS = [
  ['classic', 'quorum'],
  ['quorum', 'classic'],
] as const satisfies readonly (readonly [QueueType, QueueType])[];

async function migrateAndKill(env: NodeJS.ProcessEnv, killAfter: number): Promise<'done' | 'killed'> {
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await killAtLine(child, killAfter);
  const [code] = await ended;
  return code === 0 ? 'done' : 'killed';
}

async function declareAs(queueType: QueueType, prefix: string): Promise<void> {
  await using app = createApp({ url: brokerUrl(), prefix, queueType });
  const { consuming } = internalsOf(app).broker();
  const release = consuming.hold();
  const { model } = await consuming.whenOpen();
  await declare(model, internalsOf(app).topologyOf(`${prefix}tq`)).finally(release);
}

test.each(WAYS)(
  `${MESSAGES} messages of a queue that processes migrate which are killed are all there, and none twice (%s to %s)`,
  async (from, to) => {
    const prefix = freshPrefix();
    const queue = `${prefix}tq`;
    await declareAs(from, prefix);
    await using peer = await openPeer();
    const channel = await peer.connection.createConfirmChannel();
    for (let n = 0; n < MESSAGES; n++) channel.publish('', queue, Buffer.from(String(n)), { persistent: true });
    await channel.waitForConfirms();
    const env = { ...process.env, TQ_URL: brokerUrl(), TQ_PREFIX: prefix, TQ_QUEUE_TYPE: to };
    // Resolves when the broker has noticed the end of a process that held messages.
    const settled = async () => {
      const count = async (name: string) => (await queueState(peer, name))?.messages ?? 0;
      while ((await count(queue)) + (await count(`${queue}.migrating`)) !== MESSAGES);
    };
    let kills = 0;
    while ((await migrateAndKill(env, Math.floor(Math.random() * MOST_LINES))) === 'killed') {
      kills++;
      await settled();
    }
    const bodies = (await takeAll(peer, queue)).map(({ content }) => Number(content));
    expect(bodies.sort((a, b) => a - b)).toEqual(Array.from({ length: MESSAGES }, (_, n) => n));
    await declareAs(to, prefix);
    expect(await queueState(peer, `${queue}.migrating`)).toBeUndefined();
    console.log(`a queue migrated from ${from} to ${to}: ${MESSAGES} messages, ${kills} kills`);
  },
  scaledLimit(120_000),
);

test('a worker goes on with a queue that is migrated under it, and what it runs meanwhile answers once', async () => {
  await using scene = await openScene({ queueType: 'classic' });
  const name = scene.queue.slice(scene.prefix.length);
  await using after = createApp({ url: brokerUrl(), prefix: scene.prefix, queue: name, queueType: 'quorum' });
  const worker = await scene.worker();
  const held = scene.tasks.hold.delay(7);
  await scene.journal.entry({ event: 'started', id: held.id });
  const detached = worker.health(({ queues }) => queues[0]?.attached === false);
  const report = await after.topology.migrate(name, { settle: 0, quiet: 0, evenInUse: true });
  expect(report).toMatchObject({ outcome: 'migrated', lost: 0 });
  await detached;
  await worker.health(({ healthy }) => healthy);
  const results = numbers(20).map((n) => scene.tasks.echo.delay(n));
  expect(await Promise.all(results.map((result) => result.get())), worker.log()).toEqual(numbers(20));
  scene.journal.release(held.id);
  expect(await held.get(), worker.log()).toBe(7);
  expect(scene.journal.starts({ id: held.id })).toHaveLength(1);
  expect(worker.log()).toContain('consuming it as it is');
});
