import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deserialize } from '../../src/protocol/serializer.js';
import { thrownBy } from './thrown-by.js';

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

function onlyPoison(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ name: 'TqError', code: 'poison' });
  }
}
