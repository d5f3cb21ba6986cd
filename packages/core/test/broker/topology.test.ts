import { expect, it } from 'vitest';
import { replyQueueTopology, type TaskQueueSettings, taskQueueTopology } from '../../src/broker/topology.js';

const QUORUM: TaskQueueSettings = { prefix: '', type: 'quorum', declare: 'full', own: {} };

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
      anyType: true,
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
      anyType: true,
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
  const [dead, own] = taskQueueTopology('math', { ...QUORUM, type: 'classic', own: { maxPriority: 10 } }).queues;
  expect(own?.arguments).toMatchObject({ 'x-max-priority': 10 });
  expect(dead?.arguments).not.toHaveProperty('x-max-priority');
});

it('a queue has what is said of it beside what tq needs, and drops messages only where it is told to', () => {
  const own = {
    durable: false,
    autoDelete: true,
    maxLength: 10,
    maxLengthBytes: 1_024,
    overflow: 'reject-publish-dlx',
    messageTtl: 5_000,
    expires: 60_000,
    singleActiveConsumer: true,
    arguments: { 'x-queue-mode': 'lazy' },
  } as const;
  const [, classic] = taskQueueTopology('q', { ...QUORUM, type: 'classic', own }).queues;
  expect(classic).toEqual({
    name: 'q',
    durable: false,
    autoDelete: true,
    arguments: {
      'x-queue-type': 'classic',
      'x-dead-letter-exchange': 'tq.dead',
      'x-dead-letter-routing-key': 'q',
      'x-max-length': 10,
      'x-max-length-bytes': 1_024,
      'x-overflow': 'reject-publish-dlx',
      'x-message-ttl': 5_000,
      'x-expires': 60_000,
      'x-single-active-consumer': true,
      'x-queue-mode': 'lazy',
    },
  });
  const [, quorum] = taskQueueTopology('q', { ...QUORUM, own: { maxLength: 5, deliveryLimit: 50 } }).queues;
  expect(quorum?.arguments).toMatchObject({
    'x-max-length': 5,
    'x-overflow': 'reject-publish',
    'x-dead-letter-strategy': 'at-least-once',
    'x-delivery-limit': 50,
  });
  const [, dropping] = taskQueueTopology('q', { ...QUORUM, own: { maxLength: 5, overflow: 'drop-head' } }).queues;
  expect(dropping?.arguments).toMatchObject({ 'x-overflow': 'drop-head' });
  expect(dropping?.arguments).not.toHaveProperty('x-dead-letter-strategy');
});

it('a bare queue has exactly what is said of it, and a passive one is not declared at all', () => {
  const bare = taskQueueTopology('q', { ...QUORUM, declare: 'bare', own: { type: 'quorum', maxLength: 3 } });
  expect(bare.queues[1]).toEqual({ name: 'q', arguments: { 'x-queue-type': 'quorum', 'x-max-length': 3 } });
  const passive = taskQueueTopology('q', { ...QUORUM, declare: 'passive', own: { durable: false } });
  expect(passive.queues[1]).toEqual({ name: 'q', arguments: {}, passive: true });
  expect(passive.queues[0]?.name).toBe('q.dead');
  expect(passive.bindings.some((binding) => 'queue' in binding && binding.queue === 'q')).toBe(false);
});

it("under Celery's preset the queue is as Celery declares it, and its dead letters lie beside it", () => {
  const topology = taskQueueTopology('celery', { ...QUORUM, type: 'classic', declare: 'bare' });
  expect(topology.queues.slice(0, 2)).toEqual([
    { name: 'celery.dead', arguments: expect.objectContaining({ 'x-queue-type': 'classic' }), anyType: true },
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
