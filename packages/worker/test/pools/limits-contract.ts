import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TqError } from '@tq/core/internal';
import type { PoolOptions } from '@tq/worker/internal';
import { expect, it } from 'vitest';
import { fixture, type PoolFixture, startAll } from './pool-fixture.js';
import type { PoolScene, sharePool } from './pool-scene.js';

/** What every pool promises of the limits of a run. */
export function describeLimits(shared: ReturnType<typeof sharePool>, start: PoolScene['start']): void {
  const soft = (softTimeLimit: number, timeLimit?: number) => ({ limits: { softTimeLimit, timeLimit } });

  it('aborts the signal of a job at its soft limit with a SoftTimeLimitError, which a handler that throws it fails with', async () => {
    const { run, value } = shared();
    expect(await run('until-aborted', [], soft(10))).toEqual({ kind: 'success', resultText: '"soft-time-limit"' });
    expect(await run('throws-abort', [], soft(10))).toMatchObject({
      kind: 'failure',
      failure: { error: { exc_type: 'SoftTimeLimitError', code: 'soft-time-limit' } },
    });
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('leaves the signals of other jobs alone, and of those that end before their limit', async () => {
    const { pool, run, log } = await start();
    const other = run('until-aborted');
    await log.started();
    expect(await run('later', [1], soft(60_000))).toEqual({ kind: 'success', resultText: '1' });
    expect(await run('until-aborted', [], soft(10))).toMatchObject({ resultText: '"soft-time-limit"' });
    await pool.stop(60_000);
    expect(await other).toMatchObject({ resultText: '"worker-stopped"' });
  });

  it('ends a job with an error, which it fails with, and no other, of the same id neither', async () => {
    const { pool, run, log } = await start();
    const [other, ended] = [run('until-aborted', [], { id: 'a' }), run('throws-abort', [], { id: 'a', attempt: 2 })];
    await log.started(2);
    for (const job of [
      { id: 'c', attempt: 2, queue: 'q' },
      { id: 'a', attempt: 2, queue: 'elsewhere' },
      { id: 'a', attempt: 2, queue: 'q' },
    ]) {
      pool.giveUp(job, new TqError('consumer-timeout', 'too long'));
    }
    expect(await ended).toMatchObject({ kind: 'failure', failure: { error: { code: 'consumer-timeout' } } });
    await pool.stop(60_000);
    expect(await other).toMatchObject({ resultText: '"worker-stopped"' });
  });

  it("knows what its tasks' definitions say", async () => {
    const { pool } = shared();
    expect(pool.factsOf('limited')).toEqual({ limits: { timeLimit: 5_000, softTimeLimit: 4_000 } });
    expect(pool.factsOf('dropped')).toEqual({ deadLetter: false, onFailure: { task: 'clean', queue: 'q' } });
    expect(pool.factsOf('add')).toBeUndefined();
    expect(pool.factsOf('toString')).toBeUndefined();
  });
}

/** What every pool promises of the hooks of its slots. */
export function describeHooks(create: PoolScene['create']): void {
  const hooked = (plan: string | undefined, options: Partial<PoolOptions> = {}) => {
    // The async pool imports a module once a process, so the file is the same for all.
    process.env.TQ_FIXTURE_HOOK_FILE ??= join(mkdtempSync(join(tmpdir(), 'tq-hooks-')), 'said');
    writeFileSync(process.env.TQ_FIXTURE_HOOK_FILE, '');
    if (plan !== undefined) process.env.TQ_FIXTURE_HOOK = plan;
    return create({ slots: 1, modules: [fixture('tasks.js'), fixture('hooks.js')], ...options });
  };
  const said = () =>
    readFileSync(process.env.TQ_FIXTURE_HOOK_FILE ?? '', 'utf8')
      .split('\n')
      .slice(0, -1);
  const logged = ({ log }: PoolFixture) => log.lines.map(({ message }) => message);

  it('opens its slot before the first job and closes it when it stops, the last hook first', async () => {
    const created = hooked(undefined);
    await startAll(created.pool);
    expect(await created.value('connection')).toBe('open');
    await created.pool.stop(60_000);
    expect(said()).toEqual(['closing second', 'closing first']);
  });

  it('does not start when a hook fails, and says so with its error', async () => {
    await expect(hooked('start-fails').pool.start()).rejects.toMatchObject({
      code: 'task-load-failed',
      message: expect.stringMatching(/onSlotStart failed: Error: no database/),
      cause: { message: 'no database' },
    });
  });

  it('logs a hook that fails at the end, and runs the others', async () => {
    const created = hooked('stop-fails');
    await startAll(created.pool);
    await created.pool.stop(60_000);
    expect(said()).toEqual(['closing second', 'closing first']);
    expect(logged(created)).toEqual(['A hook of onSlotStop failed; the slot ends all the same.']);
  });

  it('ends without a hook that hangs once the grace is over, and says so', async () => {
    const created = hooked('stop-hangs');
    await startAll(created.pool);
    await created.pool.stop(10);
    expect(logged(created)).toContainEqual(expect.stringContaining('slot-stop hooks took longer than the grace'));
  });

  it('closes its slot after the job that was aborted, within the same grace', async () => {
    const created = hooked(undefined);
    await startAll(created.pool);
    const end = created.run('until-aborted');
    await created.log.started();
    await created.pool.stop(60_000);
    expect(await end).toMatchObject({ resultText: '"worker-stopped"' });
    expect(said()).toEqual(['closing second', 'closing first']);
  });

  it('closes no slot under a job that outlives the grace', async () => {
    const created = hooked(undefined);
    await startAll(created.pool);
    const end = created.run('deaf');
    await created.log.started();
    await created.pool.stop(10);
    expect(await end).toEqual({ kind: 'stopped' });
    expect(said()).toEqual([]);
  });
}
