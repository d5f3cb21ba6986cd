import { expect, it } from 'vitest';
import { replyQueueTopology, type TaskQueueSettings, taskQueueTopology } from '../../src/broker/topology.js';

const QUORUM: TaskQueueSettings = { prefix: '', type: 'quorum', maxPriority: undefined, bare: false };

it('a quorum queue dead-letters at least once, refuses instead of dropping, and counts deliveries', () => {
  const { queues } = taskQueueTopology('math', QUORUM);
  expect(queues.slice(0, 2)).toEqual([
    {
      name: 'math.dead',
      arguments: {
        'x-queue-type': 'quorum',
        'x-message-ttl': 604_800_000,
        'x-max-length': 100_000,
        'x-overflow': 'drop-head',
        'x-delivery-limit': 2_147_483_647,
      },
    },
    {
      name: 'math',
      arguments: {
        'x-queue-type': 'quorum',
        'x-dead-letter-exchange': 'tq.dead',
        'x-dead-letter-routing-key': 'math',
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
        'x-delivery-limit': 30,
      },
    },
  ]);
});

it('a queue is where its dead letters come from, and where delayed messages come to; those that it misses are kept', () => {
  const { exchanges, queues, bindings } = taskQueueTopology('math', QUORUM);
  expect(exchanges).toEqual([
    { name: 'tq.dead', type: 'direct' },
    { name: 'tq.delay.lost', type: 'fanout' },
    { name: 'tq.delay.v1.deliver', type: 'topic', alternate: 'tq.delay.lost' },
  ]);
  expect(queues[2]).toEqual({ name: 'tq.delay.dead', arguments: queues[0]?.arguments, anyType: true });
  expect(bindings).toEqual([
    { queue: 'math.dead', exchange: 'tq.dead', routingKey: 'math' },
    { queue: 'tq.delay.dead', exchange: 'tq.delay.lost', routingKey: '' },
    { queue: 'math', exchange: 'tq.delay.v1.deliver', routingKey: `${'*.'.repeat(28)}math` },
  ]);
});

it('a classic queue has none of the arguments that classic queues refuse', () => {
  expect(taskQueueTopology('math', { ...QUORUM, type: 'classic' }).queues.slice(0, 2)).toEqual([
    {
      name: 'math.dead',
      arguments: {
        'x-queue-type': 'classic',
        'x-message-ttl': 604_800_000,
        'x-max-length': 100_000,
        'x-overflow': 'drop-head',
      },
    },
    {
      name: 'math',
      arguments: {
        'x-queue-type': 'classic',
        'x-dead-letter-exchange': 'tq.dead',
        'x-dead-letter-routing-key': 'math',
      },
    },
  ]);
});

it('priorities are for classic queues, and not for the dead letters', () => {
  const [dead, own] = taskQueueTopology('math', { ...QUORUM, type: 'classic', maxPriority: 10 }).queues;
  expect(own?.arguments).toMatchObject({ 'x-max-priority': 10 });
  expect(dead?.arguments).not.toHaveProperty('x-max-priority');
  const quorum = taskQueueTopology('math', { ...QUORUM, maxPriority: 10 });
  expect(quorum.queues.some((queue) => 'x-max-priority' in queue.arguments)).toBe(false);
});

it("under Celery's preset the queue is as Celery declares it, and its dead letters lie beside it", () => {
  const topology = taskQueueTopology('celery', { ...QUORUM, bare: true });
  expect(topology.queues.slice(0, 2)).toEqual([
    { name: 'celery.dead', arguments: expect.objectContaining({ 'x-queue-type': 'classic' }) },
    { name: 'celery', arguments: {} },
  ]);
  expect(topology.queues[0]?.arguments).not.toHaveProperty('x-delivery-limit');
  expect(topology.bindings[0]).toEqual({ queue: 'celery.dead', exchange: 'tq.dead', routingKey: 'celery' });
});

it('the prefix stands before the exchange; the queue brings its own', () => {
  const topology = taskQueueTopology('eu.math', { ...QUORUM, prefix: 'eu.' });
  expect(topology.exchanges.map(({ name }) => name)).toEqual([
    'eu.tq.dead',
    'eu.tq.delay.lost',
    'eu.tq.delay.v1.deliver',
  ]);
  expect(topology.queues.map(({ name }) => name)).toEqual(['eu.math.dead', 'eu.math', 'eu.tq.delay.dead']);
  expect(topology.queues[1]?.arguments['x-dead-letter-exchange']).toBe('eu.tq.dead');
  expect(topology.bindings[0]).toEqual({ queue: 'eu.math.dead', exchange: 'eu.tq.dead', routingKey: 'eu.math' });
});

it('a reply queue is classic, whatever the default, and goes away an hour after its client', () => {
  expect(replyQueueTopology('tq.reply.c1')).toEqual({
    exchanges: [],
    queues: [{ name: 'tq.reply.c1', arguments: { 'x-queue-type': 'classic', 'x-expires': 3_600_000 } }],
    bindings: [],
  });
});
