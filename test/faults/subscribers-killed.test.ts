/** Workers of groups that die, and a broker that does: each group gets each event. */
import { expect, test } from 'vitest';
import { startBrokerNode } from '../support/broker-node.js';
import type { JournalEntry } from './fixtures/journal.js';
import { scaled, scaledLimit } from './fixtures/scale.js';
import { openScene, type Scene } from './fixtures/scene.js';

const EVENTS = scaled(300);
const SUBSCRIBERS = {
  tasks: [new URL('fixtures/subscribing-tasks.js', import.meta.url).href],
  queues: [],
  concurrency: 2,
};
const EVERYBODY = 'on:orders.*';
const GROUPS = ['on:orders.*@billing', 'on:orders.*@mail'] as const;

const idsOf = (entries: readonly JournalEntry[], task: string) =>
  new Set(entries.filter((entry) => entry.task === task).map(({ id }) => id));

/** Publishes an event of a handler that takes so long, ms; resolves with its id when the broker has it. */
async function publish(scene: Scene, ms: number): Promise<string> {
  const paid = scene.app.event(`orders.paid${published++}`).publish(ms);
  await paid;
  return paid.id;
}
let published = 0;

test(
  `each of two groups gets each of ${EVENTS} events while their workers are killed one after the other`,
  async () => {
    await using scene = await openScene();
    const workers = await Promise.all([1, 2, 3].map(() => scene.worker(SUBSCRIBERS)));
    const ids: string[] = [];
    const seen = (task: string) => idsOf(scene.journal.entries, task);
    const publishing = (async () => {
      while (ids.length < EVENTS) ids.push(await publish(scene, 5));
    })();
    for (const [at, victim] of workers.slice(0, 2).entries()) {
      await scene.journal.until(() => seen(GROUPS[0]).size >= ((at + 1) * EVENTS) / 4);
      await victim.kill();
      await scene.worker(SUBSCRIBERS);
    }
    await publishing;
    await scene.journal.until(() => GROUPS.every((group) => seen(group).size === EVENTS));
    for (const group of GROUPS) expect(seen(group)).toEqual(new Set(ids));
    // Once each but for what the killed held: a delivery in advance for each of their two slots, and one that ran.
    const runs = scene.journal.entries.filter(({ task }) => task === GROUPS[0]);
    expect(runs.length).toBeLessThanOrEqual(EVENTS + 8);
    // The one that lived has had all of what came to everybody.
    const survivor = workers[2]?.pid;
    await scene.journal.until(
      (entries) =>
        idsOf(
          entries.filter(({ pid }) => pid === survivor),
          EVERYBODY,
        ).size === EVENTS,
    );
  },
  scaledLimit(120_000),
);

test(
  'a broker that is restarted keeps what groups are to get while none of their workers is there',
  async () => {
    const node = await startBrokerNode();
    try {
      await using scene = await openScene({ url: node.url });
      const first = await scene.worker(SUBSCRIBERS);
      const before = await publish(scene, 0);
      await scene.journal.until((entries) => GROUPS.every((group) => idsOf(entries, group).has(before)));
      await first.kill();
      const kept = await publish(scene, 0);
      await node.restart();
      await scene.worker(SUBSCRIBERS);
      await scene.journal.until((entries) => GROUPS.every((group) => idsOf(entries, group).has(kept)));
      expect(idsOf(scene.journal.entries, EVERYBODY).has(kept)).toBe(false);
      const after = await publish(scene, 0);
      await scene.journal.until((entries) => [EVERYBODY, ...GROUPS].every((task) => idsOf(entries, task).has(after)));
    } finally {
      await node.stop();
    }
  },
  scaledLimit(120_000),
);
