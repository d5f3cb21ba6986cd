import type { Pool, PoolOptions } from '@tq/worker/internal';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createFixture, fixture, type PoolFixture, startAll } from './pool-fixture.js';

/** What a test of one kind of pool starts from: pools that end with the test. */
export interface PoolScene {
  readonly kind: Pool['kind'];
  create(options?: Partial<PoolOptions>): PoolFixture;
  /** With all slots ready. */
  start(options?: Partial<PoolOptions>): Promise<PoolFixture>;
}

/**
 * One pool with so many slots, all ready, for tests that leave it as they found it: starting one for each costs more than
 * most of them do. To be called where tests are described.
 */
export function sharePool(kind: Pool['kind'], slots: number): () => PoolFixture {
  let shared: PoolFixture | undefined;
  beforeAll(async () => {
    shared = createFixture({ kind, slots, modules: [fixture('tasks.js')] });
    await startAll(shared.pool);
  });
  afterAll(() => shared?.pool.stop(0));
  return () => {
    if (shared === undefined) throw new Error('expected a test that runs after its beforeAll, found none started');
    return shared;
  };
}

/** Opens a scene of pools that have so many slots unless told; to be called where tests are described. */
export function openPools(kind: Pool['kind'], slots = 1): PoolScene {
  const open: Pool[] = [];
  afterEach(async () => {
    delete process.env.TQ_FIXTURE_BROKEN;
    delete process.env.TQ_FIXTURE_DIES;
    delete process.env.TQ_FIXTURE_HOOK;
    await Promise.all(open.splice(0).map((pool) => pool.stop(0)));
  });
  const create = (options: Partial<PoolOptions> = {}): PoolFixture => {
    const created = createFixture({ kind, slots, modules: [fixture('tasks.js')], ...options });
    open.push(created.pool);
    return created;
  };
  const start = async (options?: Partial<PoolOptions>): Promise<PoolFixture> => {
    const created = create(options);
    await startAll(created.pool);
    return created;
  };
  return { kind, create, start };
}
