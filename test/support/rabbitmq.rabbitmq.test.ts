import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { acceptsAmqp } from '../../scripts/ports.js';
import { openPeer, queueState } from './broker.js';
import { startRabbit } from './rabbitmq.js';

test('a node has the heartbeat that was asked for, and leaves neither data nor a listener when stopped', async () => {
  await using rabbit = await startRabbit({ heartbeat: 7 });
  expect(await rabbit.ctl('environment')).toContain('{heartbeat,7}');
  await rabbit.stop();
  expect(existsSync(rabbit.node.dir)).toBe(false);
  expect(await acceptsAmqp(rabbit.port)).toBe(false);
}, 120_000);

test('a node joins the cluster of another', async () => {
  await using first = await startRabbit();
  await using second = await startRabbit({ cluster: first });
  {
    await using peer = await openPeer(first.url);
    await peer.channel.assertQueue('shared', { durable: true });
  }
  await using peer = await openPeer(second.url);
  expect(await queueState(peer, 'shared')).toEqual({ messages: 0, consumers: 0 });
}, 120_000);
