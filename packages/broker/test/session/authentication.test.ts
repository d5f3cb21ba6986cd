import { describe, expect, it } from 'vitest';
import { longString } from '../../src/field-value.js';
import { authenticate } from '../../src/session/authentication.js';
import { encodeTable } from '../../src/wire/field-table.js';

const USERS = new Map([
  ['guest', 'guest'],
  ['ünicode', 'pässword'],
  ['nobody', ''],
]);

function login(response: string, mechanism = 'PLAIN'): string | undefined {
  return authenticate(USERS, mechanism, Buffer.from(response));
}

describe('a login', () => {
  it('is that of a user with the right password', () => {
    expect([login('\0guest\0guest'), login('\0ünicode\0pässword'), login('\0nobody\0')]).toEqual([
      'guest',
      'ünicode',
      'nobody',
    ]);
  });

  it('may name an identity, which counts for nothing', () => {
    expect(login('admin\0guest\0guest')).toBe('guest');
  });

  it.each(['\0guest\0wrong', '\0guest\0', '\0guest\0guest ', '\0other\0guest', '\0\0', '\0GUEST\0guest'])(
    'fails with %j',
    (response) => {
      expect(login(response)).toBeUndefined();
    },
  );

  it.each(['', 'guest', 'guest\0guest', '\0guest\0guest\0'])('makes no sense with %j', (response) => {
    expect(() => login(response)).toThrow('SYNTAX_ERROR - response');
  });

  it('is taken as a table too, in any order', () => {
    const table = (...entries: [string, string][]) =>
      encodeTable(entries.map(([name, value]) => [name, longString(value)])).subarray(4);
    const amqplain = (response: Buffer) => authenticate(USERS, 'AMQPLAIN', response);
    expect(amqplain(table(['LOGIN', 'guest'], ['PASSWORD', 'guest']))).toBe('guest');
    expect(amqplain(table(['PASSWORD', 'pässword'], ['LOGIN', 'ünicode']))).toBe('ünicode');
    expect(amqplain(table(['LOGIN', 'guest'], ['PASSWORD', 'wrong']))).toBeUndefined();
    expect(() => amqplain(table(['LOGIN', 'guest']))).toThrow('missing LOGIN or PASSWORD');
    expect(() => amqplain(Buffer.from('garbage'))).toThrow('SYNTAX_ERROR');
  });

  it('takes no other mechanism', () => {
    expect(() => login('', 'EXTERNAL')).toThrow("COMMAND_INVALID - unknown authentication mechanism 'EXTERNAL'");
  });
});
