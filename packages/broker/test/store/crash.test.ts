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
        const last = held.at(-1)![0] / 2;
        expect(last).toBeGreaterThanOrEqual(lastFlushed);
        const first = Math.max(0, last - 49);
        const turns = Array.from({ length: last - first + 1 }, (_, i) => first + i);
        expect(held).toEqual(turns.map((turn) => [2 * turn, `body ${turn}`]));
        expect(bodies(state, 'q2')).toEqual(turns.map((turn) => [2 * turn + 1, `body ${turn}`]));
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
          [3_000, 'new 3000'],
          [3_001, 'new 3001'],
        ]);
        expect(bodies(state, 'q2')).toHaveLength(1_000);
      });
    }
  });

  it('in the middle of deleting a queue leaves no trace of it', async () => {
    await using folder = await createFolder();
    await using program = new Program(folder, 'delete');
    await program.ended();
    const { store, state } = await openStore(folder.options());
    expect(state.vhosts.get('/')!.queues.map(({ id }) => id)).toEqual([2]);
    expect([state.nextQueueId, state.nextPosition]).toEqual([3, 3_000]);
    expect([...state.messages]).toHaveLength(1_000);
    store.saveQueue('/', state.nextQueueId, queue('q1'));
    await store.close();
    await withStore(folder.options(), (_store, reopened) => {
      expect([bodies(reopened, 'q1').length, bodies(reopened, 'q2').length]).toEqual([0, 1_000]);
    });
  });
});
