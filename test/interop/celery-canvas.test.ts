/** Canvas between Celery and tq, in both directions. */
import { createApp, type Logger } from '@tq/core';
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
  app.task('add', (one: number, other: number) => one + other);
  app.task('sum', (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0));
  app.task('fail', () => {
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
});
