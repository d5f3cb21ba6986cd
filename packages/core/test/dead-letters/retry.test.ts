import { expect, it } from 'vitest';
import type { DeadQueues } from '../../src/broker/dead-queues.js';
import type { HoldOptions } from '../../src/broker/held-queue.js';
import { selectionOf } from '../../src/dead-letters/filter.js';
import { Retry } from '../../src/dead-letters/retry.js';
import { Registry } from '../../src/task/registry.js';
import { ManualClock } from '../../src/testing/manual-clock.js';

/** A queue of letters that takes no time but what is said, and notes how long it is held. */
class Queue {
  readonly clock = new ManualClock();
  /** How long it was held each time, ms. */
  readonly holds: number[] = [];
  readonly moved: string[] = [];
  #letters: string[];
  readonly #tookMs: number;
  readonly #moveMs: number;

  constructor(letters: number, { tookMs = 0, moveMs = 0 } = {}) {
    this.#letters = Array.from({ length: letters }, (_, n) => `id-${n}`);
    this.#tookMs = tookMs;
    this.#moveMs = moveMs;
  }

  async hold(_: string, { onMessage }: Pick<HoldOptions, 'onMessage'>) {
    const begun = this.clock.monotonic();
    const ids = [...this.#letters];
    for (const [tag, id] of ids.entries()) {
      const properties = { headers: { task: 'work', id } };
      onMessage(
        { properties, body: Buffer.from('[]'), exchange: 'tq.dead', routingKey: 'tq', redelivered: false },
        tag,
      );
    }
    const move = async (tag: number) => {
      this.clock.advance(this.#moveMs);
      this.moved.push(ids[tag] as string);
      this.#letters = this.#letters.filter((id) => id !== ids[tag]);
      return 'moved';
    };
    const release = async () => void this.holds.push(this.clock.monotonic() - begun);
    return { held: { queue: 'tq.dead', count: ids.length, move }, tookMs: this.#tookMs, release };
  }

  /** Puts all back, and turns the clock whenever that waits. */
  async retry(rate?: number): Promise<void> {
    const host = { prefix: '', clock: this.clock, preset: 'tq' as const, registry: new Registry() };
    const topologyOf = () => ({ exchanges: [], queues: [], bindings: [] });
    const retry = new Retry({ ...host, topologyOf }, this as unknown as DeadQueues, selectionOf({}, 0), { rate });
    let over = false;
    const running = retry.run('tq.dead').finally(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.clock.timers > 0) this.clock.advance(100);
    }
    await running;
  }

  /** Every queue is there. */
  async use() {
    return true;
  }
}

const ids = (count: number) => Array.from({ length: count }, (_, n) => `id-${n}`);

it('lets others have the queue every few seconds, and moves all in order all the same', async () => {
  const queue = new Queue(30, { moveMs: 500 });
  await queue.retry();
  expect(queue.moved).toEqual(ids(30));
  expect(queue.holds.length).toBeGreaterThan(2);
  expect(Math.max(...queue.holds)).toBeLessThanOrEqual(6_000);
});

it('keeps a queue for longer that takes long to take, and never for more than a minute', async () => {
  const queue = new Queue(30, { tookMs: 5_000, moveMs: 1_000 });
  await queue.retry();
  expect(queue.holds).toEqual([21_000, 9_000]);
  const huge = new Queue(70, { tookMs: 60_000, moveMs: 1_000 });
  await huge.retry();
  expect(huge.holds).toEqual([61_000, 9_000]);
});

it('does not hold it while a slow rate lets the next one wait', async () => {
  const queue = new Queue(4);
  await queue.retry(1 / 60);
  expect(queue.moved).toEqual(ids(4));
  expect(queue.holds).toEqual([0, 0, 0, 0]);
});
