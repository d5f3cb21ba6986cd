import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createWorker, type Worker } from '@tq/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { brokerUrl, openPeer, queueState } from '../support/broker.js';
import { openApp, type TestApp } from './fixtures/test-app.js';

const SCRIPT = fileURLToPath(new URL('fixtures/exits-by-itself.js', import.meta.url));
/** How long a program may linger once it has no more to do, ms: far less than any timeout or heartbeat of an app. */
const LINGER = 2_000;

let test: TestApp;
let worker: Worker;
beforeAll(async () => {
  test = openApp();
  worker = createWorker(test.app, { tasks: [new URL('fixtures/tasks.js', import.meta.url)], concurrency: 1 });
  await worker.start();
});
afterAll(async () => {
  await worker.stop();
  await test.app.close();
});

/** Runs one case to its end: what it printed, how it ended, and how long it lived after its last line. */
async function run(name: string, url = brokerUrl()) {
  const env = { ...process.env, TQ_URL: url, TQ_PREFIX: test.prefix, TQ_QUEUE_TYPE: 'classic' };
  const child = spawn(process.execPath, [SCRIPT, name], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let lastLine = performance.now();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    lastLine = performance.now();
  });
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { lines, stderr, exitCode: exitCode as number | null, lingered: performance.now() - lastLine };
}

it.each([
  ['only defines', ['done']],
  ['after get', ['1', 'done']],
  ['after published', ['done']],
  ['after a bulk', ['done']],
  ['after a failed get', ['task-failed', 'done']],
  ['after a result timeout', ['result-timeout', 'done']],
  ['after forget', ['result-forgotten', 'done']],
  ['with a get that nobody awaits', ['done', 'late']],
  ['with a get that nobody awaits and that fails', ['done', 'result-timeout']],
])('a program ends by itself, with 0: %s', async (name, lines) => {
  const { lingered, ...rest } = await run(name);
  expect(rest).toEqual({ lines, stderr: '', exitCode: 0 });
  expect(lingered).toBeLessThan(LINGER);
});

it.each(['after a publish timeout', 'after a get that cannot be published'])(
  'a program ends by itself, with 0, though the broker is away: %s',
  async (name) => {
    const away = `amqp://127.0.0.1:${await freePort()}`;
    const { lingered, lines, exitCode } = await run(name, away);
    expect({ lines, exitCode }).toEqual({ lines: ['publish-timeout', 'done'], exitCode: 0 });
    expect(lingered).toBeLessThan(LINGER);
  },
);

it('a program lives until what it published is confirmed, awaited or not', async () => {
  const { lines, exitCode } = await run('without awaiting the publish');
  expect({ lines, exitCode }).toEqual({ lines: ['done'], exitCode: 0 });
  await using peer = await openPeer();
  expect(await queueState(peer, `${test.prefix}kept`)).toEqual({ messages: 1, consumers: 0 });
});
