import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { acceptsAmqp } from '../../scripts/ports.js';
import { openPeer, queueState, takeAll } from './broker.js';
import { startRabbit } from './rabbitmq.js';

test('a node keeps persistent messages over a restart and over a crash, and deletes them when stopped', async () => {
  await using rabbit = await startRabbit({ heartbeat: 7 });
  const queue = 'kept';
  {
    await using peer = await openPeer(rabbit.url);
    await peer.channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    const confirming = await peer.connection.createConfirmChannel();
    for (const body of ['one', 'two']) confirming.sendToQueue(queue, Buffer.from(body), { persistent: true });
    await confirming.waitForConfirms();
  }
  await rabbit.restart();
  {
    await using peer = await openPeer(rabbit.url);
    expect(await queueState(peer, queue)).toEqual({ messages: 2, consumers: 0 });
  }
  await rabbit.kill();
  await expect(connect(rabbit.url)).rejects.toThrow('ECONNREFUSED');
  await rabbit.startAgain();
  {
    await using peer = await openPeer(rabbit.url);
    expect((await takeAll(peer, queue)).map((message) => String(message.content))).toEqual(['one', 'two']);
    expect(await queueState(peer, 'never-declared')).toBeUndefined();
  }
  expect(await rabbit.ctl('environment')).toContain('{heartbeat,7}');
  await rabbit.stop();
  expect(existsSync(rabbit.node.dir)).toBe(false);
  expect(await acceptsAmqp(rabbit.port)).toBe(false);
}, 120_000);

test('a memory alarm blocks a publishing connection until it is cleared', async () => {
  await using rabbit = await startRabbit();
  await using peer = await openPeer(rabbit.url);
  const { queue } = await peer.channel.assertQueue('', { exclusive: true });
  await rabbit.setMemoryAlarm(true);
  const blocked = once(peer.connection, 'blocked');
  peer.channel.sendToQueue(queue, Buffer.from('x'));
  await blocked;
  const unblocked = once(peer.connection, 'unblocked');
  await rabbit.setMemoryAlarm(false);
  await unblocked;
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
