import type { JobEnd, TaskProgress } from '@tq/core/internal';
import type { Pool } from '@tq/worker/internal';
import { describe, expect, it } from 'vitest';
import { describeHooks, describeLimits } from './limits-contract.js';
import { createJob, fixture } from './pool-fixture.js';
import { openPools, type PoolScene, sharePool } from './pool-scene.js';
import { describeRetries } from './retries-contract.js';

/** What every pool promises, run against each kind. */
export function describePool(kind: Pool['kind']): void {
  describe(`a pool of kind ${kind}`, () => {
    const { start, create } = openPools(kind, 2);
    const shared = sharePool(kind, 2);
    describeRuns(shared, start);
    describeProgress(shared);
    describeStart(create);
    describeStop(start, create);
    describeLimits(shared, start);
    describeRetries(shared, start);
    describeHooks(create);
  });
}

type Start = PoolScene['start'];
type Create = PoolScene['create'];
type Shared = ReturnType<typeof sharePool>;

function describeRuns(shared: Shared, start: Start): void {
  it('reports the value of a handler as JSON text', async () => {
    const { run } = shared();
    expect(await run('add', [40, 2])).toEqual({ kind: 'success', resultText: '42' });
  });

  it('awaits promises and thenables', async () => {
    const { value } = shared();
    expect(await value('later', [{ a: [1] }])).toEqual({ a: [1] });
    expect(await value('thenable', ['then'])).toBe('then');
  });

  it('tells a handler that returned nothing from one that returned null', async () => {
    const { run } = shared();
    expect(await run('nothing')).toEqual({
      kind: 'success',
      resultText: '{"__type__":"tq.undefined","__value__":null}',
    });
    expect(await run('later', [null])).toEqual({ kind: 'success', resultText: 'null' });
  });

  it('reports an error with name, message, code, cause and stack', async () => {
    const { run } = shared();
    const end = await run('throws');
    expect(end).toMatchObject({
      kind: 'failure',
      failure: {
        error: {
          exc_type: 'TypeError',
          exc_message: ['no such page'],
          code: 'E_PAGE',
          cause: { exc_message: ['404'] },
        },
        traceback: expect.stringContaining('tasks.js'),
      },
    });
  });

  it.each([
    ['rejects', 'RangeError', 'too far'],
    ['throws-text', 'NonErrorThrown', 'plain text'],
    ['throws-unreadable', 'Error', expect.any(String)],
    ['overflows', 'RangeError', 'Maximum call stack size exceeded'],
  ])('reports a handler that ends like %s as a failure', async (task, name, message) => {
    const { run, value } = shared();
    expect(await run(task)).toMatchObject({
      kind: 'failure',
      failure: { error: { exc_type: name, exc_message: [message] } },
    });
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('reports a result that cannot be serialised as a failure', async () => {
    const { run } = shared();
    expect(await run('returns-function')).toMatchObject({
      kind: 'failure',
      failure: { error: { code: 'unserialisable' } },
    });
  });

  it.each(['{', '[1]', '{"args":[]}', '[{},{},null]', '[[],[],null]', 'null', ''])(
    'reports the body %j as poison',
    async (bodyText) => {
      const { run } = shared();
      expect(await run('add', [], { bodyText })).toMatchObject({
        kind: 'poison',
        failure: { error: { code: 'poison' } },
      });
    },
  );

  it('reports a task that no module defines by its name', async () => {
    const { run } = shared();
    expect(await run('nowhere')).toMatchObject({
      kind: 'unknown-task',
      failure: { error: { code: 'unknown-task', exc_message: [expect.stringContaining("'nowhere'")] } },
    });
  });

  it('passes keyword arguments as one last object, and none when there are none', async () => {
    const { value } = shared();
    expect(await value('arguments', [], { bodyText: '[[1],{"depth":2},null]' })).toEqual({
      args: [1, { depth: 2 }],
      kwargs: { depth: 2 },
    });
    expect(await value('arguments', [1])).toEqual({ args: [1], kwargs: {} });
    expect(await value('arguments', [], { bodyText: '[[1],null,{"chain":null}]' })).toEqual({ args: [1], kwargs: {} });
  });

  it('gives the handler its context, across awaits and beside others', async () => {
    const { value } = shared();
    const jobs = ['a', 'b'].map((id) => ({
      id,
      attempt: 3,
      queue: 'math',
      headers: { tenant: id },
      rootId: 'root',
      parentId: 'parent',
    }));
    const contexts = await Promise.all(jobs.map((job) => value('context', [], job)));
    expect(contexts).toEqual(jobs.map((job) => ({ ...job, task: 'context' })));
  });

  it("writes a task's log lines with its id and name, errors included", async () => {
    const { run, log } = shared();
    await run('logs', [], { id: 'the-task' });
    const { level, fields } = await log.first((line) => line.message === 'look');
    expect(level).toBe('warn');
    expect(fields).toMatchObject({ id: 'the-task', task: 'logs' });
    expect(fields.err).toMatchObject({ message: 'inner', stack: expect.stringContaining('tasks.js') });
    await run('logs-cycle');
    await log.first((line) => line.message === 'round');
  });

  it('calls done after run has returned, once', async () => {
    const { pool } = shared();
    for (const [task, args] of [
      ['add', [1, 2]],
      ['nowhere', []],
      ['later', [1]],
    ] as const) {
      const seen: string[] = [];
      await new Promise<void>((resolve) => {
        pool.run(createJob(task, args), () => {
          seen.push('done');
          setImmediate(resolve);
        });
        seen.push('returned');
      });
      expect(seen).toEqual(['returned', 'done']);
    }
  });

  it('runs as many jobs at a time as it has slots, and refuses one more', async () => {
    const { pool, run, log } = await start();
    expect([pool.slots, pool.free()]).toEqual([2, 2]);
    void run('until-aborted');
    expect(pool.free()).toBe(1);
    void run('until-aborted');
    await log.started(2);
    expect(pool.free()).toBe(0);
    expect(() => pool.run(createJob('add'), () => undefined)).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  it('has the slot free again when done is called', async () => {
    const { pool } = await start({ slots: 1 });
    const free = await new Promise((resolve) => pool.run(createJob('add'), () => resolve(pool.free())));
    expect(free).toBe(1);
  });
}

/** Runs a job to its end, and resolves with what came of it in its order: what was done, then the kind of the end. */
function followed(pool: Pool, task: string, args: readonly unknown[] = []): Promise<(number | string)[]> {
  const seen: (number | string)[] = [];
  return new Promise((resolve) => {
    const done = ({ kind }: JobEnd) => resolve([...seen, kind]);
    pool.run(createJob(task, args), done, (progress: TaskProgress) => seen.push(progress.done));
  });
}

function describeProgress(shared: Shared): void {
  it('tells what a handler says of its progress, before its end, also of one that fails', async () => {
    const { pool } = shared();
    expect(await followed(pool, 'progress', [[1, 2, 3]])).toEqual([1, 2, 3, 'success']);
    expect(await followed(pool, 'progress', [[1, -1]])).toEqual([1, 'failure']);
  });

  it('tells the newest of a flood, and is not held up by it', async () => {
    const { pool } = shared();
    const said = Array.from({ length: 20_000 }, (_, index) => index);
    const seen = await followed(pool, 'progress', [said]);
    expect(seen.slice(-2)).toEqual([19_999, 'success']);
    if (pool.kind !== 'async') expect(seen.length).toBeLessThan(2_000);
  });

  it("does not take what a handler says after its end for the next one's, nor fails for it", async () => {
    const { pool } = shared();
    for (let run = 0; run < pool.slots; run++) expect(await followed(pool, 'progress-late')).toEqual(['success']);
    for (let run = 0; run < pool.slots; run++) expect(await followed(pool, 'later', [1])).toEqual(['success']);
  });
}

function describeStart(create: Create): void {
  it('knows its tasks once it has started, in alphabetical order', async () => {
    const { pool } = create();
    await pool.start();
    await pool.start();
    const tasks = pool.tasks();
    expect(tasks).toEqual(expect.arrayContaining(['add', 'throws']));
    expect(tasks).toEqual([...tasks].sort());
  });

  it.each([
    ['does not exist', 'missing.js', /Cannot find|Failed to load/],
    ['throws', 'throws-on-load.js', /TypeError: database is not configured/],
  ])('does not start with a module that %s, and names it', async (_what, name, message) => {
    const { pool } = create({ modules: [fixture('tasks.js'), fixture(name)] });
    const error = await pool.start().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'task-load-failed',
      message: expect.stringMatching(message),
      fields: { module: expect.stringContaining(name) },
      cause: { stack: expect.any(String) },
    });
    expect(pool.free()).toBe(0);
  });

  it('takes absolute paths, and refuses relative ones', async () => {
    const path = new URL(fixture('tasks.js')).pathname;
    const { pool, value } = create({ modules: [path] });
    await pool.start();
    expect(await value('add', [1, 1])).toBe(2);
    await expect(create({ modules: ['./tasks.js'] }).pool.start()).rejects.toMatchObject({
      code: 'task-load-failed',
      message: expect.stringContaining("found './tasks.js'"),
    });
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d slots', (slots) => {
    expect(() => create({ slots })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
}

function describeStop(start: Start, create: Create): void {
  it('aborts the signals of running jobs, and reports how those end that end in time', async () => {
    const { pool, run, log } = await start();
    const ends = [run('until-aborted'), run('until-aborted')];
    await log.started(2);
    await pool.stop(60_000);
    expect(await Promise.all(ends)).toEqual([
      { kind: 'success', resultText: '"worker-stopped"' },
      { kind: 'success', resultText: '"worker-stopped"' },
    ]);
  });

  it('reports jobs that do not end within the grace as stopped, once', async () => {
    const { pool, log } = await start();
    const ends: JobEnd[] = [];
    pool.run(createJob('deaf'), (end) => ends.push(end));
    pool.run(createJob('deaf'), (end) => ends.push(end));
    await log.started(2);
    await Promise.all([pool.stop(10), pool.stop(10)]);
    await pool.stop(10);
    expect(ends).toEqual([{ kind: 'stopped' }, { kind: 'stopped' }]);
  });

  it('has no free slot once it stops, and does not wait the grace when nothing runs', async () => {
    const { pool } = await start();
    const stopped = pool.stop(2 ** 30);
    expect(pool.free()).toBe(0);
    expect(() => pool.run(createJob('add'), () => undefined)).toThrow(expect.objectContaining({ code: 'closed' }));
    await stopped;
  });

  it('stops before it was started, and does not start any more then', async () => {
    const { pool } = create();
    await pool.stop(0);
    await expect(pool.start()).rejects.toMatchObject({ code: 'worker-stopped' });
    expect(pool.free()).toBe(0);
  });

  it('stops while it starts', async () => {
    const { pool } = create();
    const starting = pool.start();
    const outcome = expect(starting).rejects.toMatchObject({ code: 'worker-stopped' });
    await pool.stop(0);
    await outcome;
    expect(pool.free()).toBe(0);
  });
}
