import type { ChannelModel } from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshPrefix, openPeer, type Peer, queueState, takeAll } from '../../../../test/support/broker.js';
import { declare, ensureQueue, lookAtQueue, onThrowawayChannel } from '../../src/broker/declare.js';
import { replyQueueTopology, type TaskQueueSettings, taskQueueTopology } from '../../src/broker/topology.js';

let peer: Peer;
let model: ChannelModel;

beforeAll(async () => {
  peer = await openPeer();
  model = peer.connection;
});

afterAll(() => peer.close());

function settings(prefix: string): TaskQueueSettings {
  return { prefix, type: 'quorum', declare: 'full', own: {} };
}

it.each([
  ['quorum', {}],
  ['classic', { type: 'classic' as const }],
  ['classic with priorities', { own: { type: 'classic' as const, maxPriority: 5 } }],
  ["Celery's", { declare: 'bare' as const }],
])('RabbitMQ takes the declaration of a %s queue, twice, and dead letters arrive', async (_, changes) => {
  const prefix = freshPrefix();
  const queue = `${prefix}q`;
  const topology = taskQueueTopology(queue, { ...settings(prefix), ...changes });
  await declare(model, topology);
  await declare(model, topology);
  expect(await lookAtQueue(model, queue)).toEqual({ kind: 'there', messages: 0, consumers: 0 });
  const confirming = await model.createConfirmChannel();
  confirming.publish(`${prefix}tq.dead`, queue, Buffer.from('dead'), { mandatory: true });
  await confirming.waitForConfirms();
  expect((await takeAll(peer, `${queue}.dead`)).map(({ content }) => String(content))).toEqual(['dead']);
  await confirming.close();
});

it('says in which argument a queue differs, what was wanted and what is there', async () => {
  const prefix = freshPrefix();
  const queue = `${prefix}q`;
  await declare(model, taskQueueTopology(queue, { ...settings(prefix), own: { type: 'classic', maxPriority: 3 } }));
  const wanted = taskQueueTopology(queue, { ...settings(prefix), own: { type: 'classic', maxPriority: 5 } });
  await expect(declare(model, wanted)).rejects.toMatchObject({
    code: 'declaration-conflict',
    message: expect.stringMatching(/x-max-priority is to be '?5'?.*broker has '?3'?.*delete the queue/),
    fields: { name: queue, argument: 'x-max-priority' },
  });
});

it('says so when a queue is of the other type, and when an exchange is', async () => {
  const prefix = freshPrefix();
  const queue = `${prefix}q`;
  await declare(model, taskQueueTopology(queue, { ...settings(prefix), type: 'classic' }));
  await expect(declare(model, taskQueueTopology(queue, settings(prefix)))).rejects.toMatchObject({
    code: 'declaration-conflict',
    // Of the properties that differ the broker names this one; the queue of dead letters may have either type.
    fields: { name: queue, argument: 'x-overflow', found: 'none' },
  });
  await peer.channel.deleteExchange(`${prefix}tq.dead`);
  await peer.channel.assertExchange(`${prefix}tq.dead`, 'fanout');
  await expect(declare(model, taskQueueTopology(queue, settings(prefix)))).rejects.toMatchObject({
    code: 'declaration-conflict',
    message: expect.stringMatching(/exchange '.*tq\.dead' exists.*type is to be 'direct'.*has 'fanout'/),
  });
});

it('leaves the connection and its other channels alone when a declaration is refused', async () => {
  const name = `${freshPrefix()}q`;
  const other = await model.createChannel();
  await peer.channel.assertQueue(name, { durable: true });
  await expect(declare(model, replyQueueTopology(name))).rejects.toMatchObject({ code: 'declaration-conflict' });
  expect(await other.checkQueue(name)).toMatchObject({ messageCount: 0 });
  await other.close();
});

it('looks at a queue without making one', async () => {
  const name = `${freshPrefix()}q`;
  expect(await lookAtQueue(model, name)).toEqual({ kind: 'missing' });
  expect(await queueState(peer, name)).toBeUndefined();
  await peer.channel.assertQueue(name, { durable: true });
  peer.channel.sendToQueue(name, Buffer.from('x'));
  const { consumerTag } = await peer.channel.consume(name, () => undefined, { noAck: false });
  await peer.channel.cancel(consumerTag);
  await peer.channel.recover();
  expect(await lookAtQueue(model, name)).toEqual({ kind: 'there', messages: 1, consumers: 0 });
});

it("a look rejects when it is another connection's own queue, and does not call it missing", async () => {
  const name = `${freshPrefix()}q`;
  await peer.channel.assertQueue(name, { exclusive: true });
  await using stranger = await openPeer();
  await expect(lookAtQueue(stranger.connection, name)).rejects.toMatchObject({ code: 405 });
});

it('makes the queue that is missing, and leaves a foreign one as it is', async () => {
  const prefix = freshPrefix();
  const [missing, foreign] = [`${prefix}missing`, `${prefix}foreign`];
  await ensureQueue(model, missing, taskQueueTopology(missing, settings(prefix)));
  expect(await queueState(peer, `${missing}.dead`)).toEqual({ messages: 0, consumers: 0 });

  const own = { durable: true, arguments: { 'x-max-length': 7 } };
  await peer.channel.assertQueue(foreign, own);
  await ensureQueue(model, foreign, taskQueueTopology(foreign, settings(prefix)));
  expect(await queueState(peer, `${foreign}.dead`)).toBeUndefined();
  await peer.channel.assertQueue(foreign, own);
});

it('gives the throwaway channel back, whatever became of what it was for', async () => {
  const channels: { closed: boolean }[] = [];
  const watch = (ends: 'resolve' | 'reject') =>
    onThrowawayChannel(model, async (channel) => {
      const state = { closed: false };
      channels.push(state);
      channel.on('close', () => {
        state.closed = true;
      });
      if (ends === 'reject') throw new Error('mine');
      return 'mine';
    });
  await expect(watch('resolve')).resolves.toBe('mine');
  await expect(watch('reject')).rejects.toThrow('mine');
  expect(channels).toEqual([{ closed: true }, { closed: true }]);
});
