import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinBody, splitBody } from '../../src/protocol/body-parts.js';

it('gives each part as it stands there', () => {
  expect(splitBody(' [ [1, "],\\\\\\"[" ], {"k": 12345678901234567890} ,null ] ')).toEqual({
    args: '[1, "],\\\\\\"[" ]',
    kwargs: '{"k": 12345678901234567890}',
    embed: 'null',
  });
});

it('finds the three parts of every body, and puts them together again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), fc.nat(3), (args, kwargs, embed, indent) => {
      const parts = splitBody(JSON.stringify([args, kwargs, embed], undefined, indent));
      if (parts === undefined) throw new Error('expected parts');
      expect([parts.args, parts.kwargs, parts.embed].map((part) => JSON.parse(part))).toEqual(
        JSON.parse(JSON.stringify([args, kwargs, embed])),
      );
      expect(splitBody(joinBody(parts))).toEqual(parts);
    }),
  );
});

it.each(['', '7', '{}', '[]', '[1,2]', '[1,2,3,4]', '[1,2,3', '[[1],[2],[3]] x', '"[1,2,3]"'])(
  'is nothing for %j',
  (text) => {
    expect(splitBody(text)).toBeUndefined();
  },
);
