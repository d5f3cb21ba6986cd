import { describe, expect, it } from 'vitest';
import { checkExpiration } from '../../src/session/expiration.js';

describe('the expiration of a message', () => {
  it.each([undefined, '0', '1', '+5', '007', '-0', '315360000000'])('may be %j', (text) => {
    expect(() => checkExpiration(text)).not.toThrow();
  });

  it.each([
    ['', 'no_integer'],
    ['soon', 'no_integer'],
    [' 1', 'no_integer'],
    ['1.5', '{leftover_string,".5"}'],
    ['10s', '{leftover_string,"s"}'],
    ['-1', '{value_negative,-1}'],
    ['315360000001', '{value_too_large,315360000001}'],
    ['9'.repeat(30), `{value_too_large,${'9'.repeat(30)}}`],
  ])('may not be %j', (text, reason) => {
    expect(() => checkExpiration(text)).toThrow(`PRECONDITION_FAILED - invalid expiration '${text}': ${reason}`);
  });
});
