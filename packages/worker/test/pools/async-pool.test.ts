import { expect, it } from 'vitest';
import { describePool } from './pool-contract.js';
import { createFixture, createJob, fixture } from './pool-fixture.js';
import { runProgram } from './run-program.js';

describePool('async');

it('ignores the end of a handler that comes after the job was reported as stopped', async () => {
  const { pool, log } = createFixture({ kind: 'async', slots: 1, modules: [fixture('tasks.js')] });
  await pool.start();
  const ends: unknown[] = [];
  pool.run(createJob('deaf-until-released'), (end) => ends.push(end));
  await log.started();
  await pool.stop(0);
  const { value, pool: second } = createFixture({ kind: 'async', slots: 1, modules: [] });
  await second.start();
  await value('releases');
  await new Promise((resolve) => setImmediate(resolve));
  expect(ends).toEqual([{ kind: 'stopped' }]);
  await second.stop(0);
});

it('runs tasks that the program itself has defined, without modules', async () => {
  await import('./fixtures/calls.js');
  const { pool, value } = createFixture({ kind: 'async', slots: 1, modules: [] });
  await pool.start();
  expect(await value('who', [], { id: 'own' })).toBe('own');
  await pool.stop(0);
});

it('logs a rejection that a task leaves behind, with its id, and lives on', async () => {
  const { lines, exitCode } = await runProgram('async', 'forgets-await');
  expect(lines).toEqual([
    expect.objectContaining({ level: 'error', id: 'job-1', task: 'forgets-await', err: 'nobody awaits me' }),
    { kind: 'success', resultText: '"went on"' },
    'stopped',
  ]);
  expect(exitCode).toBe(0);
});

it('leaves a rejection of the program itself to Node.js, which ends it', async () => {
  const { stderr, exitCode } = await runProgram('async', 'none');
  expect(stderr).toContain('the program itself');
  expect(exitCode).toBe(1);
});

it('takes a hard limit for a soft one, and says so once a task', async () => {
  const { pool, run, log } = createFixture({ kind: 'async', slots: 1, modules: [fixture('tasks.js')] });
  await pool.start();
  for (const limits of [
    { timeLimit: 10, softTimeLimit: undefined },
    { timeLimit: 60_000, softTimeLimit: 10 },
  ]) {
    expect(await run('until-aborted', [], { limits })).toMatchObject({ resultText: '"soft-time-limit"' });
  }
  const lines = log.lines.filter(({ level }) => level === 'warn');
  expect(lines).toEqual([
    expect.objectContaining({
      fields: { task: 'until-aborted', timeLimit: 10 },
      message: expect.stringContaining('an async pool cannot enforce'),
    }),
  ]);
  await pool.stop(0);
});
