/** Chains whose workers are killed between their steps: the step that was not acked runs again, and what follows it comes again by its id. */
import { randomUUID } from 'node:crypto';
import type { QueueType } from '@tq/core';
import { expect, test } from 'vitest';
import { openPeer, type Peer, receive } from '../support/broker.js';
import { scaledLimit, soaked } from './fixtures/scale.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';

const TYPES = ['quorum', 'classic'] as const satisfies readonly QueueType[];
const CHAINS = soaked(20, 200);
const STEPS = 4;
const KILLS = soaked(2, 8);

interface Step {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly options: { readonly task_id: string; readonly queue?: string; readonly reply_to?: string };
}

const step = (task: string, args: readonly unknown[], options: object = {}): Step => ({
  task,
  args,
  options: { task_id: randomUUID(), ...options },
});

/** Sends a chain as a program of Celery's does; every step that says nothing else answers to this queue. */
function send(peer: Peer, queue: string, replyTo: string, [first, ...rest]: readonly [Step, ...Step[]]): void {
  const id = first.options.task_id;
  const body = JSON.stringify([
    first.args,
    {},
    { callbacks: null, errbacks: null, chain: rest.toReversed(), chord: null },
  ]);
  const properties = { contentType: 'application/json', correlationId: id, replyTo, persistent: true };
  peer.channel.sendToQueue(queue, Buffer.from(body), { ...properties, headers: { id, task: first.task } });
}

const told = async (peer: Peer, queue: string, count: number) =>
  (await receive(peer, queue, count)).map(({ content }) => {
    const { task_id: id, status, result } = JSON.parse(String(content));
    return { id, status, result };
  });

/** Reply queues of a foreign caller. */
async function openCaller({ prefix }: Scene) {
  const peer = await openPeer();
  const replies = `${prefix}replies`;
  await peer.channel.assertQueue(replies, { exclusive: true });
  return { peer, replies, [Symbol.asyncDispose]: () => peer.close() };
}

test.each(TYPES)(
  'a chain whose worker is killed before the next step is published goes on from that step (%s)',
  async (queueType) => {
    await using scene = await openScene({ queueType });
    await using caller = await openCaller(scene);
    const victim = await scene.worker({ concurrency: 1 });
    const [first, second] = [step('hold', [7]), step('echo', [])];
    send(caller.peer, scene.queue, caller.replies, [first, second]);
    await scene.journal.entry({ event: 'started', id: first.options.task_id });
    await victim.kill();
    await scene.worker({ concurrency: 1 });
    scene.journal.release(first.options.task_id);
    expect(await told(caller.peer, caller.replies, 2)).toEqual(
      [first, second].map(({ options }) => ({ id: options.task_id, status: 'SUCCESS', result: 7 })),
    );
    expect(scene.journal.starts({ id: second.options.task_id })).toHaveLength(1);
  },
);

test.each(TYPES)(
  'a chain whose worker is killed between the confirm of the next step and the ack runs that step again, by its id (%s)',
  async (queueType) => {
    await using scene = await openScene({ queueType });
    await using caller = await openCaller(scene);
    const { channel } = caller.peer;
    // What takes no reply holds the ack up: the worker tries for 10 s.
    const full = `${scene.prefix}full`;
    await channel.assertQueue(full, { exclusive: true, maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } });
    channel.sendToQueue(full, Buffer.from('{}'));
    const victim = await scene.worker({ concurrency: 1 });
    await scene.worker({ concurrency: 1, queues: ['second'] });
    const first = step('echo', [7]);
    const second = step('echo', [], { queue: `${scene.prefix}second`, reply_to: caller.replies });
    send(caller.peer, scene.queue, full, [first, second]);
    const end = { id: second.options.task_id, status: 'SUCCESS', result: 7 };
    expect(await told(caller.peer, caller.replies, 1)).toEqual([end]);
    await victim.kill();
    await channel.purgeQueue(full);
    await scene.worker({ concurrency: 1 });
    expect(await told(caller.peer, caller.replies, 1)).toEqual([end]);
    expect(await told(caller.peer, full, 1)).toEqual([{ ...end, id: first.options.task_id }]);
    const starts = [first, second].map(({ options }) => scene.journal.starts({ id: options.task_id }).length);
    expect(starts).toEqual([2, 2]);
  },
);

test(
  `${CHAINS} chains of ${STEPS} steps come to their ends while ${KILLS} workers are killed`,
  async () => {
    await using scene = await openScene();
    await using caller = await openCaller(scene);
    const chains = numbers(CHAINS).map((n): readonly [Step, ...Step[]] => [
      step('echo', [n, 20]),
      ...numbers(STEPS - 1).map(() => step('echo', [20])),
    ]);
    const [, ...victims] = await Promise.all(numbers(KILLS + 1).map(() => scene.worker({ concurrency: 2 })));
    for (const chain of chains) send(caller.peer, scene.queue, caller.replies, chain);
    for (const victim of victims) {
      const before = scene.journal.starts().length;
      await scene.journal.until(() => scene.journal.starts().length > before + CHAINS / 4);
      await victim.kill();
    }
    const missing = new Map(chains.map((chain, n) => [chain.at(-1)?.options.task_id, n]));
    while (missing.size > 0) {
      const [reply] = await told(caller.peer, caller.replies, 1);
      const n = missing.get(reply?.id);
      if (n !== undefined) expect(reply).toMatchObject({ status: 'SUCCESS', result: n });
      missing.delete(reply?.id);
    }
    // Whatever ran again did so by the ids that were fixed when the chain was sent.
    const ids = new Set(chains.flatMap((chain) => chain.map(({ options }) => options.task_id)));
    expect(new Set(scene.journal.starts().map(({ id }) => id))).toEqual(ids);
  },
  scaledLimit(120_000),
);
