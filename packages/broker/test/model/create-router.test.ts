import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from '../../src/model/create-router.js';
import type { ExchangeType } from '../../src/model/definitions.js';
import type { Route } from '../../src/model/router.js';

const TYPES: readonly ExchangeType[] = ['direct', 'fanout', 'topic', 'headers'];

function routeFor(destination: number, routingKey: string): Route<number> {
  return { destination, routingKey, arguments: [] };
}

function routed(type: ExchangeType, bindings: readonly string[], key: string): number[] {
  const router = createRouter<number>(type);
  for (const [index, binding] of bindings.entries()) router.add(routeFor(index, binding));
  const found: number[] = [];
  router.route(
    key,
    () => [],
    (destination) => found.push(destination),
  );
  return found.sort();
}

describe('a message to an exchange', () => {
  const bindings = ['a.b', 'a.*', '#', 'A.b', 'a.b'];

  it('goes where its key is bound, with direct', () => {
    expect(routed('direct', bindings, 'a.b')).toEqual([0, 4]);
    expect(routed('direct', bindings, 'a.*')).toEqual([1]);
  });

  it('goes everywhere, with fanout', () => {
    expect(routed('fanout', bindings, 'whatever')).toEqual([0, 1, 2, 3, 4]);
  });

  it('goes where its key fits, with topic', () => {
    expect(routed('topic', bindings, 'a.b')).toEqual([0, 1, 2, 4]);
  });

  it('goes where nothing is asked for, with headers', () => {
    expect(routed('headers', bindings, '')).toEqual([0, 1, 2, 3, 4]);
  });
});

describe.each(TYPES)('a %s exchange', (type) => {
  it('no longer finds a binding that was removed, and still finds its equals', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), (removed) => {
        const router = createRouter<number>(type);
        const routes = removed.map((_, index) => routeFor(index, 'key'));
        for (const route of routes) router.add(route);
        for (const [index, route] of routes.entries()) if (removed[index]) router.remove(route);
        const found: number[] = [];
        router.route(
          'key',
          () => [],
          (destination) => found.push(destination),
        );
        expect(found).toEqual([...removed.keys()].filter((index) => !removed[index]));
      }),
    );
  });
});
