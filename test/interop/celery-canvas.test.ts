/** Canvas between Celery and tq, in both directions. */
import { chain, chord, createApp, group, type Logger, TaskFailedError, type TaskOf } from '@tq/core';
import { createWorker } from '@tq/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { needing, runPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-celery');
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Python takes its time to start on a busy machine. */
const LIMIT = { timeout: 120_000 };

/** A worker of tq and one of Python on one broker, and what the tasks of the first noted. */
async function openScene() {
  const prefix = freshPrefix();
  const python = `${prefix}python`;
  const starting = startReadyPython('celery_canvas.py', 'work', python);
  const app = createApp({ url: brokerUrl(), prefix, preset: 'celery', logger: SILENT });
  const notes: unknown[][] = [];
  const waiting: (() => void)[] = [];
  const add = app.task('add', (one: number, other: number) => one + other);
  const sum = app.task('sum', (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0));
  const fail = app.task('fail', (): number => {
    throw new RangeError('no good');
  });
  app.task('note', (...args: unknown[]) => {
    notes.push(args);
    for (const look of waiting.splice(0)) look();
  });
  const worker = createWorker(app, { pool: 'async', concurrency: 4 });
  await Promise.all([worker.start(), starting]);
  return {
    app,
    ...{ add, sum, fail, there: { queue: 'python' } },
    pyAdd: app.declareTask<TaskOf<'py.add', (one: number, other: number) => number>>('py.add'),
    pyFail: app.declareTask<TaskOf<'py.fail', (before: number) => number>>('py.fail'),
    pyNote: app.declareTask<TaskOf<'py.note', (failure: unknown) => void>>('py.note'),
    pyStands: app.declareTask<TaskOf<'py.stands', (before: number) => [number, string, string]>>('py.stands'),
    python: await starting,
    /** Resolves with the note that has this word in it, once there is one. */
    async noted(word: string): Promise<unknown[]> {
      for (;;) {
        const note = notes.find((args) => args.includes(word));
        if (note !== undefined) return note;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    /** Runs a Python program that sends all of its canvases: what came of each. */
    async call(): Promise<ReadonlyMap<string, unknown>> {
      const lines = await runPython('celery_canvas.py', 'call', `${prefix}celery`, python);
      return new Map(lines.map((line) => JSON.parse(line)));
    },
    [Symbol.asyncDispose]: async () => {
      await (await starting).kill();
      await worker.stop();
      await app.close();
    },
  };
}

describe.skipIf(skipped)(heading, LIMIT, () => {
  let scene: Awaited<ReturnType<typeof openScene>>;
  let called: ReadonlyMap<string, unknown>;

  beforeAll(async () => {
    scene = await openScene();
    called = await scene.call();
  }, LIMIT.timeout);

  afterAll(() => scene?.[Symbol.asyncDispose]());

  it("runs a Python caller's chain, and each step answers it", () => {
    expect(called.get('chain')).toEqual([3 + 10 + 2 ** 60, 13, 3]);
  });

  it('calls what a Python caller linked to a task, a chain too', async () => {
    expect(called.get('link')).toBe(3);
    expect(await scene.noted('linked')).toEqual([3, 'linked']);
    expect(await scene.noted('chained')).toEqual([8, 'chained']);
  });

  it("calls a Python caller's errbacks with the failed task's id, as Celery does: here, and in a Python worker", async () => {
    const [id, text] = called.get('errback') as [string, string];
    expect(text).toContain('no good');
    expect(await scene.noted('failed')).toEqual([id, 'failed']);
    expect(await scene.noted('quiet')).toEqual(['quiet']);
    expect((await scene.python.complaint(/note (\["\S+"\])\n/))[1]).toBe(JSON.stringify([id]));
  });

  it("runs a Python caller's group", () => {
    expect(called.get('group')).toEqual([1, 2, 3, 4, 5]);
  });

  it("runs a Python caller's chain whose middle step a Python worker runs", () => {
    expect(called.get('mixed')).toBe(113);
  });

  it("joins the group in a Python caller's chain, and goes on", () => {
    expect(called.get('joined')).toBe(3 + 10 + (3 + 20 + 30) + 100);
  });

  it('hands a chain of its own to a Python worker for the middle step, and hears of each', async () => {
    const { add, pyAdd, there } = scene;
    const result = chain(add.s(1, 2), pyAdd.s(10).set(there), add.s(100).set({ queue: 'celery' })).delay();
    expect(await result.get()).toBe(113);
    expect(await result.parent?.get()).toBe(13);
  });

  it('ends a chain in a group of a Python worker, which sees where it stands', async () => {
    const { add, pyStands, there } = scene;
    const result = chain(add.s(1, 2), group(pyStands.s().set(there), pyStands.s().set(there))).delay();
    const parent = result.parent?.id;
    expect(await result.get()).toEqual([
      [3, parent, parent],
      [3, parent, parent],
    ]);
  });

  it('calls a Python task when a step has failed here', async () => {
    const { fail, pyNote, there } = scene;
    const result = fail.s().linkError(pyNote.s().set(there)).delay();
    await expect(result.get()).rejects.toThrow('no good');
    const [, told = ''] = await scene.python.complaint(new RegExp(`note (.*"id": "${result.id}".*)\\n`));
    expect(JSON.parse(told)).toMatchObject([{ id: result.id, task: 'fail', error: { message: 'no good' } }]);
  });

  it('fails with what failed in Python, and its errback here gets the id', async () => {
    const { app, add, pyFail, there } = scene;
    const note = app.declareTask<TaskOf<'note', (failure: unknown) => void>>('note');
    const failing = pyFail
      .s()
      .set(there)
      .linkError(note.s().set({ queue: 'celery' }));
    const result = chain(add.s(1, 2), failing, add.s(100)).delay();
    const error = await result.get().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect((error as TaskFailedError).remote.name).toBe('ValueError');
    const id = result.parent?.id as string;
    expect(await scene.noted(id)).toEqual([id]);
  });

  it('sends no chord where a Python worker may run its members, and says what to do', async () => {
    const { add, sum } = scene;
    const refused = [chord([add.s(1, 2)], sum.s()).delay(), chain(group(add.s(1, 2)), sum.s()).delay()];
    for (const result of refused) {
      await expect(result.published).rejects.toThrow(/expected no chord under preset: 'celery'/);
      await expect(result.get()).rejects.toThrow(/Wait for the group's results/);
    }
  });
});
