import { expect, it } from 'vitest';
import { longString } from '../../src/field-value.js';
import { readAlternateExchange } from '../../src/model/exchange-arguments.js';
import { int } from './field-values.js';

it('an exchange names its alternate exchange with a text, or has none', () => {
  expect(readAlternateExchange('x', '/', [['alternate-exchange', longString('other')]])).toBe('other');
  expect(readAlternateExchange('x', '/', [['other', int(1)]])).toBeUndefined();
});

it('an exchange is refused with an alternate exchange of another type', () => {
  expect(() => readAlternateExchange('x', '/', [['alternate-exchange', int(1)]])).toThrow(
    "PRECONDITION_FAILED - invalid type 'signedint' for arg 'alternate-exchange' in exchange 'x' in vhost '/'",
  );
});
