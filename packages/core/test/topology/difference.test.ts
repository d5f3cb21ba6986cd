import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Binding } from '../../src/broker/topology.js';
import { differencesOf, extraBindings, type KnownBinding, missingBindings } from '../../src/topology/difference.js';

const known = (source: string, destination: string, routingKey = '', own = {}): KnownBinding => ({
  ...{ source, destination, destinationType: 'queue', routingKey, arguments: own },
});
const declared = (bindings: readonly Binding[]) => ({
  exchanges: [{ name: 'logs', type: 'headers' as const }],
  queues: [{ name: 'q', arguments: {} }],
  bindings,
});

it('a binding is the same with its arguments in whatever order, and another one with others', () => {
  const own = { 'x-match': 'all', level: 3, tags: ['a', { b: 1 }] };
  const topology = declared([{ exchange: 'logs', queue: 'q', routingKey: 'k', arguments: own }]);
  const reordered = { tags: ['a', { b: 1 }], level: 3, 'x-match': 'all' };
  expect(missingBindings(topology, [known('logs', 'q', 'k', reordered)])).toEqual([]);
  expect(missingBindings(topology, [known('logs', 'q', 'k', { ...own, level: 4 })])).toEqual([
    expect.objectContaining({
      what: 'binding',
      kind: 'missing',
      name: 'logs to q',
      wanted: expect.stringContaining("key 'k'"),
    }),
  ]);
});

it('every binding is there, missing or of others, whatever there is', () => {
  const KEY = fc.constantFrom('', 'a', 'a.b');
  const BINDING = fc.oneof(
    fc.record({ exchange: fc.constantFrom('logs', 'amq.topic'), queue: fc.constantFrom('q'), routingKey: KEY }),
    fc.record({ exchange: fc.constantFrom('amq.topic'), to: fc.constantFrom('logs'), routingKey: KEY }),
  );
  const toKnown = (binding: Binding): KnownBinding =>
    'queue' in binding
      ? known(binding.exchange, binding.queue, binding.routingKey)
      : { ...known(binding.exchange, binding.to, binding.routingKey), destinationType: 'exchange' };
  const unique = fc.uniqueArray(BINDING, { selector: (binding) => JSON.stringify(binding) });
  fc.assert(
    fc.property(unique, unique, (wanted, there) => {
      const topology = declared(wanted as Binding[]);
      const found = (there as Binding[]).map(toKnown);
      const shared = wanted.filter((one) => there.some((other) => JSON.stringify(other) === JSON.stringify(one)));
      expect(missingBindings(topology, found)).toHaveLength(wanted.length - shared.length);
      expect(extraBindings(topology, found)).toHaveLength(there.length - shared.length);
    }),
  );
});

it('bindings to what others declare are not the concern of the app, nor those of the default exchange', () => {
  expect(extraBindings(declared([]), [known('logs', 'other'), known('', 'q', 'q'), known('logs', 'q')])).toEqual([
    known('logs', 'q'),
  ]);
});

it('names the option behind an argument, without the prefix, and that there may be more', () => {
  const differences = [
    { argument: 'x-max-length', wanted: 5, found: undefined },
    { argument: 'x-foo', wanted: 1, found: { a: 1 } },
  ];
  const found = differencesOf('queue', { name: 'eu.mail' }, { kind: 'different', differences, isWhole: false }, 'eu.');
  expect(found.map(({ property, wanted, found, fix }) => ({ property, wanted, found, fix }))).toEqual([
    {
      ...{ property: 'x-max-length', wanted: 5, found: undefined },
      fix: "Set maxLength of queues['mail'] to what the broker has, or move its messages to a new one: tq topology apply --migrate mail.",
    },
    {
      ...{ property: 'x-foo', wanted: 1, found: { a: 1 } },
      fix: expect.stringMatching(/^Set arguments of queues\['mail'\] .* There may be further differences/),
    },
  ]);
});

it('names no option for what tq keeps beside queues of tasks, since there is none', () => {
  const differences = [{ argument: 'x-message-ttl', wanted: 5, found: 6 }];
  const queue = { name: 'eu.mail.dead', anyType: true };
  const [found] = differencesOf('queue', queue, { kind: 'different', differences, isWhole: true }, 'eu.');
  expect(found?.fix).toBe('Declare it anew: tq topology apply --migrate mail.dead.');
});
