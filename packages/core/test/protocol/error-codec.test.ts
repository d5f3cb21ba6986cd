import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeError, encodeError, encodeRevocation } from '../../src/protocol/error-codec.js';

const throws = () => {
  throw new Error('from a trap');
};
const hostile = new Proxy(new Error('x'), { get: throws, getPrototypeOf: throws, has: throws, ownKeys: throws });
const revoked = Proxy.revocable(new Error('x'), {});
revoked.revoke();
const cycle: { self?: unknown } = {};
cycle.self = cycle;

/** What a caller reads of an error after its way over the wire. */
function overTheWire(thrown: unknown) {
  const { error, traceback } = encodeError(thrown);
  return decodeError(JSON.parse(JSON.stringify(error)), traceback);
}

describe('encodeError', () => {
  it('writes an error as Celery does, with the code and the stack', () => {
    const error = Object.assign(new RangeError('too far'), { code: 'ERR_FAR' });
    expect(encodeError(error)).toEqual({
      error: { exc_type: 'RangeError', exc_message: ['too far'], exc_module: 'tq', code: 'ERR_FAR' },
      traceback: error.stack,
    });
  });

  it('writes the chain of causes', () => {
    const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect(encodeError(new TypeError('outer', { cause })).error.cause).toEqual({
      exc_type: 'Error',
      exc_message: ['no such file'],
      exc_module: 'tq',
      code: 'ENOENT',
    });
  });

  it('ends a chain that has no end', () => {
    const error = new Error('mine');
    error.cause = error;
    let depth = 0;
    for (let at: unknown = encodeError(error).error; at !== undefined; at = (at as { cause?: unknown }).cause) depth++;
    expect(depth).toBe(6);
  });

  it.each<[string, unknown, string]>([
    ['a string', 'out of paper', 'out of paper'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 42, '42'],
    ['a bigint', 42n, '42'],
    ['a symbol', Symbol('why'), 'Symbol(why)'],
    ['a plain object', { status: 500 }, '{"status":500}'],
    ['an object that is a cycle', cycle, 'a value that JSON cannot carry (object)'],
  ])('names a thrown value that is no Error: %s', (_, thrown, message) => {
    expect(encodeError(thrown)).toEqual({
      error: { exc_type: 'NonErrorThrown', exc_message: [message], exc_module: 'tq' },
      traceback: null,
    });
  });

  // A table of names alone: vitest would print the values, and they throw at that.
  const unreadable: Record<string, unknown> = {
    'a proxy whose traps throw': hostile,
    'a revoked proxy': revoked.proxy,
    'an error whose getters throw': Object.defineProperties(
      new Error('x'),
      Object.fromEntries(['stack', 'name', 'message', 'code', 'cause'].map((name) => [name, { get: throws }])),
    ),
    'an object whose toJSON and toString throw': { toJSON: throws, toString: throws },
    'an error with such an object as its message': Object.assign(new Error(), {
      message: { toJSON: throws, toString: throws },
    }),
    'a function whose toString throws': Object.defineProperty(() => 1, 'toString', { value: throws }),
    'an error with a hostile cause': new Error('outer', { cause: hostile }),
  };

  it.each(Object.keys(unreadable))('writes %s without throwing', (name) => {
    const { error, traceback } = encodeError(unreadable[name]);
    expect(typeof error.exc_type).toBe('string');
    expect(typeof error.exc_message[0]).toBe('string');
    expect(traceback === null || typeof traceback === 'string').toBe(true);
    expect(() => JSON.stringify(error)).not.toThrow();
  });

  it('takes an error of another realm for what it is', () => {
    expect(overTheWire(runInNewContext('new RangeError("elsewhere")'))).toMatchObject({
      name: 'RangeError',
      message: 'elsewhere',
      stack: expect.stringContaining('RangeError: elsewhere'),
    });
  });

  it('cuts long texts and says how long they were', () => {
    const error = new Error('m'.repeat(50_000));
    error.name = 'N'.repeat(1_000);
    error.stack = 's'.repeat(90_000);
    const { error: written, traceback } = encodeError(error);
    expect(written.exc_type).toBe(`${'N'.repeat(200)}… (1000 characters)`);
    expect(written.exc_message).toEqual([`${'m'.repeat(10_000)}… (50000 characters)`]);
    expect(traceback).toBe(`${'s'.repeat(20_000)}… (90000 characters)`);
  });

  it('never throws, whatever is thrown', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withSparseArray: true, withNullPrototype: true }),
        (thrown) => {
          expect(() => JSON.stringify(encodeError(thrown))).not.toThrow();
        },
      ),
    );
  });
});

describe('decodeError', () => {
  it('gives back what was encoded', () => {
    const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const error = new TypeError('outer', { cause });
    expect(overTheWire(error)).toEqual({
      name: 'TypeError',
      message: 'outer',
      stack: error.stack,
      code: undefined,
      cause: { name: 'Error', message: 'no such file', stack: undefined, code: 'ENOENT', cause: undefined },
    });
  });

  it.each<[string, unknown, string]>([
    ['a list of a text', { exc_message: ['kaput'] }, 'kaput'],
    ['several arguments', { exc_message: ['a', 1, { b: null }] }, 'a, 1, {"b":null}'],
    ['a text', { exc_message: 'kaput' }, 'kaput'],
    ['no arguments', { exc_message: [] }, ''],
    ['a result that is a text', 'terminated', 'terminated'],
    ['a result that is nothing', undefined, ''],
    ['arguments that JSON cannot carry', { exc_message: [1n, [1n]] }, '1, a value that JSON cannot carry (object)'],
  ])('reads the message from %s', (_, result, message) => {
    expect(decodeError(result, null).message).toBe(message);
  });

  it('follows causes five deep and no further', () => {
    let wire: Record<string, unknown> = {};
    for (let level = 0; level < 100_000; level++) wire = { exc_type: 'E', exc_message: [], cause: wire };
    let depth = 0;
    for (let at = decodeError(wire, null).cause; at !== undefined; at = at.cause) depth++;
    expect(depth).toBe(5);
  });

  it('never throws, whatever came', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true }), fc.anything(), (result, traceback) => {
        expect(typeof decodeError(result, traceback).message).toBe('string');
        expect(typeof decodeError({ exc_message: result, cause: result }, traceback).message).toBe('string');
      }),
    );
  });
});

it('a revocation carries what the task said of it, where that is more than the word', () => {
  const celerys = { name: 'TaskRevokedError', message: 'ignored' };
  const said = encodeRevocation('ignored', encodeError(new Error('done already')));
  expect(decodeError(said.error, null)).toMatchObject({ ...celerys, cause: { message: 'done already' } });
  const silent = encodeRevocation('ignored', encodeError(new Error('ignored')));
  expect(decodeError(silent.error, null)).toMatchObject({ ...celerys, cause: undefined });
});
