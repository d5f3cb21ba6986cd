/** What probes of `tq worker --health-port` see while the broker is away, back and blocked, and while the worker stops. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerHealth } from '@tq/worker';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { type BrokerNode, startBrokerNode } from '../support/broker-node.js';
import { startProxy } from '../support/cutting-proxy.js';
import { createProject } from '../support/project.js';
import { runTq, startTq, type TqProcess } from '../support/tq-process.js';

/** Runs until the folder that it is given is there; says so when it starts. */
const HOLD = `import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { currentTask, defineTask } from '@tq/core';
export const hold = defineTask('hold', async (release) => {
  currentTask().log.info({}, 'holding ' + release);
  while (!existsSync(release)) await setTimeout(20);
  return 'released';
});`;

const PATIENCE = { timeout: 20_000, interval: 20 };

let node: BrokerNode;
beforeAll(async () => {
  node = await startBrokerNode();
});
afterAll(() => node?.stop());

/** The status of each probe, and the health as JSON. */
async function probe(worker: TqProcess) {
  const { port } = JSON.parse(await worker.line(/health: listening/)) as { port: number };
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const [live, ready, json] = await Promise.all([get('/live'), get('/ready'), get('/health')]);
  const health = (await json.json()) as WorkerHealth;
  return { live: live.status, ready: ready.status, json: json.status, health };
}

test('probes follow the broker: away, back, blocked, and stop with the worker', async () => {
  await using proxy = await startProxy(node.url);
  proxy.refuse();
  using project = createProject({ files: { 'tasks.mjs': HOLD } });
  const url = new URL(proxy.url);
  const { port } = url;
  const env = { TQ_URL: url.href, TQ_PREFIX: freshPrefix() };
  const options = ['--pool', 'async', '--concurrency', '2', '--health-port', '0'];
  await using worker = startTq(['worker', ...options], { cwd: project.folder, env });
  const callers: TqProcess[] = [];
  onTestFinished(async () => void (await Promise.all(callers.map((caller) => caller[Symbol.asyncDispose]()))));
  const held = async (name: string) => {
    const path = join(project.folder, name);
    callers.push(startTq(['call', 'hold', JSON.stringify(path)], { env }));
    await worker.line(new RegExp(`holding .*${name}`));
    return () => mkdirSync(path);
  };

  await worker.line(/No connection to/);
  const away = await probe(worker);
  expect(away).toMatchObject({ live: 200, ready: 503, json: 503 });
  const down = { up: false, broker: `amqp://guest@127.0.0.1:${port}`, error: expect.stringContaining('ECONNREFUSED') };
  expect(away.health).toMatchObject({ healthy: false, state: 'starting', uptimeSeconds: 0, slots: 2 });
  expect(away.health.connections.publish).toEqual(down);
  expect(away.health.lastError).toEqual({ time: expect.any(String), message: down.error });
  expect(JSON.stringify(away)).not.toContain('guest:');

  await proxy.accept();
  await worker.line(/ready: consuming/);
  // The connection that publishes comes back by itself, a little before or after the one that consumes.
  await vi.waitFor(async () => expect(await probe(worker)).toMatchObject({ ready: 200 }), PATIENCE);
  const back = await probe(worker);
  expect(back).toMatchObject({
    live: 200,
    ready: 200,
    json: 200,
    health: { healthy: true, state: 'running', alive: 2 },
  });
  expect(back.health.connections.consume).toEqual({ up: true, broker: down.broker });
  expect(back.health.queues).toEqual([{ name: `${env.TQ_PREFIX}tq`, attached: true }]);

  const releaseFirst = await held('first');
  expect((await probe(worker)).health).toMatchObject({ running: 1 });
  await node.setMemoryAlarm(true);
  // The broker blocks the connection at its first publish, which is the reply to a caller that waits.
  releaseFirst();
  await worker.line(/the broker is blocked/);
  expect(await probe(worker)).toMatchObject({ live: 200, ready: 503, health: { blocked: true, state: 'running' } });
  await node.setMemoryAlarm(false);
  await worker.line(/takes publishes again/);
  expect(await probe(worker)).toMatchObject({ live: 200, ready: 200, health: { blocked: false } });

  const releaseLast = await held('last');
  worker.kill('SIGTERM');
  await worker.line(/stopping: waits/);
  const stopping = await probe(worker);
  expect(stopping).toMatchObject({ live: 200, ready: 503, health: { state: 'stopping', running: 1 } });
  releaseLast();
  expect(await worker.ended).toMatchObject({ code: 0 });
  await expect(probe(worker)).rejects.toThrow('fetch failed');
});

test('a port that is in use ends the worker at once, and --watch has no port to give', async () => {
  using project = createProject({ files: { 'tasks.mjs': HOLD } });
  const port = new URL(node.url).port;
  const run = (...args: string[]) =>
    runTq(['worker', '--health-port', port, ...args], { cwd: project.folder, env: { TQ_URL: node.url } });
  const used = await run();
  expect(used).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`No health server on port ${port} of 127.0.0.1: it is in use`),
  });
  expect(await run('--watch')).toMatchObject({ code: 2, stderr: expect.stringContaining('--health-port: expected') });
});
