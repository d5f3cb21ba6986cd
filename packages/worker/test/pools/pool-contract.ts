import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JobEnd, TqError } from '@tq/core/internal';
import type { Pool, PoolOptions } from '@tq/worker/internal';
import { afterEach, describe, expect, it } from 'vitest';
import { createFixture, createJob, fixture, type PoolFixture, startAll } from './pool-fixture.js';

/** What every pool promises, run against each kind. */
export function describePool(kind: Pool['kind']): void {
  describe(`a pool of kind ${kind}`, () => {
    const open: Pool[] = [];
    afterEach(async () => {
      delete process.env.TQ_FIXTURE_HOOK;
      await Promise.all(open.splice(0).map((pool) => pool.stop(0)));
    });
    const create = (options: Partial<PoolOptions> = {}): PoolFixture => {
      const created = createFixture({ kind, slots: 2, modules: [fixture('tasks.js')], ...options });
      open.push(created.pool);
      return created;
    };
    const start = async (options?: Partial<PoolOptions>): Promise<PoolFixture> => {
      const created = create(options);
      await startAll(created.pool);
      return created;
    };
    describeRuns(start);
    describeStart(create);
    describeStop(start, create);
    describeLimits(start);
    describeHooks(create);
  });
}

type Start = (options?: Partial<PoolOptions>) => Promise<PoolFixture>;
type Create = (options?: Partial<PoolOptions>) => PoolFixture;

function describeRuns(start: Start): void {
  it('reports the value of a handler as JSON text', async () => {
    const { run } = await start();
    expect(await run('add', [40, 2])).toEqual({ kind: 'success', resultText: '42' });
  });

  it('awaits promises and thenables', async () => {
    const { value } = await start();
    expect(await value('later', [{ a: [1] }])).toEqual({ a: [1] });
    expect(await value('thenable', ['then'])).toBe('then');
  });

  it('tells a handler that returned nothing from one that returned null', async () => {
    const { run } = await start();
    expect(await run('nothing')).toEqual({
      kind: 'success',
      resultText: '{"__type__":"tq.undefined","__value__":null}',
    });
    expect(await run('later', [null])).toEqual({ kind: 'success', resultText: 'null' });
  });

  it('reports an error with name, message, code, cause and stack', async () => {
    const { run } = await start();
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
    const { run, value } = await start();
    expect(await run(task)).toMatchObject({
      kind: 'failure',
      failure: { error: { exc_type: name, exc_message: [message] } },
    });
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('reports a result that cannot be serialised as a failure', async () => {
    const { run } = await start();
    expect(await run('returns-function')).toMatchObject({
      kind: 'failure',
      failure: { error: { code: 'unserialisable' } },
    });
  });

  it.each(['{', '[1]', '{"args":[]}', '[{},{},null]', '[[],[],null]', 'null', ''])(
    'reports the body %j as poison',
    async (bodyText) => {
      const { run } = await start();
      expect(await run('add', [], { bodyText })).toMatchObject({
        kind: 'poison',
        failure: { error: { code: 'poison' } },
      });
    },
  );

  it('reports a task that no module defines by its name', async () => {
    const { run } = await start();
    expect(await run('nowhere')).toMatchObject({
      kind: 'unknown-task',
      failure: { error: { code: 'unknown-task', exc_message: [expect.stringContaining("'nowhere'")] } },
    });
  });

  it('passes keyword arguments as one last object, and none when there are none', async () => {
    const { value } = await start();
    expect(await value('arguments', [], { bodyText: '[[1],{"depth":2},null]' })).toEqual({
      args: [1, { depth: 2 }],
      kwargs: { depth: 2 },
    });
    expect(await value('arguments', [1])).toEqual({ args: [1], kwargs: {} });
    expect(await value('arguments', [], { bodyText: '[[1],null,{"chain":null}]' })).toEqual({ args: [1], kwargs: {} });
  });

  it('gives the handler its context, across awaits and beside others', async () => {
    const { value } = await start();
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
    const { run, log } = await start();
    await run('logs', [], { id: 'the-task' });
    const { level, fields } = await log.first((line) => line.message === 'look');
    expect(level).toBe('warn');
    expect(fields).toMatchObject({ id: 'the-task', task: 'logs' });
    expect(fields.err).toMatchObject({ message: 'inner', stack: expect.stringContaining('tasks.js') });
    await run('logs-cycle');
    await log.first((line) => line.message === 'round');
  });

  it('calls done after run has returned, once', async () => {
    const { pool } = await start();
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

function describeLimits(start: Start): void {
  const soft = (softTimeLimit: number, timeLimit?: number) => ({ limits: { softTimeLimit, timeLimit } });

  it('aborts the signal of a job at its soft limit with a SoftTimeLimitError, which a handler that throws it fails with', async () => {
    const { run, value } = await start();
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

  it('ends the job of an id with an error, which it fails with, and no other', async () => {
    const { pool, run, log } = await start();
    const [ended, other] = [run('throws-abort', [], { id: 'a' }), run('until-aborted', [], { id: 'b' })];
    await log.started(2);
    pool.giveUp('c', new TqError('consumer-timeout', 'too long'));
    pool.giveUp('a', new TqError('consumer-timeout', 'too long'));
    expect(await ended).toMatchObject({ kind: 'failure', failure: { error: { code: 'consumer-timeout' } } });
    await pool.stop(60_000);
    expect(await other).toMatchObject({ resultText: '"worker-stopped"' });
  });

  it("knows the limits of its tasks' definitions", async () => {
    const { pool } = await start();
    expect(pool.limitsOf('limited')).toEqual({ timeLimit: 5_000, softTimeLimit: 4_000 });
    expect(pool.limitsOf('add')).toBeUndefined();
    expect(pool.limitsOf('toString')).toBeUndefined();
  });
}

function describeHooks(create: Create): void {
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
