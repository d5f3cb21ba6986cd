/** Remote calls of plain AMQP, both ways: pika asks tq's workers, and tq asks pika's servers. */
import { fileURLToPath } from 'node:url';
import type { App } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { openApp, rejection } from '../e2e/fixtures/test-app.js';
import { soaked } from '../faults/fixtures/scale.js';
import { brokerUrl, openPeer, queueState } from '../support/broker.js';
import { startTq, type TqProcess } from '../support/tq-process.js';
import { needing, runPython, startPython, startReadyPython } from './fixtures/foreign-program.js';

const { skipped, heading } = needing('python3-pika');

const FIB = [0, 1];
for (let n = 2; n < 20; n++) FIB.push((FIB[n - 1] as number) + (FIB[n - 2] as number));
const NAMES = ['fib', 'square', 'negate'] as const;

/** What functions.py and functions.js both answer. */
function expected(n: number): number {
  return [FIB[n % 20] as number, n * n, -n][n % 3] as number;
}

/** Answers of a server that may be killed and started again: the calls in turn, each with all the time that it needs. */
const COUNT = soaked(45, 1_000);
const PATIENT_MS = 60_000;

interface Server {
  kill(): Promise<void>;
}

/** Servers of the queue `functions`. */
const SERVERS: readonly [string, (prefix: string) => Promise<Server>][] = [
  ["pika's server", (prefix) => startReadyPython('functions.py', 'serve', `${prefix}functions`)],
  ["tq's worker", startWorker],
];

async function startWorker(prefix: string): Promise<Server> {
  const worker = startWorkerOf('functions.js', 'functions', prefix);
  await worker.line(/\bready\b/);
  return {
    kill: async () => {
      worker.kill('SIGKILL');
      await worker.ended;
    },
  };
}

function startWorkerOf(file: string, queue: string, prefix: string): TqProcess {
  const app = fileURLToPath(new URL(`fixtures/${file}`, import.meta.url));
  const env = { TQ_URL: brokerUrl(), TQ_PREFIX: prefix, TQ_QUEUE_TYPE: 'classic' };
  return startTq(['worker', '--app', app, '--queues', queue, '--concurrency', '1'], { env });
}

/** An app, the queue that pika has declared for it, and a server that is there until the end. */
async function serving(start: (prefix: string) => Promise<Server>) {
  const test = openApp();
  await runPython('functions.py', 'declare', `${test.prefix}functions`);
  let server = await start(test.prefix);
  return {
    app: test.app,
    prefix: test.prefix,
    killed: () => server.kill(),
    started: async () => {
      server = await start(test.prefix);
    },
    [Symbol.asyncDispose]: async () => {
      await server.kill();
      await test.app.queue('functions').delete();
      await test.app.close();
    },
  };
}

function ask(app: App, n: number, timeout = PATIENT_MS): Promise<number> {
  return app.plainCall<number>('functions', n, { appId: NAMES[n % 3] as string, timeout });
}

describe.skipIf(skipped)(`plain calls: ${heading}`, () => {
  it("tq's call to the server of the tutorial is answered", async () => {
    await using test = openApp();
    await using server = await startReadyPython('rpc.py', 'serve', `${test.prefix}rpc_queue`);
    const answer: number = await test.app.plainCall<number>('rpc_queue', 30);
    expect(answer).toBe(832_040);
    expect(await test.app.plainCall('rpc_queue', '10', { format: 'text' })).toBe('55');
    await server.kill();
  });

  it.each([
    ['call', 'a queue of the caller'],
    ['ask', 'direct reply-to'],
  ])("the tutorial's client (`%s`) is answered by tq's worker through %s", async (role) => {
    await using test = openApp();
    const queue = `${test.prefix}rpc_queue`;
    await runPython('functions.py', 'declare', queue);
    await using worker = startWorkerOf('tutorial-server.js', 'rpc_queue', test.prefix);
    await worker.line(/\bready\b/);
    expect(await runPython('rpc.py', role, queue, '30')).toEqual(['832040']);
    await test.app.queue('rpc_queue').delete();
  });

  describe.each(SERVERS)('%s with several functions by app_id', (_, start) => {
    it(`answers ${COUNT} calls in turn, though it is killed in between and started again`, {
      timeout: 600_000,
    }, async () => {
      await using test = await serving(start);
      const kills = new Set([Math.floor(COUNT / 3), Math.floor((2 * COUNT) / 3)]);
      for (let n = 0; n < COUNT; n++) {
        if (!kills.has(n)) {
          expect(await ask(test.app, n)).toBe(expected(n));
          continue;
        }
        // Killed while the call is on its way: whether the server had it or not, the next one answers.
        const answer = ask(test.app, n);
        await test.killed();
        await test.started();
        expect(await answer).toBe(expected(n));
      }
    });

    it('and nobody in its place: the call ends with a clear timeout, and the next one is answered', async () => {
      await using test = await serving(start);
      expect(await ask(test.app, 4)).toBe(expected(4));
      await test.killed();
      const error = await rejection(ask(test.app, 5, 500));
      expect(error).toMatchObject({ code: 'plain-call-timeout', fields: { queue: 'functions', timeoutMs: 500 } });
      // The killed one may not have acked the call before.
      expect(error.message).toMatch(/ has \d messages? and no consumer: is its server running\?$/);
      await test.started();
      expect(await ask(test.app, 6)).toBe(expected(6));
    });

    it("answers pika's client as well, over a kill", { timeout: 600_000 }, async () => {
      await using test = await serving(start);
      await using client = startPython('functions.py', 'call', `${test.prefix}functions`, String(COUNT));
      await client.lines(2);
      await test.killed();
      await test.started();
      expect((await client.lines(3)).at(-1)).toBe(`${COUNT} right`);
      expect((await client.ended).code).toBe(0);
    });
  });

  it("tells tq's caller of a failure of tq's worker, and of a function that nobody knows", async () => {
    await using test = await serving(startWorker);
    const failed = await rejection(test.app.plainCall('functions', 7, { appId: 'oops' }));
    expect(failed).toMatchObject({
      code: 'plain-call-failed',
      remote: { name: 'RangeError', message: 'expected none, found 7' },
    });
    const unknown = await rejection(test.app.plainCall('functions', 7, { appId: 'nobody' }));
    expect(unknown).toMatchObject({ code: 'plain-call-failed' });
    expect(unknown.message).toContain('nobody');
    expect(await ask(test.app, 8)).toBe(expected(8));
    await using peer = await openPeer();
    expect(await queueState(peer, `${test.prefix}functions.dead`)).toMatchObject({ messages: 2 });
  });
});
