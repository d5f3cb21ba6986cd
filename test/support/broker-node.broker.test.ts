import { once } from 'node:events';
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { openPeer, queueState, takeAll } from './broker.js';
import { startBrokerNode } from './broker-node.js';

test('a node keeps persistent messages over a restart and over a crash, and none for who comes next', async () => {
  await using node = await startBrokerNode();
  const queue = 'kept';
  {
    await using peer = await openPeer(node.url);
    await peer.channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    const confirming = await peer.connection.createConfirmChannel();
    for (const body of ['one', 'two']) confirming.sendToQueue(queue, Buffer.from(body), { persistent: true });
    await confirming.waitForConfirms();
  }
  await node.restart();
  {
    await using peer = await openPeer(node.url);
    expect(await queueState(peer, queue)).toEqual({ messages: 2, consumers: 0 });
  }
  await node.kill();
  await expect(connect(node.url)).rejects.toThrow('ECONNREFUSED');
  await node.startAgain();
  {
    await using peer = await openPeer(node.url);
    expect((await takeAll(peer, queue)).map((message) => String(message.content))).toEqual(['one', 'two']);
    expect(await queueState(peer, 'never-declared')).toBeUndefined();
  }
  await node.stop();
  await using next = await startBrokerNode();
  await using peer = await openPeer(next.url);
  expect(await queueState(peer, queue)).toBeUndefined();
});

test('a node asks its clients for the heartbeat that it was started with', async () => {
  await using node = await startBrokerNode({ heartbeat: 7 });
  // A client that names none gets the broker's.
  const connection = await connect(node.url, { noDelay: true });
  expect((connection.connection as unknown as { heartbeat: number }).heartbeat).toBe(7);
  await connection.close();
});

test('a memory alarm blocks a publishing connection until it is cleared, as often as it is set', async () => {
  await using node = await startBrokerNode();
  await using peer = await openPeer(node.url);
  const { queue } = await peer.channel.assertQueue('', { exclusive: true });
  for (let round = 0; round < 2; round++) {
    await node.setMemoryAlarm(true);
    const blocked = once(peer.connection, 'blocked');
    peer.channel.sendToQueue(queue, Buffer.from('x'));
    await blocked;
    const unblocked = once(peer.connection, 'unblocked');
    await node.setMemoryAlarm(false);
    await unblocked;
  }
});
