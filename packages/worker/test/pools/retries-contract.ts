import { TqError } from '@tq/core/internal';
import { expect, it } from 'vitest';
import type { PoolScene, sharePool } from './pool-scene.js';

/** What every pool promises of tasks that are run again: the decision falls where the task's functions and classes are. */
export function describeRetries(shared: ReturnType<typeof sharePool>, start: PoolScene['start']): void {
  it("decides by the policy of the task's definition, functions and classes included", async () => {
    const { run } = shared();
    expect(await run('flaky', ['busy'], { attempt: 2 })).toEqual({
      kind: 'retry',
      delayMs: 200,
      failure: {
        error: { exc_type: 'Busy', exc_message: ['busy'], exc_module: 'tq' },
        traceback: expect.stringContaining('tasks.js'),
      },
    });
    expect(await run('flaky', ['limit'])).toMatchObject({ kind: 'retry', delayMs: 100 });
    expect(await run('flaky', ['other'])).toMatchObject({ kind: 'failure' });
    expect(await run('flaky', ['busy'], { attempt: 4 })).toMatchObject({ kind: 'failure' });
  });

  it('decides by what the call says, value by value', async () => {
    const { run } = shared();
    expect(await run('flaky', ['busy'], { attempt: 4, retry: { maxRetries: 4 } })).toMatchObject({ delayMs: 400 });
    expect(await run('flaky', ['busy'], { retry: false })).toMatchObject({ kind: 'failure' });
    const retry = { backoff: 'linear', delay: 7, jitter: false } as const;
    expect(await run('rejects', [], { attempt: 3, retry })).toMatchObject({ kind: 'retry', delayMs: 21 });
  });

  it('does not run again what would have expired by then', async () => {
    const { run } = shared();
    const inAnHour = Date.now() + 3_600_000;
    expect(await run('flaky', ['busy'], { expires: inAnHour })).toMatchObject({ kind: 'retry' });
    const retry = { delay: 7_200_000, maxDelay: 7_200_000, jitter: false };
    expect(await run('rejects', [], { expires: inAnHour, retry })).toMatchObject({ kind: 'failure' });
  });

  it('reports what a task decides by throwing Retry, Reject or Ignore', async () => {
    const { run } = shared();
    expect(await run('throws-verdict', ['Retry', { delay: 5 }])).toMatchObject({ kind: 'retry', delayMs: 5 });
    expect(await run('throws-verdict', ['Reject', 'no such user'])).toMatchObject({
      kind: 'rejected',
      failure: { error: { exc_type: 'Reject', exc_message: ['no such user'] } },
    });
    expect(await run('throws-verdict', ['Ignore'])).toMatchObject({ kind: 'ignored' });
  });

  it('gives a task the errors of its earlier tries', async () => {
    const { value } = shared();
    const errors = [
      { attempt: 1, error: 'Busy: busy', time: '2026-01-01T00:00:00.000Z' },
      { attempt: 2, error: 'Busy: “busy”\0', time: '2026-01-01T00:00:01.000Z' },
    ];
    expect(await value('errors', [], { attempt: 3, errors })).toEqual(errors);
    expect(await value('errors')).toEqual([]);
  });

  it('does not run again what was given up, whatever its policy says', async () => {
    const { pool, run, log } = await start();
    const ended = run('throws-abort', [], { id: 'a', retry: {} });
    await log.started();
    pool.giveUp({ id: 'a', attempt: 1, queue: 'q' }, new TqError('consumer-timeout', 'too long'));
    expect(await ended).toMatchObject({ kind: 'failure', failure: { error: { code: 'consumer-timeout' } } });
  });

  it('runs again what failed at its soft limit, and not what ran into a hard one that its pool can enforce', async () => {
    const { pool, run } = await start();
    const soft = await run('throws-abort', [], { retry: {}, limits: { softTimeLimit: 10, timeLimit: undefined } });
    expect(soft).toMatchObject({ kind: 'retry', failure: { error: { code: 'soft-time-limit' } } });
    if (pool.kind === 'async') return;
    const hard = await run('deaf', [], { retry: {}, limits: { softTimeLimit: undefined, timeLimit: 10 } });
    expect(hard).toMatchObject({ kind: 'failure', failure: { error: { code: 'time-limit' } } });
  });

  it('sends a stopped run back, and does not count it as failed', async () => {
    const { pool, run, log } = await start();
    const ended = run('throws-abort', [], { retry: {} });
    await log.started();
    await pool.stop(60_000);
    expect(await ended).toEqual({ kind: 'stopped' });
  });
}
