import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FieldTable, FieldValue } from '../../src/field-value.js';
import { decodeBinding, decodeExchange, decodeQueue, encodeDefinition } from '../../src/store/definition-codec.js';
import { binding, exchange, queue } from './scene.js';

const bytes = fc.uint8Array({ maxLength: 8 }).map((value) => Buffer.from(value));
const { table } = fc.letrec<{ value: FieldValue; table: FieldTable }>((tie) => ({
  table: fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.record({ tag: fc.constant('t' as const), value: fc.boolean() }),
    fc.record({ tag: fc.constantFrom('b', 'B', 's', 'u', 'I', 'i'), value: fc.integer() }),
    fc.record({ tag: fc.constantFrom('l', 'T'), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ tag: fc.constantFrom('f', 'd', 'D', 'S', 'x'), value: bytes }),
    fc.constant({ tag: 'V' as const, value: undefined }),
    fc.record({ tag: fc.constant('A' as const), value: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ tag: fc.constant('F' as const), value: tie('table') }),
  ) as fc.Arbitrary<FieldValue>,
}));

it('gives definitions back as they were, with arguments of every type', () => {
  fc.assert(
    fc.property(table, fc.string(), (arguments_, name) => {
      const of = <D>(definition: D) => ({ vhost: '/', definition: { ...definition, arguments: arguments_ } });
      expect(decodeQueue(encodeDefinition(of(queue(name))))).toEqual(of(queue(name)));
      expect(decodeExchange(encodeDefinition(of(exchange(name))))).toEqual(of(exchange(name)));
      expect(decodeBinding(encodeDefinition(of(binding(name, 'q', 'k'))))).toEqual(of(binding(name, 'q', 'k')));
    }),
  );
});

it('writes equal definitions alike, whatever the order of their properties', () => {
  const one = binding('x', 'q', 'k');
  const other = Object.fromEntries(Object.entries(one).reverse()) as unknown as typeof one;
  const encoded = [one, other].map((definition) => encodeDefinition({ vhost: '/', definition }));
  expect(encoded[0]).toEqual(encoded[1]);
});

it('refuses what is no definition', () => {
  expect(() => decodeQueue(Buffer.from('{"vhost":"/","definition":{"name":1}}'))).toThrow(
    'expected name to be a string, found number',
  );
  expect(() => decodeQueue(Buffer.from('garbage'))).toThrow(SyntaxError);
});
