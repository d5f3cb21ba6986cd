import { timingSafeEqual } from 'node:crypto';
import { AmqpError } from '../errors.js';

/** Who may connect: passwords by user names. */
export type Users = ReadonlyMap<string, string>;

/** The mechanisms on offer (connection.start). */
export const MECHANISMS: Buffer = Buffer.from('PLAIN');

/**
 * The user that a response of SASL's PLAIN names (RFC 4616: identity, NUL, user, NUL, password).
 * @returns undefined when there is no such user or the password is another
 * @throws {AmqpError} COMMAND_INVALID for another mechanism, SYNTAX_ERROR for a response that is none
 */
export function authenticate(users: Users, mechanism: string, response: Buffer): string | undefined {
  if (mechanism !== 'PLAIN') {
    throw new AmqpError('COMMAND_INVALID', `unknown authentication mechanism '${mechanism}'`);
  }
  const parts = response.toString().split('\0');
  const [, user, password] = parts;
  if (parts.length !== 3 || user === undefined || password === undefined) {
    throw new AmqpError('SYNTAX_ERROR', `response ${JSON.stringify(response.toString())} invalid`);
  }
  const expected = users.get(user);
  return expected !== undefined && same(expected, password) ? user : undefined;
}

/** Compares in a time that tells nothing about where the texts differ. */
function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
