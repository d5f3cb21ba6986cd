import { unescape as decode } from 'node:querystring';
import { readOptionFile } from './option-file.js';

/** How clients log in. */
export type Auth = 'password' | 'certificate';

/** Who logs in, where the URL does not say. */
export interface Login {
  readonly auth: Auth;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** File that holds the password; read for each connection, so that a changed one is taken up. */
  readonly passwordFile?: string | undefined;
}

/** A name and its password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * What to log in with at a URL that `withUser` gave: its user and password, where it has none those of the options,
 * else `guest` and `guest`. Decoded here, since amqplib takes an encoded `é` for two letters.
 * @throws {TqError} `invalid-option` when the password's file cannot be read
 */
export function credentialsFor(url: string, login: Login): Credentials {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return { username: 'guest', password: ownPassword(login) ?? 'guest' };
  return { username: decode(username), password: password === '' ? (ownPassword(login) ?? '') : decode(password) };
}

/** The URL with the user that logs in there, for logs and errors to show; the password stays out of it. */
export function withUser(url: string, { auth, username }: Login): string {
  const parsed = new URL(url);
  if (auth !== 'password' || username === undefined || parsed.username !== '' || parsed.password !== '') return url;
  parsed.username = encodeURIComponent(username);
  return parsed.href;
}

function ownPassword({ password, passwordFile }: Login): string | undefined {
  if (password !== undefined || passwordFile === undefined) return password;
  // Editors and `echo` end a file with a line break, which is no part of the password.
  return readOptionFile(passwordFile, 'passwordFile').replace(/\r?\n$/, '');
}
