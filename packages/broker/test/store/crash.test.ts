import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { bodies, createFolder, Program, queue, withStore } from './scene.js';

describe('a process that is killed', () => {
  it('loses nothing that was flushed, revives nothing that was deleted, and halves no turn', async () => {
    for (const lines of [1, 40, 333, 1_000, 2_500]) {
      await using folder = await createFolder();
      await using program = new Program(folder, 'work');
      for (let line = 0; line < lines; line += 1) await program.line();
      await program.kill();
      const lastFlushed = Number(program.last);
      await withStore(folder.options(), (_store, state) => {
        const held = bodies(state, 'q1');
        const last = held.at(-1)![0];
        expect(last).toBeGreaterThanOrEqual(lastFlushed);
        const first = Math.max(0, last - 49);
        const expected = Array.from({ length: last - first + 1 }, (_, i) => [first + i, `body ${first + i}`]);
        expect(held).toEqual(expected);
        expect(bodies(state, 'q2')).toEqual(expected);
      });
      expect(folder.warnings).toEqual([]);
    }
  });

  it('in the middle of a purge leaves none of the purged messages, and all that came after', async () => {
    await using folder = await createFolder();
    await using program = new Program(folder, 'purge');
    await program.ended();
    for (let round = 0; round < 2; round += 1) {
      await withStore(folder.options(), (_store, state) => {
        expect(bodies(state, 'q1')).toEqual([
          [7, 'new 7'],
          [2_000, 'new 2000'],
        ]);
      });
    }
  });

  it('in the middle of deleting a queue leaves no trace of it', async () => {
    await using folder = await createFolder();
    await using program = new Program(folder, 'delete');
    await program.ended();
    const { store, state } = await openStore(folder.options());
    expect(state.vhosts.size).toBe(0);
    expect(state.nextQueueId).toBe(2);
    store.saveQueue('/', state.nextQueueId, queue('q1'));
    await store.close();
    await withStore(folder.options(), (_store, reopened) => expect(bodies(reopened, 'q1')).toEqual([]));
  });
});
