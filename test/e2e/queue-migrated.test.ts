/** A queue that is migrated while tq's own callers go on through an exchange, and its workers come and go. */
import { type App, type AppOptions, createApp, type QueueType } from '@tq/core';
import { createWorker } from '@tq/worker';
import { describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { silentLogger } from './fixtures/test-app.js';

const NETWORK = {
  exchanges: { calls: { type: 'topic' } },
  queues: { tq: { bindings: [{ exchange: 'calls', key: 'work.#' }] } },
  routes: { work: { exchange: 'calls', routingKey: 'work.now' } },
  delayUnit: 10,
  logger: silentLogger,
} satisfies AppOptions;
/** Calls on their way of one caller. */
const WIDTH = 10;

interface Load extends AsyncDisposable {
  app(queueType: QueueType): App;
  /** Starts a worker that notes what it runs. */
  worker(app: App): Promise<{ stop(): Promise<void> }>;
  /** Resolves when so many more calls were answered. */
  answered(more: number): Promise<void>;
  /** Ends the callers; the numbers that they called with, all of which were answered. */
  end(): Promise<number[]>;
  /** Numbers in the order in which they were run. */
  readonly runs: number[];
}

/** Two callers that go on: one of every three calls is delayed, and each is answered. */
async function openLoad(): Promise<Load> {
  const prefix = freshPrefix();
  const apps: App[] = [];
  const open = (queueType: QueueType) => {
    const app = createApp({ url: brokerUrl(), prefix, queueType, ...NETWORK });
    apps.push(app);
    return app;
  };
  const runs: number[] = [];
  const numbers: number[] = [];
  let answers = 0;
  let told: (() => void) | undefined;
  let state: 'calling' | 'ending' = 'calling';
  const callAll = async (work: (n: number) => Promise<number>) => {
    while (state === 'calling') {
      const number = numbers.length;
      numbers.push(number);
      expect(await work(number)).toBe(number);
      answers++;
      told?.();
    }
  };
  const [before, after] = [open('classic'), open('quorum')];
  await before.topology.apply();
  const callers = [before, after].flatMap((app) => {
    const work = app.task('work', (n: number): number => n);
    const call = (n: number) => work.apply([n], n % 3 === 0 ? { countdown: 20 } : {}).get();
    return Array.from({ length: WIDTH }, () => callAll(call));
  });
  return {
    app: open,
    runs,
    worker: async (app) => {
      app.task('work', (n: number) => {
        runs.push(n);
        return n;
      });
      const worker = createWorker(app, { pool: 'async', concurrency: 20 });
      await worker.start();
      return worker;
    },
    answered: async (more) => {
      const until = answers + more;
      while (answers < until) await new Promise<void>((resolve) => (told = resolve));
    },
    end: async () => {
      state = 'ending';
      await Promise.all(callers);
      return numbers;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}

describe('a queue that is migrated from classic to quorum under calls through an exchange', () => {
  it('answers every call and runs each once, its workers stopped before and started after', async () => {
    await using load = await openLoad();
    const before = load.app('classic');
    const old = await load.worker(before);
    await load.answered(100);
    await old.stop();
    const after = load.app('quorum');
    const report = await after.topology.migrate('tq', { settle: 0, quiet: 300 });
    expect(report).toMatchObject({ outcome: 'migrated', lost: 0 });
    const worker = await load.worker(after);
    await load.answered(50);
    const numbers = await load.end();
    await worker.stop();
    expect(load.runs.toSorted((a, b) => a - b)).toEqual(numbers);
    expect((await after.topology.diff()).differences).toEqual([]);
  });

  it('answers every call and runs each once under its workers, the old one and a new one after', async () => {
    await using load = await openLoad();
    const old = await load.worker(load.app('classic'));
    await load.answered(100);
    const after = load.app('quorum');
    const report = await after.topology.migrate('tq', { settle: 0, quiet: 300, evenInUse: true });
    expect(report).toMatchObject({ outcome: 'migrated', lost: 0 });
    const worker = await load.worker(after);
    await load.answered(100);
    await old.stop();
    await load.answered(50);
    const numbers = await load.end();
    await worker.stop();
    expect(load.runs.toSorted((a, b) => a - b)).toEqual(numbers);
  });
});
