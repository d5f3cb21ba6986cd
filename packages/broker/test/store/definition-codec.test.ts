import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FieldTable } from '../../src/field-value.js';
import { decodeBinding, decodeExchange, decodeQueue, encodeDefinition } from '../../src/store/definition-codec.js';
import { fieldTable } from '../wire/arbitraries.js';
import { binding, exchange, queue } from './scene.js';

it('gives definitions back as they were, with arguments of every type', () => {
  fc.assert(
    fc.property(fieldTable, fc.string(), (arguments_, name) => {
      const of = <D>(definition: D) => ({ vhost: '/', definition: { ...definition, arguments: arguments_ } });
      expect(decodeQueue(encodeDefinition(of(queue(name))))).toEqual(of(queue(name)));
      expect(decodeExchange(encodeDefinition(of(exchange(name))))).toEqual(of(exchange(name)));
      expect(decodeBinding(encodeDefinition(of(binding(name, 'q', 'k'))))).toEqual(of(binding(name, 'q', 'k')));
    }),
  );
});

it('takes arguments that are nested 15,000 deep', () => {
  let nested: FieldTable = [];
  for (let depth = 0; depth < 15_000; depth++) nested = [['', { tag: 'F', value: nested }]];
  const encoded = encodeDefinition({ vhost: '/', definition: { ...queue('q'), arguments: nested } });
  expect(encodeDefinition(decodeQueue(encoded)).equals(encoded)).toBe(true);
});

it('writes equal definitions alike, whatever the order of their properties', () => {
  const one = binding('x', 'q', 'k');
  const other = Object.fromEntries(Object.entries(one).reverse()) as unknown as typeof one;
  const encoded = [one, other].map((definition) => encodeDefinition({ vhost: '/', definition }));
  expect(encoded[0]).toEqual(encoded[1]);
});

it('refuses what is no definition', () => {
  expect(() => decodeQueue(Buffer.from('{"vhost":"/","definition":{"name":1,"arguments":""}}'))).toThrow(
    'expected name to be a string, found number',
  );
  expect(() => decodeQueue(Buffer.from('garbage'))).toThrow(SyntaxError);
});
