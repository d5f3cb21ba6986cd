import { describe, expect, it } from 'vitest';
import { type AppOptions, resolveOptions } from '../src/options.js';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const client = { cert: PEM, key: PEM };

describe('the options of connections', () => {
  it('come from the environment, an empty variable being none', () => {
    const env = {
      TQ_URL: 'amqps://a,amqps://b',
      TQ_URL_ORDER: 'shuffled',
      TQ_USERNAME: 'ada',
      TQ_PASSWORD: '',
      TQ_PASSWORD_FILE: '/run/secrets/tq',
      TQ_AUTH: 'certificate',
      TQ_TLS_CA: '/etc/tq/ca.pem',
      TQ_TLS_CERT: '/etc/tq/cert.pem',
      TQ_TLS_KEY: '/etc/tq/key.pem',
      TQ_TLS_PASSPHRASE: 'open',
      TQ_TLS_SERVER_NAME: 'rabbit.internal',
    };
    expect(resolveOptions({}, env)).toMatchObject({
      urls: ['amqps://a', 'amqps://b'],
      urlOrder: 'shuffled',
      login: { auth: 'certificate', username: 'ada', password: undefined, passwordFile: '/run/secrets/tq' },
      tls: {
        ca: '/etc/tq/ca.pem',
        cert: '/etc/tq/cert.pem',
        key: '/etc/tq/key.pem',
        passphrase: 'open',
        servername: 'rabbit.internal',
      },
    });
  });

  it('passed, win over the environment; a password also over a file that holds one', () => {
    const env = { TQ_USERNAME: 'env', TQ_PASSWORD_FILE: '/run/secrets/tq', TQ_TLS_CA: '/etc/tq/ca.pem' };
    const options = resolveOptions({ url: 'amqps://a', username: 'ada', password: 'p', tls: { ca: PEM } }, env);
    expect(options.login).toEqual({ auth: 'password', username: 'ada', password: 'p', passwordFile: undefined });
    expect(options.tls).toEqual({ ca: PEM });
  });

  it.each<[AppOptions]>([[{ username: 'ada' }], [{ password: 'p' }], [{ passwordFile: '/f' }]])(
    'leave guest out of the default address when they say who logs in: %o',
    (options) => {
      expect(resolveOptions(options, {}).urls).toEqual(['amqp://127.0.0.1:5672']);
    },
  );

  it.each<[object, string, string]>([
    [{ username: '' }, 'invalid-option', 'username: expected a text, found an empty text.'],
    [{ password: 42 }, 'invalid-option', 'password: expected a text that is not empty, found something else.'],
    [{ auth: 'token' }, 'invalid-option', "auth: expected password or certificate, found 'token'."],
    [{ urlOrder: 'random' }, 'invalid-option', "urlOrder: expected given or shuffled, found 'random'."],
    [
      { tls: { rejectUnauthorized: false } },
      'unknown-option',
      "tls: unknown option 'rejectUnauthorized'. Known are ca,",
    ],
    [{ tls: { caFile: 'ca.pem' } }, 'unknown-option', "tls: unknown option 'caFile'."],
    [{ tls: { ca: Buffer.from(PEM) } }, 'invalid-option', 'tls.ca: expected a text, found a value of type object.'],
    [
      { url: 'amqps://a', tls: { cert: PEM } },
      'invalid-option',
      'tls: expected cert and key together, found cert without',
    ],
    [
      { url: 'amqps://a', tls: { key: PEM } },
      'invalid-option',
      'tls: expected cert and key together, found key without',
    ],
    [{ url: 'amqps://a', auth: 'certificate' }, 'invalid-option', 'auth: expected tls.cert and tls.key to log in'],
    [{ url: ['amqps://a', 'amqp://b'], tls: { ca: PEM } }, 'invalid-option', 'tls: expected amqps:// addresses in url'],
    [{ auth: 'certificate', tls: client }, 'invalid-option', 'tls: expected amqps:// addresses in url'],
  ])('are refused with what was expected and found: %o', (options, code, text) => {
    const resolve = () => resolveOptions(options as AppOptions, {});
    expect(resolve).toThrow(expect.objectContaining({ code }));
    expect(resolve).toThrow(text);
  });
});
