import { deepStrictEqual } from 'node:assert';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deserialize, serialize } from '../../src/protocol/serializer.js';

const TQ = { tqTypes: true };
const CELERY = { tqTypes: false };

const roundTrip = (value: unknown) => deserialize(serialize(value, 'args', TQ));

const key = fc.oneof(fc.string(), fc.constantFrom('__type__', '__value__', '__proto__', 'toJSON', 'constructor', 'a'));
const scalar = fc.oneof(
  fc.constantFrom<unknown>(null, true, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, '__type__'),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(fc.oneof(tie('value'), fc.constant(undefined)), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
}));

describe('serialize and deserialize', () => {
  it('carry every value that is data, to the last bit', () => {
    fc.assert(
      fc.property(value, (sent) => {
        deepStrictEqual(roundTrip(sent), sent);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['undefined', undefined],
    ['undefined in an array', [1, undefined, 3]],
    ['NaN', Number.NaN],
    ['negative zero', [-0, 0]],
    ['a nested __type__ key', { a: [{ __type__: 'datetime', __value__: 'mine' }] }],
    ['a __type__ key within a __type__ object', { __type__: 1, b: { __type__: { __type__: 'tq.map' } } }],
    ['an own __proto__ key', JSON.parse('{"__proto__":{"polluted":true},"n":1}')],
    [
      'an own __proto__ key beside a typed value',
      Object.fromEntries([
        ['__proto__', { polluted: true }],
        ['at', new Date(0)],
      ]),
    ],
    ['a key of a Map that is an object', new Map([[{ a: 1 }, new Set([1n])]])],
    ['the last date there is', new Date(8.64e15)],
    ['the first date there is', new Date(-8.64e15)],
    ['a bigint beyond 2^64', -(2n ** 200n)],
    ['a lone surrogate', ['\ud800', '\udc00x']],
    ['no bytes', new Uint8Array(0)],
  ])('carry %s', (_, sent) => {
    deepStrictEqual(roundTrip(sent), sent);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keep lone surrogates through UTF-8 bytes', () => {
    const bytes = Buffer.from(serialize('\ud800', 'args', TQ));
    expect(deserialize(bytes.toString('utf8'))).toBe('\ud800');
  });

  it('keep the order of maps and sets', () => {
    expect([
      ...(
        roundTrip(
          new Map([
            ['b', 1],
            ['a', 2],
          ]),
        ) as Map<string, number>
      ).keys(),
    ]).toEqual(['b', 'a']);
    expect([...(roundTrip(new Set([3, 1, 2])) as Set<number>)]).toEqual([3, 1, 2]);
  });

  it('write plain data as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (sent) => {
        fc.pre(
          !JSON.stringify(sent).includes('__type__') &&
            !JSON.stringify(sent, (_, v) => (Object.is(v, -0) ? '-0' : v)).includes('"-0"'),
        );
        expect(serialize(sent, 'args', TQ)).toBe(JSON.stringify(sent));
        expect(serialize(sent, 'args', CELERY)).toBe(JSON.stringify(sent));
      }),
    );
  });

  it('leave out a property that is undefined, beside plain and beside typed values', () => {
    expect(roundTrip({ a: undefined, b: 1 })).toStrictEqual({ b: 1 });
    expect(roundTrip({ a: undefined, b: 1n })).toStrictEqual({ b: 1n });
  });

  it('fill the holes of an array with undefined', () => {
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    expect(roundTrip([1, , 3])).toStrictEqual([1, undefined, 3]);
  });

  it('give a Buffer back as a Uint8Array of its own memory', () => {
    const read = roundTrip(Buffer.from('abc').subarray(1)) as Uint8Array;
    expect(read.constructor).toBe(Uint8Array);
    expect(read).toStrictEqual(new Uint8Array([98, 99]));
    expect(read.buffer.byteLength).toBe(2);
  });

  it('take what toJSON makes of an instance', () => {
    class Money {
      constructor(readonly cents: bigint) {}
      toJSON() {
        return { cents: this.cents, seen: [new URL('https://example.org/')] };
      }
    }
    expect(roundTrip({ price: new Money(5n) })).toStrictEqual({ price: { cents: 5n, seen: ['https://example.org/'] } });
  });

  it('take objects without a prototype and of another realm', () => {
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
    expect(roundTrip(runInNewContext('({ a: [1, { b: 2 }] })'))).toStrictEqual({ a: [1, { b: 2 }] });
  });

  it('carry a shared object twice, since that is no cycle', () => {
    const shared = { a: 1 };
    expect(roundTrip([shared, shared])).toStrictEqual([{ a: 1 }, { a: 1 }]);
  });

  it('carry 500 levels', () => {
    let nested: unknown = 1n;
    for (let level = 0; level < 500; level++) nested = level % 2 === 0 ? [nested] : { a: nested };
    deepStrictEqual(roundTrip(nested), nested);
  });
});

describe('a typed form for Python', () => {
  it('is kombu’s, with a zone that every Python reads', () => {
    expect(serialize([new Date(1_500)], 'args', CELERY)).toBe(
      '[{"__type__":"datetime","__value__":"1970-01-01T00:00:01.500+00:00"}]',
    );
    expect(serialize(new Uint8Array([255, 0]), 'args', CELERY)).toBe('{"__type__":"base64","__value__":"/wA="}');
  });

  it.each([
    ['{"__type__": "datetime", "__value__": "2026-11-20T09:47:52.587216+00:00"}', new Date('2026-11-20T09:47:52.587Z')],
    ['{"__type__": "datetime", "__value__": "2026-11-20T09:47:52"}', new Date('2026-11-20T09:47:52Z')],
    ['{"__type__": "date", "__value__": "2026-11-20"}', '2026-11-20'],
    ['{"__type__": "time", "__value__": "09:47:52"}', '09:47:52'],
    ['{"__type__": "decimal", "__value__": "1.10"}', '1.10'],
    ['{"__type__": "bytes", "__value__": "h\u00e9"}', new Uint8Array([104, 195, 169])],
    ['{"__type__": "base64", "__value__": "/wA="}', new Uint8Array([255, 0])],
    [
      '{"__type__": "uuid", "__value__": {"hex": "67119e579352488f9b36dadd8057ae79", "version": 4}}',
      '67119e57-9352-488f-9b36-dadd8057ae79',
    ],
    ['{"__type__": "app.Point", "__value__": [1]}', { __type__: 'app.Point', __value__: [1] }],
    ['{"__type__": "datetime", "__value__": "x", "more": 1}', { __type__: 'datetime', __value__: 'x', more: 1 }],
  ])('is read from %s', (text, expected) => {
    expect(deserialize(text)).toStrictEqual(expected);
  });
});
