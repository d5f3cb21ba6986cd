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
    deepStrictEqual(roundTrip(sent), sent);
  });
});

const typed = fc.letrec<{ form: unknown }>((tie) => ({
  form: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.array(tie('form'), { maxLength: 3 }),
    fc.record({
      __type__: fc.constantFrom<unknown>(
        ...['datetime', 'date', 'time', 'decimal', 'uuid', 'base64', 'bytes', 'tq.number', 'tq.bigint', 'tq.undefined'],
        ...['tq.map', 'tq.set', 'tq.object', 'tq.unknown', 7],
      ),
      __value__: tie('form'),
    }),
  ),
})).form;

describe('deserialize', () => {
  it('throws nothing but poison, whatever text comes', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      typed.map((form) => JSON.stringify(form)),
    );
    fc.assert(
      fc.property(text, (json) => onlyPoison(() => deserialize(json))),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['{"__type__":"datetime","__value__":"soon"}', 'an ISO 8601 time as the __value__ of a datetime'],
    ['{"__type__":"datetime","__value__":5}', 'text as the __value__ of a datetime'],
    ['{"__type__":"uuid","__value__":{"hex":"xyz"}}', '32 hexadecimal digits as the __value__ of a uuid'],
    ['{"__type__":"tq.number","__value__":"12"}', 'NaN, Infinity, -Infinity or -0 as the __value__ of a tq.number'],
    ['{"__type__":"tq.bigint","__value__":"0x10"}', 'decimal digits as the __value__ of a tq.bigint'],
    ['{"__type__":"tq.bigint","__value__":""}', 'decimal digits as the __value__ of a tq.bigint'],
    ['{"__type__":"tq.map","__value__":[[1]]}', 'pairs of key and value as the __value__ of a tq.map'],
    ['{"__type__":"tq.set","__value__":{}}', 'a list as the __value__ of a tq.set'],
    ['{"__type__":"tq.object","__value__":[]}', 'an object as the __value__ of a tq.object'],
  ])('refuses %s', (text, expected) => {
    expect(thrownBy(() => deserialize(text))).toMatchObject({
      code: 'poison',
      message: expect.stringContaining(`Expected ${expected}, found `),
    });
  });

  it('refuses text that is no JSON without quoting it', () => {
    const error = thrownBy(() => deserialize('password=secret')) as Error;
    expect(error).toMatchObject({
      code: 'poison',
      message: 'Expected JSON, found 15 characters of text that do not parse as it.',
    });
    expect(error.cause).toBeUndefined();
  });

  it('refuses typed forms that are nested too deeply for the stack', () => {
    const text = `${'['.repeat(200_000)}{"__type__":1}${']'.repeat(200_000)}`;
    expect(thrownBy(() => deserialize(text))).toMatchObject({
      code: 'poison',
      message: expect.stringContaining('nested too deeply'),
    });
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error, none was thrown');
}

function onlyPoison(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ name: 'TqError', code: 'poison' });
  }
}
