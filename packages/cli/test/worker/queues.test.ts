import { describe, expect, it } from 'vitest';
import { parseQueues } from '../../src/worker/queues.js';

describe('parseQueues', () => {
  it.each([
    ['mail', { mail: undefined }],
    ['mail, math=2', { mail: undefined, math: 2 }],
    ['a=b=3', { 'a=b': 3 }],
  ])('reads %j', (text, queues) => {
    expect(parseQueues(text)).toEqual(queues);
  });

  it.each([
    ['a,', "expected names such as mail,math=2, found 'a,'"],
    ['=2', 'expected names'],
    ['a=', "expected a number of slots after 'a=', found ''"],
    ['a=two', "found 'two'"],
    ['a,b,a=2', "'a' is named twice"],
  ])('refuses %j', (text, message) => {
    expect(() => parseQueues(text)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });
});
