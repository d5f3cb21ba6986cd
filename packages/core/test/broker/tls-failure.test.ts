import { generateKeyPairSync } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { expect, it } from 'vitest';
import { describeTlsFailure } from '../../src/broker/tls-failure.js';
import { thrownBy } from '../protocol/thrown-by.js';

const URL_WITH_TLS = 'amqps://ada:secret@rabbit.example';

it('knows a key whose passphrase is missing or wrong, and one that is none', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' });
  const damaged = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
  for (const options of [{ key }, { key, passphrase: 'wrong' }, { key: damaged }]) {
    const error = thrownBy(() => createSecureContext(options)) as Error;
    expect(describeTlsFailure(URL_WITH_TLS, error), String(error)).toMatch(/^the private key cannot be read/);
  }
  expect(() => createSecureContext({ key, passphrase: 'open' })).not.toThrow();
});

it('leaves other failures to others', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  expect(describeTlsFailure(URL_WITH_TLS, refused)).toBeUndefined();
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  expect(describeTlsFailure(URL_WITH_TLS, reset)).toBeUndefined();
  expect(describeTlsFailure('amqp://rabbit.example', reset)).toContain('read ECONNRESET');
});
