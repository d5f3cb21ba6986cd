import { expect, it } from 'vitest';
import { MemoryGauge } from '../../src/model/memory-gauge.js';
import { restoreVhosts } from '../../src/model/restore.js';
import type { StoredMessage, StoredVhost } from '../../src/model/store.js';
import { ManualClock } from '../manual-clock.js';
import { RecordingStore } from '../recording-store.js';
import { messageOf } from './messages.js';
import { type Arguments, drain, queueDefinition } from './scene.js';

const clock = new ManualClock();

function vhost(id: number, queueArguments: Arguments = {}): StoredVhost {
  const definition = queueDefinition('q', { durable: true, arguments: queueArguments });
  return { exchanges: [], bindings: [], queues: [{ id, definition, delivered: new Map() }] };
}

function stored(body: string, expiresAt?: number): StoredMessage {
  return { message: messageOf(body, { persistent: true }), expiresAt, deliveryCount: 0 };
}

it('gives each queue its messages, whatever their virtual hosts and the order among queues', () => {
  const state = {
    nextQueueId: 3,
    nextPosition: 4,
    vhosts: new Map([
      ['/', vhost(1)],
      ['no longer asked for', vhost(2)],
    ]),
    messages: [[2, 0, stored('a')] as const, [1, 1, stored('b')] as const, [2, 3, stored('c')] as const],
  };
  const vhosts = restoreVhosts(['/', 'new'], state, environment());
  const held = Array.from(vhosts, ([name, { queues }]) => [name, ...Array.from(queues, (queue) => drain(queue))]);
  expect(held).toEqual([['/', ['b']], ['new'], ['no longer asked for', ['a', 'c']]]);
});

it('lets go of what has expired only when every queue has its messages', () => {
  const dying = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  const { queues } = vhost(1, dying);
  const dead = { id: 2, definition: queueDefinition('dead', { durable: true }), delivered: new Map() };
  const state = {
    nextQueueId: 3,
    nextPosition: 9,
    vhosts: new Map([['/', { exchanges: [], bindings: [], queues: [...queues, dead] }]]),
    messages: [[1, 0, stored('over', clock.wall() - 1)] as const, [2, 8, stored('was there')] as const],
  };
  const found = restoreVhosts([], state, environment()).get('/')?.queues.find('dead');
  expect(found && drain(found)).toEqual(['was there', 'over']);
});

function environment() {
  let position = 100;
  const store = new RecordingStore();
  const numbers = { nextQueueId: () => 100, nextPosition: () => position++, randomId: () => 'id' };
  return { clock, store, memory: new MemoryGauge(1_000_000), ...numbers };
}
