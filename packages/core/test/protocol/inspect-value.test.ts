import { deepStrictEqual } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { deserialize, serialize } from '../../src/protocol/serializer.js';
import { thrownBy } from './thrown-by.js';

const TQ = { tqTypes: true };
const CELERY = { tqTypes: false };

class Account {
  id = 1;
}
const cycle: { self?: unknown } = {};
cycle.self = [cycle];
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const nest = (levels: number) => {
  let nested: unknown = 0;
  for (let level = 0; level < levels; level++) nested = [nested];
  return nested;
};

describe('serialize refuses, naming path and finding', () => {
  it.each<[string, unknown, string, string]>([
    ['a function', [() => 1], 'args[0]', 'a function'],
    ['a symbol', { a: { b: Symbol('x') } }, 'args.a.b', 'a symbol'],
    ['an Error', [1, new RangeError('x')], 'args[1]', 'an instance of RangeError'],
    [
      'a class without toJSON',
      { list: [{ 'odd key': new Account() }] },
      'args.list[0]["odd key"]',
      'an instance of Account',
    ],
    ['a promise', [Promise.resolve(1)], 'args[0]', 'an instance of Promise'],
    ['a RegExp', /x/, 'args', 'an instance of RegExp'],
    ['a boxed number', [Object(1)], 'args[0]', 'an instance of Number'],
    ['an ArrayBuffer', [new ArrayBuffer(1)], 'args[0]', 'an instance of ArrayBuffer'],
    ['a WeakMap', [new WeakMap()], 'args[0]', 'an instance of WeakMap'],
    ['an iterator', [new Map().keys()], 'args[0]', 'an instance of '],
    ['another typed array', { a: new Float64Array(1) }, 'args.a', 'a Float64Array'],
    ['an invalid Date', [[new Date(Number.NaN)]], 'args[0][0]', 'an invalid Date'],
    ['a cycle', cycle, 'args.self[0]', 'a value that contains itself'],
    ['a function in a Map', new Map([['k', () => 1]]), 'args[0][1]', 'a function'],
    ['a function in what toJSON gives', [{ toJSON: () => ({ f: () => 1 }) }], 'args[0].toJSON().f', 'a function'],
    [
      'a toJSON that gives itself',
      [
        {
          toJSON() {
            return this;
          },
        },
      ],
      'args[0].toJSON()',
      'a value that contains itself',
    ],
    ['more than 500 levels', nest(501), 'args[0][0]', 'more than 500 levels'],
    [
      'levels without an end',
      [
        {
          toJSON: function endless() {
            return { toJSON: endless };
          },
        },
      ],
      'args[0].toJSON()',
      'more than 500 levels',
    ],
    ['200,000 levels', nest(200_000), 'args[0][0]', 'more than 500 levels'],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('mine');
        },
      },
      'args',
      'one that throws when it is read',
    ],
    [
      'a toJSON that throws',
      [
        {
          toJSON() {
            throw 'mine';
          },
        },
      ],
      'args',
      'one that throws when it is read',
    ],
    ['a revoked proxy', [revoked.proxy], 'args', 'one that throws when it is read'],
    [
      'a getter that throws a revoked proxy',
      {
        get a() {
          throw revoked.proxy;
        },
      },
      'args',
      'one that throws when it is read',
    ],
  ])('%s', (_, sent, path, found) => {
    const error = thrownBy(() => serialize(sent, 'args', TQ)) as Error & { code: string; fields: { path: string } };
    expect(error.code).toBe('unserialisable');
    expect(error.message.startsWith(`${path}`)).toBe(true);
    expect(error.message).toContain(`expected a value that JSON can carry, found ${found}`);
    expect(error.message.length).toBeLessThan(500);
    expect(error.message.startsWith(error.fields.path)).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ['a BigInt', [1n], 'args[0]'],
    ['a Map', { a: new Map() }, 'args.a'],
    ['a Set', [[new Set()]], 'args[0][0]'],
    ['NaN', [Number.NaN], 'args[0]'],
    ['Infinity', { n: Number.POSITIVE_INFINITY }, 'args.n'],
    ['-0', [-0], 'args[0]'],
    ['undefined', [1, undefined, 2], 'args[1]'],
    ['an object with the key __type__', { a: { __type__: 'x' } }, 'args.a'],
    ['a Date outside the years 1 to 9999', [new Date(8.64e15)], 'args[0]'],
  ])('%s where Python must read it', (found, sent, path) => {
    const message = `${path}: expected a value that JSON can carry, found ${found}, which Python cannot read (preset celery); pass plain JSON.`;
    expect(() => serialize(sent, 'args', CELERY)).toThrow(expect.objectContaining({ code: 'unserialisable', message }));
    deepStrictEqual(deserialize(serialize(sent, 'args', TQ)), sent);
  });
});
