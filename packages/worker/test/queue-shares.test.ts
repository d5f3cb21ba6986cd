import { describe, expect, it } from 'vitest';
import { checkQueues, printQueues } from '../src/queue-shares.js';

describe('queues as text', () => {
  it.each([
    ['mail', { mail: undefined }],
    ['mail, math=2', { mail: undefined, math: 2 }],
    ['a=b=3', { 'a=b': 3 }],
    ['none', {}],
  ])('are read from %j, and printed so that they are read again', (text, slots) => {
    const shares = checkQueues(text, '--queues');
    expect(shares).toEqual(checkQueues(slots, 'queues'));
    expect(checkQueues(printQueues(shares), '--queues')).toEqual(shares);
  });

  it.each([
    ['a,', "--queues: expected names such as mail,math=2, found 'a,'"],
    ['=2', 'expected names'],
    ['a=', "expected a number of slots after 'a=', found ''"],
    ['a=two', "found 'two'"],
    ['a=0', "slots of 'a': expected a whole number from 1 to 1000, found 0"],
    ['a,b,a=2', "expected each queue once, found 'a' twice"],
  ])('are refused when they are %j', (text, message) => {
    expect(() => checkQueues(text, '--queues')).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(message) }),
    );
  });
});
