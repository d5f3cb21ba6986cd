import type { JobEnd } from '@tq/core/internal';
import type { Pool, PoolOptions } from '@tq/worker/internal';
import { describe, expect, it } from 'vitest';
import { createJob, fixture, type LogLine, ManualTimers } from './pool-fixture.js';
import type { PoolScene } from './pool-scene.js';
import { runProgram } from './run-program.js';

/** Resolves when a replacement is ready. */
export const nextFree = (pool: Pool) => new Promise<void>((resolve) => pool.onFree(resolve));

/** What a pool promises beside what every pool does when its slots are children: run against each kind. */
export function describeChildPool(scene: PoolScene): void {
  describe(`a child of kind ${scene.kind} that dies`, () => describeDeath(scene));
  describe(`a child of kind ${scene.kind} that goes on`, () => describeGoingOn(scene));
  describe(`stopping children of kind ${scene.kind}`, () => describeStop(scene));
  describe(`the slot hooks of children of kind ${scene.kind}`, () => describeHooks(scene));
  describe(`starting children of kind ${scene.kind}`, () => describeStart(scene));
}

function describeDeath({ start }: PoolScene): void {
  it('ends its job as lost, with the exit code, and is replaced', async () => {
    const { pool, run, value } = await start();
    const free = nextFree(pool);
    const end = await run('exits', [3]);
    expect(end).toEqual({ kind: 'lost', how: 'exit code 3' });
    expect(pool.free()).toBe(0);
    await free;
    expect(pool.free()).toBe(1);
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('leaves the jobs of other children alone', async () => {
    const { pool, run, log } = await start({ slots: 2 });
    const other = run('until-aborted');
    await log.started();
    expect(await run('exits', [0])).toEqual({ kind: 'lost', how: 'exit code 0' });
    await pool.stop(60_000);
    expect(await other).toEqual({ kind: 'success', resultText: '"worker-stopped"' });
  });

  it('has ended the job whose end it told before', async () => {
    const { pool, run } = await start();
    const free = nextFree(pool);
    expect(await run('exits-after-end')).toEqual({ kind: 'success', resultText: '"ended"' });
    await free;
  });

  it('has every line logged that it wrote before, in order', async () => {
    const { run, log } = await start();
    // More than Node.js takes from a port in one turn, in which the exit would overtake the rest.
    expect(await run('logs-and-exits', [20_000])).toEqual({ kind: 'lost', how: 'exit code 5' });
    const lines = log.lines.filter(({ message }) => message === 'last words').map(({ fields }) => fields.line);
    expect(lines).toEqual(Array.from({ length: 20_000 }, (_, line) => line));
  });

  it('dies of an exception that nobody catches, which is logged with the task', async () => {
    const { pool, run, value, log } = await start();
    const free = nextFree(pool);
    const end = await run('throws-uncaught', [], { id: 'crasher' });
    expect(end).toEqual({ kind: 'lost', how: 'Error: from a timer' });
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fields: expect.objectContaining({
          id: 'crasher',
          task: 'throws-uncaught',
          err: expect.objectContaining({ message: 'from a timer', stack: expect.stringContaining('tasks.js') }),
        }),
      }),
    );
    await free;
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('is replaced at once however often its tasks kill it', async () => {
    const timers = new ManualTimers();
    const { pool, run } = await start({ runtime: timers.runtime });
    for (let time = 0; time < 3; time++) {
      const free = nextFree(pool);
      await run('exits', [1]);
      await free;
    }
    // The limits of loading only: no delay was asked for.
    expect(new Set(timers.delays)).toEqual(new Set([60_000]));
  });

  it('is replaced after growing delays while the replacement does not load, until it does', async () => {
    const timers = new ManualTimers();
    const { pool, run, log, value } = await start({
      modules: [fixture('breaks-on-demand.js')],
      runtime: timers.runtime,
    });
    process.env.TQ_FIXTURE_BROKEN = '1';
    const free = nextFree(pool);
    await run('exits');
    const isBroken = (line: { fields: Record<string, unknown> }) =>
      String(line.fields.how).includes('broken on demand');
    for (let failures = 1; failures <= 4; failures++) {
      await log.matching(isBroken, failures);
      expect(log.lines.filter(isBroken)).toHaveLength(failures);
      if (failures === 4) delete process.env.TQ_FIXTURE_BROKEN;
      timers.fireAll();
    }
    await free;
    expect(timers.delays.filter((delay) => delay !== 60_000)).toEqual([0, 100, 200, 400]);
    expect(await value('well')).toBe('well');
  });

  it('is not replaced in a hot loop when it dies idle again and again', async () => {
    const timers = new ManualTimers();
    const { run, log } = await start({ modules: [fixture('dies-idle.js')], runtime: timers.runtime });
    process.env.TQ_FIXTURE_DIES = '1';
    await run('exits');
    for (let deaths = 1; deaths <= 3; deaths++) {
      await log.matching((line) => line.fields.how === 'exit code 9', deaths);
      timers.fireAll();
    }
    expect(timers.delays.filter((delay) => delay !== 60_000)).toEqual([0, 100, 200]);
  });

  it('is not replaced when the pool stops meanwhile', async () => {
    const timers = new ManualTimers();
    const { pool, run, log } = await start({ modules: [fixture('breaks-on-demand.js')], runtime: timers.runtime });
    process.env.TQ_FIXTURE_BROKEN = '1';
    await run('exits');
    await log.first((line) => String(line.fields.how).includes('broken on demand'));
    await pool.stop(0);
    expect(timers.pending.size).toBe(0);
  });
}

function describeGoingOn({ start, kind }: PoolScene): void {
  it('logs a rejection that nobody awaits, with the task, and runs the next job', async () => {
    const { run, value, log } = await start();
    expect(await run('forgets-await', [], { id: 'sloppy' })).toEqual({ kind: 'success', resultText: '"went on"' });
    const line = await log.first((candidate) => candidate.level === 'error');
    expect(line.fields).toMatchObject({
      id: 'sloppy',
      task: 'forgets-await',
      err: { type: 'Error', message: 'nobody awaits me', stack: expect.stringContaining('tasks.js') },
    });
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('tells whose rejection it is even after the task has ended', async () => {
    const { run, log } = await start();
    await run('forgets-await-after-end', [], { id: 'sloppy' });
    const { fields } = await log.first((line) => line.level === 'error');
    expect(fields).toMatchObject({ id: 'sloppy', err: { message: 'late stray' } });
  });

  it("passes a task's own output through to the worker's", async () => {
    const { lines, stderr } = await runProgram(kind, 'prints', '"{}"');
    expect(lines).toContainEqual({});
    expect(stderr).toBe('{}\n');
  });
}

function describeStop({ start }: PoolScene): void {
  it('kills one that hears nothing, after the grace', async () => {
    const { pool, log } = await start();
    const ends: JobEnd[] = [];
    pool.run(createJob('spins'), (end) => ends.push(end));
    await log.started();
    await pool.stop(10);
    expect(ends).toEqual([{ kind: 'stopped' }]);
  });

  it('reports a job that dies within the grace as lost', async () => {
    const timers = new ManualTimers();
    const { pool, run, log } = await start({ runtime: timers.runtime });
    const end = run('throws-uncaught');
    const stopped = pool.stop(1_000);
    expect(await end).toEqual({ kind: 'lost', how: 'Error: from a timer' });
    await stopped;
    expect(log.lines.filter((line) => line.level === 'error')).toHaveLength(1);
  });
}

function describeHooks({ create, start }: PoolScene): void {
  const hooked = (plan: string, options: Partial<PoolOptions> = {}) => {
    process.env.TQ_FIXTURE_HOOK = plan;
    const modules = [fixture('tasks.js'), fixture('hooks.js')];
    return { ...options, modules, recycling: { maxTasks: 1, maxMemoryBytes: undefined } };
  };
  const isSlow = ({ message }: LogLine) => message.startsWith('slot-stop hooks took longer than the grace');

  it('end with a recycled child once the grace is over when they hang, and the slot goes on meanwhile', async () => {
    const { pool, value, log } = await start(hooked('stop-hangs', { graceMs: 10 }));
    let free = nextFree(pool);
    expect(await value('add', [1, 1])).toBe(2);
    if (pool.free() === 0) await free;
    free = nextFree(pool);
    expect(await value('connection')).toBe('open');
    if (pool.free() === 0) await free;
    await log.matching(isSlow, 2);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('are logged when they fail in a recycled child, which ends all the same', async () => {
    const { pool, value, log } = await start(hooked('stop-fails', { graceMs: 60_000 }));
    const free = nextFree(pool);
    await value('connection');
    await log.first(({ message }) => message === 'A hook of onSlotStop failed; the slot ends all the same.');
    if (pool.free() === 0) await free;
    delete process.env.TQ_FIXTURE_HOOK;
    expect(await value('connection')).toBe('open');
  });

  it('hold up a stop for its own grace only when they hang in a child that was recycled before', async () => {
    const { pool, value, log } = await start(hooked('stop-hangs', { graceMs: 3_600_000 }));
    await value('add', [1, 1]);
    await pool.stop(10);
    expect(log.lines.filter(isSlow)[0]?.fields).toEqual({ graceMs: 10 });
  });

  it('do not hold up a stop at all when one hangs that is to open the slot', async () => {
    const { pool } = create(hooked('start-hangs'));
    const starting = pool.start();
    const outcome = expect(starting).rejects.toMatchObject({ code: 'worker-stopped' });
    await pool.stop(3_600_000);
    await outcome;
  });
}

function describeStart({ create }: PoolScene): void {
  it('is ready with the first one, and the others follow', async () => {
    const { pool, value } = create({ slots: 3 });
    const freed: number[] = [];
    const complete = new Promise<void>((resolve) => {
      pool.onFree(() => {
        freed.push(pool.free());
        if (pool.free() === 3) resolve();
      });
    });
    await pool.start();
    expect(pool.free()).toBe(1);
    expect(await value('add', [1, 2])).toBe(3);
    await complete;
    expect(freed.at(-1)).toBe(3);
  });

  it('fails when the modules end the child', async () => {
    await expect(create({ modules: [fixture('exits-on-load.js')] }).pool.start()).rejects.toMatchObject({
      code: 'task-load-failed',
      message: expect.stringContaining('exit code 7'),
    });
  });

  it('fails when the modules never finish loading', async () => {
    const timers = new ManualTimers();
    const { pool } = create({ modules: [fixture('never-loads.js')], runtime: timers.runtime, startTimeoutMs: 5_000 });
    const starting = pool.start();
    const outcome = expect(starting).rejects.toMatchObject({
      code: 'task-load-failed',
      message: expect.stringContaining('5000 ms'),
    });
    expect(timers.delays).toEqual([5_000]);
    timers.fireAll();
    await outcome;
  });

  it('needs modules', () => {
    expect(() => create({ modules: [] })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
}
