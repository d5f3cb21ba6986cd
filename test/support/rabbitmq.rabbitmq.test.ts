import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { acceptsAmqp } from '../../scripts/ports.js';
import { openPeer, queueState } from './broker.js';
import { startRabbit } from './rabbitmq.js';

test('nodes of a cluster have what was asked for, and leave neither data nor a listener when stopped', async () => {
  await using first = await startRabbit({ heartbeat: 7 });
  expect(await first.evaluate('application:get_env(rabbit, heartbeat).')).toBe('{ok, 7}');
  await using second = await startRabbit({ cluster: first });
  {
    await using peer = await openPeer(first.url);
    await peer.channel.assertQueue('shared', { durable: true });
  }
  {
    await using peer = await openPeer(second.url);
    expect(await queueState(peer, 'shared')).toEqual({ messages: 0, consumers: 0 });
  }
  for (const rabbit of [second, first]) {
    await rabbit.stop();
    expect(existsSync(rabbit.node.dir)).toBe(false);
    expect(await acceptsAmqp(rabbit.port)).toBe(false);
  }
});
