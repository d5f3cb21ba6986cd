import { expect, it } from 'vitest';
import type { WorkerHealth } from '../src/health.js';
import { startHealthServer } from '../src/health-server.js';

const up = { up: true, broker: 'amqp://guest@127.0.0.1:5672', error: undefined };
const HEALTHY: WorkerHealth = {
  healthy: true,
  state: 'running',
  uptimeSeconds: 3,
  connections: { publish: up, consume: up },
  blocked: false,
  queues: [{ name: 'tq', attached: true, error: undefined }],
  subscriptions: [],
  slots: 2,
  alive: 2,
  running: 1,
  ended: {} as WorkerHealth['ended'],
  lastError: undefined,
};

/** A server whose worker is as the test says; the answer to a request of it. */
async function scene() {
  const worker = { now: HEALTHY, health: () => worker.now };
  const server = await startHealthServer(worker, { port: 0 });
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://${server.host}:${server.port}${path}`, { method });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };
  return { worker, server, ask, [Symbol.asyncDispose]: () => server.stop() };
}

it('is live until the worker has stopped, and ready only while it is healthy', async () => {
  await using test = await scene();
  const statuses = async () => [(await test.ask('/live')).status, (await test.ask('/ready')).status];
  for (const state of ['created', 'starting', 'running', 'stopping'] as const) {
    test.worker.now = { ...HEALTHY, healthy: false, state };
    expect(await statuses(), state).toEqual([200, 503]);
  }
  test.worker.now = HEALTHY;
  expect(await statuses()).toEqual([200, 200]);
  test.worker.now = { ...HEALTHY, healthy: false, state: 'stopped' };
  expect(await statuses()).toEqual([503, 503]);
  expect((await test.ask('/ready')).body).toBe('not ready: stopped\n');
});

it('tells all of it as JSON, at / and at /health, a query or not', async () => {
  await using test = await scene();
  for (const path of ['/', '/health', '/health?from=probe']) {
    const { status, type, body } = await test.ask(path);
    expect([status, type]).toEqual([200, 'application/json']);
    expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(HEALTHY)));
  }
  test.worker.now = { ...HEALTHY, healthy: false };
  expect((await test.ask('/')).status).toBe(503);
});

it('answers HEAD without a body, and anything else with 404', async () => {
  await using test = await scene();
  expect(await test.ask('/ready', 'HEAD')).toMatchObject({ status: 200, body: '' });
  for (const [path, method] of [
    ['/live', 'POST'],
    ['/metrics', 'GET'],
    ['/live/', 'GET'],
    ['/constructor', 'GET'],
  ] as const) {
    expect((await test.ask(path, method)).status, `${method} ${path}`).toBe(404);
  }
});

it('says which port is in use, and refuses options that it does not know', async () => {
  await using test = await scene();
  const { port } = test.server;
  await expect(startHealthServer(test.worker, { port })).rejects.toMatchObject({
    code: 'listen-failed',
    message: `No health server on port ${port} of 127.0.0.1: it is in use; choose another one, or 0 for any.`,
  });
  await expect(startHealthServer(test.worker, { port: 70_000 })).rejects.toMatchObject({ code: 'invalid-option' });
  await expect(startHealthServer(test.worker, { prot: 0 } as object)).rejects.toMatchObject({ code: 'unknown-option' });
});

it('stops though a client keeps its connection, and may be stopped twice', async () => {
  const test = await scene();
  await test.ask('/live');
  await Promise.all([test.server.stop(), test.server.stop()]);
  await expect(test.ask('/live')).rejects.toThrow();
});
