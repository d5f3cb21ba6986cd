/** What a caller concludes of a call that expires while its replies cannot come in. */
import { createTestApp, ManualClock } from '@tq/core/testing';
import { createWorker } from '@tq/worker';
import { expect, test } from 'vitest';
import { openApp, silentLogger } from '../e2e/fixtures/test-app.js';
import { brokerUrl } from '../support/broker.js';
import { type CuttingProxy, startProxy } from '../support/cutting-proxy.js';

const HOUR = 3_600_000;
/** More than what a caller waits for a word of a worker, and for an answer of the broker. */
const LOOK_MS = 5_000;
/** What a look at a queue takes: a channel is opened, asked and closed. */
const LOOK_ROUND_TRIPS = 4;

/** A worker whose one task starts when it is told to and ends when the test says so, and a caller behind a proxy. */
async function openTest(proxy: CuttingProxy) {
  const near = openApp();
  let release: (value: string) => void = () => undefined;
  const task = near.app.task('hold', () => new Promise<string>((resolve) => (release = resolve)));
  const echo = near.app.task('echo', (n: number) => n);
  const worker = createWorker(near.app, { pool: 'async', concurrency: 2 });
  const started = new Promise<void>((resolve) => worker.on('task:started', ({ task }) => task === 'hold' && resolve()));
  await worker.start();
  const clock = new ManualClock(Date.now());
  const far = createTestApp({
    ...{ clock, eager: false, url: proxy.url, prefix: near.prefix },
    ...{ queueType: 'classic' as const, logger: silentLogger },
  });
  const hold = far.declareTask<typeof task>('hold');
  // The reply queue is consumed from the first call on.
  const farEcho = far.declareTask<typeof echo>('echo');
  await farEcho.delay(1).get();
  return {
    clock,
    hold,
    started,
    release: () => release('done'),
    /** Lets time pass at the caller, and what that sets off happen. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 1_000) {
        clock.advance(1_000);
        for (let i = 0; i < LOOK_ROUND_TRIPS; i++) await farEcho.apply([1], { ignoreResult: true }).published;
      }
    },
    [Symbol.asyncDispose]: async () => {
      proxy.thaw();
      await far.close();
      await worker.stop();
      await near[Symbol.asyncDispose]();
    },
  };
}

test.each(['half-open', 'cut'])(
  'a caller whose connection for replies is %s does not take silence for a task that no worker has started',
  async (how) => {
    await using proxy = await startProxy(brokerUrl());
    await using scene = await openTest(proxy);
    const { hold, started, clock, pass, release } = scene;
    if (how === 'cut') proxy.refuse();
    expect(how === 'cut' ? proxy.cut('tq consume') : proxy.freeze('tq consume')).toBe(1);
    const result = hold.apply([], { expires: HOUR });
    const got = result.get({ timeout: 10 * HOUR });
    got.catch(() => undefined);
    await Promise.all([result.published, started]);
    clock.advance(HOUR);
    await pass(2 * LOOK_MS);
    expect(result.state).toBe('published');
    if (how === 'cut') {
      await proxy.accept();
      // Until it is connected again, time has to pass for it.
      while (result.state === 'published') await pass(1_000);
    } else {
      proxy.thaw();
    }
    await expect.poll(() => result.state).toBe('started');
    release();
    expect(await got).toBe('done');
  },
);
