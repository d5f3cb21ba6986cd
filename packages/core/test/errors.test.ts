import { describe, expect, it } from 'vitest';
import { hasCode, TqError, toError } from '../src/errors.js';

const revoked = Proxy.revocable(new Error('x'), {});
revoked.revoke();

describe('toError', () => {
  it('gives an Error back as it is', () => {
    const error = new RangeError('x');
    expect(toError(error)).toBe(error);
  });

  it.each([
    ['a text', 'a text'],
    [undefined, 'Thrown value that is not an Error: undefined'],
    [Symbol('x'), 'Thrown value that is not an Error: Symbol(x)'],
    [[1], 'Thrown value that is not an Error: [object Array]'],
  ])('makes an Error of %s, with the value as its cause', (thrown, message) => {
    expect(toError(thrown)).toMatchObject({ message, cause: thrown });
  });

  it('takes a value that throws when it is looked at', () => {
    expect(toError(revoked.proxy).message).toBe('Thrown value that is not an Error: a value that cannot be read');
  });
});

describe('hasCode', () => {
  it('knows an error of tq by its code, whichever copy of the package made it', () => {
    expect(hasCode(new TqError('poison', 'x'), 'poison')).toBe(true);
    expect(hasCode(Object.assign(new Error('x'), { code: 'poison' }), 'poison')).toBe(true);
    expect(hasCode(new TqError('closed', 'x'), 'poison')).toBe(false);
    expect(hasCode({ code: 'poison' }, 'poison')).toBe(false);
  });

  it('takes a value that throws when it is looked at for none of tq’s', () => {
    expect(hasCode(revoked.proxy, 'poison')).toBe(false);
  });
});
