/** A cluster whose node is stopped while everybody is on it: callers and workers go on with the other node. */
import { createApp, type Logger } from '@tq/core';
import { declare, internalsOf } from '@tq/core/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPeer } from '../support/broker.js';
import { type RabbitServer, startRabbit } from '../support/rabbitmq.js';
import { numbers, openScene, type Scene } from './fixtures/scene.js';
import type * as tasks from './fixtures/tasks.js';

const TASKS = 200;

let stays: RabbitServer;
let goes: RabbitServer;

beforeAll(async () => {
  stays = await startRabbit();
  goes = await startRabbit({ cluster: stays });
});

afterAll(async () => {
  await goes?.stop();
  await stays?.stop();
});

/** A queue's home is the node that its declaration comes to. */
async function declareOn(node: RabbitServer, scene: Scene, ...queues: string[]): Promise<void> {
  await using peer = await openPeer(node.url);
  for (const queue of queues) await declare(peer.connection, internalsOf(scene.app).topologyOf(scene.prefix + queue));
}

test('a stopped node costs no task and no result: callers and workers go on with the next one', async () => {
  await using scene = await openScene({ url: stays.url, queueType: 'classic' });
  // On the node that stays, as they would be everywhere were they quorum queues of three nodes.
  await declareOn(stays, scene, 'tq', 'late');
  const url = [goes.url, stays.url];
  const worker = await scene.worker({ url: url.join(','), queues: { tq: 2, late: 2 } });
  const { logger, moved } = watchForMove();
  await using app = createApp({ url, prefix: scene.prefix, queueType: 'classic', logger });
  const echo = app.declareTask<typeof tasks.echo>('echo');
  const { connections } = await worker.health(({ healthy }) => healthy);
  expect(connections.publish.broker).toContain(String(goes.port));
  const early = numbers(TASKS).map((n) => echo.delay(n, 10));
  await scene.journal.until((entries) => entries.length >= TASKS / 10);

  await goes.halt();
  const onOther = String(stays.port);
  await worker.health(({ healthy, connections }) => healthy && connections.publish.broker.includes(onOther));
  await moved;
  expect(await echo.apply([-1], { queue: 'late' }).get()).toBe(-1);

  // The replies to the earlier calls have waited for the node that their queue is on.
  await goes.startAgain();
  expect(await Promise.all(early.map((result) => result.get())), worker.log()).toEqual(numbers(TASKS));
}, 120_000);

/** A logger that tells when new calls are answered on another queue. */
function watchForMove(): { readonly logger: Logger; readonly moved: Promise<void> } {
  let tell: () => void = () => undefined;
  const moved = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const warn = (_: object, message: string) => {
    if (message.includes('new calls are answered on another')) tell();
  };
  return { logger: { trace() {}, debug() {}, info() {}, warn, error() {} }, moved };
}
