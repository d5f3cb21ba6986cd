import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { maskUrl } from '../../src/broker/broker-url.js';
import { credentialsFor, type Login, withUser } from '../../src/broker/login.js';

const folder = mkdtempSync(join(tmpdir(), 'tq-login-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'password');
writeFileSync(file, 'from file\n');

const resolve = (url: string, login: Partial<Login>) => {
  const whole = { auth: 'password', ...login } as const;
  return credentialsFor(withUser(url, whole), whole);
};

it.each<[string, Partial<Login>, string, string]>([
  ['amqp://host', {}, 'guest', 'guest'],
  ['amqp://host', { username: 'ada', password: 'p' }, 'ada', 'p'],
  ['amqp://host', { password: 'p' }, 'guest', 'p'],
  ['amqp://host', { username: 'ada' }, 'ada', ''],
  ['amqp://host', { username: 'ada', passwordFile: file }, 'ada', 'from file'],
  ['amqp://host', { username: 'a@b:c/é', password: 'p@:/%é' }, 'a@b:c/é', 'p@:/%é'],
  ['amqp://bob:own@host', { username: 'ada', password: 'p' }, 'bob', 'own'],
  ['amqp://bob@host', { username: 'ada', password: 'p' }, 'bob', 'p'],
  ['amqp://bob@host', {}, 'bob', ''],
  ['amqp://:own@host', {}, '', 'own'],
  ['amqp://b%40b:p%40%3A%2F%3F%23%25%C3%A9@host', {}, 'b@b', 'p@:/?#%é'],
  ['amqp://bob:100%@host', {}, 'bob', '100%'],
])('%s with %o logs in as %s with %s', (url, login, username, password) => {
  expect(resolve(url, login)).toEqual({ username, password });
});

it('shows who logs in, not with what', () => {
  expect(maskUrl(withUser('amqp://host/jobs', { auth: 'password', username: 'ada', password: 'secret' }))).toBe(
    'amqp://ada@host/jobs',
  );
});

it('reads the file of the password anew each time, and says which one cannot be read', () => {
  const changing = join(folder, 'changing');
  writeFileSync(changing, 'one');
  expect(resolve('amqp://host', { passwordFile: changing }).password).toBe('one');
  writeFileSync(changing, 'two\r\n');
  expect(resolve('amqp://host', { passwordFile: changing }).password).toBe('two');
  rmSync(changing);
  expect(() => resolve('amqp://host', { passwordFile: changing })).toThrow(
    `passwordFile: expected a file that can be read, found ENOENT at '${changing}'.`,
  );
});
