import { expect, test } from 'vitest';
import { callOf } from '../support/chords.js';
import { openChordScene } from './fixtures/chord-scene.js';
import { soaked } from './fixtures/scale.js';
import { numbers } from './fixtures/scene.js';
import type { WorkerProcess } from './fixtures/worker-process.js';

/** Of a soak at scale 1 what the design was tried with. */
const CHORDS = soaked(30, 600);
const KILLS = soaked(4, 40);
const SIZE = 6;
const WORKERS = 3;

test(
  `${CHORDS} chords of ${SIZE} are all joined by ${WORKERS} workers of which ${KILLS} are killed, and none leaves a queue`,
  async () => {
    await using chords = await openChordScene();
    const { journal, queue } = chords.scene;
    const fleet: WorkerProcess[] = await Promise.all(numbers(WORKERS).map(() => chords.worker({ concurrency: 4 })));
    const bodies = numbers(CHORDS).map(() => callOf('listed'));
    const header = (n: number) => numbers(SIZE).map((m) => callOf('member', [n * SIZE + m, 5]));
    const sent: string[] = [];
    const sending = (async () => {
      for (const [n, body] of bodies.entries()) sent.push((await chords.chord(header(n), body)).queue);
    })();
    const starts = (CHORDS * (SIZE + 1)) / (KILLS + 1);
    for (let kill = 0; kill < KILLS; kill++) {
      await journal.until(() => journal.starts().length >= starts * (kill + 1));
      const at = Math.floor(Math.random() * WORKERS);
      await fleet[at]?.kill();
      fleet[at] = chords.spawn({ concurrency: 4 });
    }
    await sending;
    const replies = await Promise.all(bodies.map(({ id }) => chords.caller.reply(id)));
    for (const [n, { status, result }] of replies.entries()) {
      expect(status).toBe('SUCCESS');
      expect(result).toEqual(numbers(SIZE).map((m) => n * SIZE + m));
    }
    await chords.gone(sent);
    expect(await chords.leftovers([queue, `${queue}.dead`])).toBe(0);
    const runs = journal.starts({ task: 'listed' }).map(({ id }) => id);
    expect(new Set(runs)).toEqual(new Set(bodies.map(({ id }) => id)));
    console.log(`${CHORDS} chords, ${KILLS} kills: ${runs.length - CHORDS} bodies ran again`);
  },
  soaked(120_000, 900_000),
);
