import { timingSafeEqual } from 'node:crypto';
import { AmqpError } from '../errors.js';
import { field, textOf } from '../field-value.js';
import { decodeTable } from '../wire/field-table.js';

/** Who may connect: passwords by user names. */
export type Users = ReadonlyMap<string, string>;

/** What a client says of itself when it logs in. */
interface Login {
  readonly user: string;
  readonly password: string;
}

/** How the mechanisms on offer read a response. */
const READERS: Readonly<Record<string, (response: Buffer) => Login>> = { PLAIN: readPlain, AMQPLAIN: readAmqplain };

/** The mechanisms on offer (connection.start). */
export const MECHANISMS: Buffer = Buffer.from(Object.keys(READERS).join(' '));

/**
 * The user that logs in.
 * @returns undefined when there is no such user or the password is another
 * @throws {AmqpError} COMMAND_INVALID for another mechanism, SYNTAX_ERROR for a response that is none
 */
export function authenticate(users: Users, mechanism: string, response: Buffer): string | undefined {
  const read = READERS[mechanism];
  if (read === undefined) {
    throw new AmqpError('COMMAND_INVALID', `unknown authentication mechanism '${mechanism}'`);
  }
  const { user, password } = read(response);
  const expected = users.get(user);
  return expected !== undefined && same(expected, password) ? user : undefined;
}

/** SASL's PLAIN (RFC 4616): identity, NUL, user, NUL, password. */
function readPlain(response: Buffer): Login {
  const parts = response.toString().split('\0');
  const [, user, password] = parts;
  if (parts.length !== 3 || user === undefined || password === undefined) {
    throw new AmqpError('SYNTAX_ERROR', `response ${JSON.stringify(response.toString())} invalid`);
  }
  return { user, password };
}

/** AMQP 0-8's own AMQPLAIN, which some clients still begin with: a field table without its length, LOGIN and PASSWORD in it. */
function readAmqplain(response: Buffer): Login {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.length);
  const table = decodeTable(Buffer.concat([length, response]));
  const [user, password] = [textOf(field(table, 'LOGIN')), textOf(field(table, 'PASSWORD'))];
  if (user === undefined || password === undefined) {
    throw new AmqpError('SYNTAX_ERROR', 'AMQPLAIN auth info is missing LOGIN or PASSWORD field');
  }
  return { user, password };
}

/** Compares in a time that tells nothing about where the texts differ. */
function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
