import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createApp, type QueueType } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, queueState, takeAll } from '../support/broker.js';
import { killAtLine } from './fixtures/kill-at-line.js';
import { scaledLimit, soaked } from './fixtures/scale.js';

/** Of a soak at scale 10 1,500 messages and some 300 kills for each pair of queues. */
const LETTERS = soaked(40, 150);
const PROGRAM = fileURLToPath(new URL('./fixtures/replay.js', import.meta.url));
const TYPES = ['quorum', 'classic'] as const satisfies readonly QueueType[];
/** Moves after which a process is killed at the latest. */
const MOST_MOVES = 8;

interface Scene extends AsyncDisposable {
  readonly peer: Peer;
  readonly queue: string;
  readonly dead: string;
  /** Runs the program until it ends, or is killed after some of its lines and a part of a millisecond more. */
  run(operation: 'retry' | 'list', killAfter: number): Promise<'done' | 'killed'>;
}

/** A queue of dead letters of numbers, and an app that goes on to be killed. */
async function openScene(type: QueueType): Promise<Scene> {
  const prefix = freshPrefix();
  const queue = `${prefix}tq`;
  const app = createApp({ url: brokerUrl(), prefix, queueType: type });
  const peer = await openPeer();
  await declare((await internalsOf(app).broker().consuming.whenOpen()).model, internalsOf(app).topologyOf(queue));
  const channel = await peer.connection.createConfirmChannel();
  for (let n = 0; n < LETTERS; n++) {
    const headers = { task: 'work', id: `id-${n}`, 'tq-dead-reason': 'failed' };
    channel.publish(`${prefix}tq.dead`, queue, Buffer.from(String(n)), { persistent: true, headers });
  }
  await channel.waitForConfirms();
  const env = { ...process.env, TQ_URL: brokerUrl(), TQ_PREFIX: prefix, TQ_QUEUE_TYPE: type };
  return {
    peer,
    queue,
    dead: `${queue}.dead`,
    run: async (operation, killAfter) => {
      const child = spawn(process.execPath, [PROGRAM, 'tq', operation], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      await killAtLine(child, killAfter);
      const [code] = await ended;
      return code === 0 ? 'done' : 'killed';
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await peer.close();
    },
  };
}

/** Resolves when the broker has noticed the end of a process that held messages. */
async function settled({ peer, queue, dead }: Scene): Promise<void> {
  const count = async (name: string) => (await queueState(peer, name))?.messages ?? 0;
  while ((await count(queue)) + (await count(dead)) !== LETTERS);
}

test.each(TYPES)(
  `${LETTERS} dead letters that are put back by processes that are killed all arrive, and none twice (%s)`,
  async (type) => {
    await using scene = await openScene(type);
    let kills = 0;
    while ((await scene.run('retry', Math.floor(Math.random() * MOST_MOVES))) === 'killed') {
      kills++;
      await settled(scene);
    }
    const bodies = (await takeAll(scene.peer, scene.queue)).map(({ content }) => Number(content));
    expect(bodies).toEqual(Array.from({ length: LETTERS }, (_, n) => n));
    expect(await takeAll(scene.peer, scene.dead)).toEqual([]);
    console.log(`dead letters (${type}): ${LETTERS} moved by processes of which ${kills} were killed`);
  },
  scaledLimit(120_000),
);

test.each(TYPES)(
  'a process that is killed while it looks at dead letters changes neither their number nor their order (%s)',
  async (type) => {
    await using scene = await openScene(type);
    for (let look = 0; look < soaked(2, 4); look++) {
      await scene.run('list', look * 7);
      await settled(scene);
    }
    const bodies = (await takeAll(scene.peer, scene.dead)).map(({ content }) => Number(content));
    expect(bodies).toEqual(Array.from({ length: LETTERS }, (_, n) => n));
  },
  scaledLimit(120_000),
);
