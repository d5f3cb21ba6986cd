import { describe, expect, it } from 'vitest';
import { createAppTopology, type TopologySettings } from '../../src/broker/app-topology.js';
import type { Topology } from '../../src/broker/topology.js';
import { type AppOptions, resolveOptions } from '../../src/options.js';

/** Of an app with these options, checked as an app checks them. */
function topologyOf(options: Pick<AppOptions, 'queues' | 'exchanges' | 'prefix' | 'preset' | 'queueType'>) {
  const settings: TopologySettings = resolveOptions(options, {});
  return createAppTopology(settings);
}

/** Without what every task queue has. */
function ownNames({ exchanges, queues, bindings }: Topology) {
  const isOwn = (name: string) => !/(^|\.)tq\.|\.dead$/.test(name);
  return {
    exchanges: exchanges.map(({ name }) => name).filter(isOwn),
    queues: queues.map(({ name }) => name).filter(isOwn),
    bindings: bindings
      .filter(({ exchange }) => isOwn(exchange))
      .map((one) => `${one.exchange} ${one.routingKey} > ${'queue' in one ? one.queue : one.to}`),
  };
}

const CHAIN = {
  exchanges: {
    first: { type: 'topic', alternate: 'lost' },
    second: { type: 'fanout', bindings: [{ exchange: 'first', key: ['a.#', 'b'] }] },
    third: { type: 'headers', bindings: [{ exchange: 'second' }] },
    lost: { type: 'fanout' },
    apart: { type: 'direct' },
  },
  queues: {
    end: { bindings: [{ exchange: 'third', headers: { colour: 'red', seats: null } }] },
    lost: { bindings: [{ exchange: 'lost' }] },
    other: { bindings: [{ exchange: 'apart', key: 'k' }] },
  },
} satisfies AppOptions;

describe('the topology of an app', () => {
  it('brings a queue with the exchanges behind it, all the way, and their alternates', () => {
    const topology = topologyOf(CHAIN).ofQueue('end');
    expect(ownNames(topology)).toEqual({
      exchanges: ['third', 'second', 'first', 'lost'],
      queues: ['end'],
      bindings: ['first a.# > second', 'first b > second', 'second  > third', 'third  > end'],
    });
    expect(topology.exchanges.find(({ name }) => name === 'first')).toMatchObject({ type: 'topic', alternate: 'lost' });
    expect(topology.bindings.find(({ exchange }) => exchange === 'third')).toMatchObject({
      arguments: { 'x-match': 'all', colour: 'red', seats: null },
    });
  });

  it('brings an exchange with all that it leads to, by its alternate too, and nothing else', () => {
    const { ofExchange } = topologyOf(CHAIN);
    expect(ownNames(ofExchange('first') as Topology)).toEqual({
      exchanges: ['first', 'lost', 'second', 'third'],
      queues: ['end', 'lost'],
      bindings: expect.arrayContaining(['third  > end', 'lost  > lost', 'first b > second']),
    });
    expect(ownNames(ofExchange('apart') as Topology).queues).toEqual(['other']);
    expect(ofExchange('amq.topic')).toBeUndefined();
    expect(ofExchange('constructor')).toBeUndefined();
  });

  it('ends where exchanges are bound in a circle, or are the alternates of each other', () => {
    const { ofQueue, ofExchange, whole } = topologyOf({
      exchanges: {
        a: { type: 'fanout', bindings: [{ exchange: 'b' }], alternate: 'b' },
        b: { type: 'fanout', bindings: [{ exchange: 'a' }], alternate: 'a' },
      },
      queues: { q: { bindings: [{ exchange: 'a' }] } },
    });
    const all = {
      exchanges: ['a', 'b'],
      queues: ['q'],
      bindings: expect.arrayContaining(['a  > b', 'b  > a', 'a  > q']),
    };
    expect(ownNames(ofQueue('q'))).toEqual(all);
    expect(ownNames(ofExchange('b') as Topology)).toMatchObject({ queues: ['q'] });
    expect(ownNames(whole(['q']))).toEqual(all);
  });

  it('has everything once, whatever it is reached by', () => {
    const topology = topologyOf(CHAIN).whole(['tq', 'end']);
    const { exchanges, queues, bindings } = topology;
    for (const names of [exchanges, queues]) {
      const list = names.map(({ name }) => name);
      expect(new Set(list).size).toBe(list.length);
    }
    expect(new Set(bindings.map((one) => JSON.stringify(one))).size).toBe(bindings.length);
    expect(ownNames(topology)).toMatchObject({
      exchanges: expect.arrayContaining(Object.keys(CHAIN.exchanges)),
      queues: ['tq', 'end', 'lost', 'other'],
    });
  });

  it('puts the prefix before every name but those of the broker', () => {
    const { ofQueue, ofExchange } = topologyOf({
      prefix: 'eu.',
      exchanges: { logs: { type: 'topic', alternate: 'amq.fanout', bindings: [{ exchange: 'amq.topic', key: '#' }] } },
      queues: { q: { bindings: [{ exchange: 'logs', key: 'x' }, { exchange: 'foreign' }] } },
    });
    const { exchanges } = ofQueue('eu.q');
    const named = Object.fromEntries(exchanges.map((one) => [one.name, one]));
    expect(named).toMatchObject({
      'eu.logs': { type: 'topic', alternate: 'amq.fanout' },
      'amq.topic': { passive: true },
      'amq.fanout': { passive: true },
      'eu.foreign': { passive: true },
    });
    expect(ofExchange('eu.logs')).toBeDefined();
    expect(ofExchange('logs')).toBeUndefined();
  });

  it('declares the exchanges of events with whatever is bound to them, and not for their own sake', () => {
    const { ofQueue, whole, ofExchange } = topologyOf({
      queues: { audit: { bindings: [{ exchange: 'tq.events', key: 'orders.#' }] } },
    });
    expect(ofQueue('audit').exchanges).toContainEqual({ name: 'tq.events', type: 'topic' });
    expect(ofExchange('tq.events')?.bindings).toContainEqual({
      exchange: 'tq.events',
      queue: 'audit',
      routingKey: 'orders.#',
    });
    expect(
      topologyOf({})
        .whole(['tq'])
        .exchanges.map(({ name }) => name),
    ).not.toContain('tq.events');
    expect(whole([]).exchanges.map(({ name }) => name)).toContain('tq.events');
  });
});

describe('what is published', () => {
  const { isTransient } = topologyOf({
    prefix: 'eu.',
    queueType: 'classic',
    exchanges: {
      gauges: { type: 'topic', durable: false },
      mixed: { type: 'topic', durable: false },
      behind: { type: 'fanout', bindings: [{ exchange: 'mixed', key: '#' }] },
    },
    queues: {
      gauges: { durable: false, bindings: [{ exchange: 'gauges', key: '#' }] },
      kept: { bindings: [{ exchange: 'behind' }] },
    },
  });

  it.each([
    ['to a queue that does not outlive the broker', { exchange: '', routingKey: 'eu.gauges' }, true],
    ['to one that does', { exchange: '', routingKey: 'eu.kept' }, false],
    ['through an exchange that does not, to such queues alone', { exchange: 'eu.gauges', routingKey: 'a' }, true],
    ['through one that leads to a durable queue', { exchange: 'eu.mixed', routingKey: 'a' }, false],
    ['to what nobody has configured', { exchange: 'elsewhere', routingKey: 'eu.gauges' }, false],
  ])('%s need not outlive it either: %o is %s', (_, route, transient) => {
    expect(isTransient?.(route)).toBe(transient);
  });

  it('is never asked about where everything is durable', () => {
    expect(topologyOf(CHAIN).isTransient).toBeUndefined();
  });
});
