import { DEFAULT_URL } from './broker/broker-url.js';
import type { Auth, Login } from './broker/login.js';
import type { TlsOptions } from './broker/tls-options.js';
import { TqError } from './errors.js';
import { refuseUnknownKeys, requireOneOf } from './options-check.js';

/** Where a list of brokers is begun. */
export type UrlOrder = 'given' | 'shuffled';

/** What an app or the environment says of connections. */
export interface ConnectionOptions {
  readonly url?: string | readonly string[] | undefined;
  readonly urlOrder?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly auth?: string | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** The same, checked and filled in. */
export interface ConnectionSettings {
  readonly urls: readonly string[];
  readonly urlOrder: UrlOrder;
  readonly login: Login;
  readonly tls: TlsOptions;
}

const ORDERS = ['given', 'shuffled'] as const;
const AUTHS = ['password', 'certificate'] as const;
const TLS_KEYS = ['ca', 'cert', 'key', 'passphrase', 'servername'] as const;

/**
 * Fills in defaults and checks each option and what they are together.
 * @throws {TqError} `unknown-option` or `invalid-option`; a password is in no text
 */
export function resolveConnection(options: ConnectionOptions): ConnectionSettings {
  const login = resolveLogin(options);
  const urls = resolveUrls(options.url ?? defaultUrl(login));
  const tls = checkTls(options.tls ?? {}, urls, login.auth);
  return { urls, urlOrder: requireOneOf(options.urlOrder ?? 'given', 'urlOrder', ORDERS), login, tls };
}

/** The variables of an environment that say how to connect; an empty one is not set. */
export function connectionEnvironment(env: NodeJS.ProcessEnv): ConnectionOptions {
  const variable = (name: string) => env[name] || undefined;
  return {
    url: variable('TQ_URL')?.split(','),
    urlOrder: variable('TQ_URL_ORDER'),
    username: variable('TQ_USERNAME'),
    password: variable('TQ_PASSWORD'),
    passwordFile: variable('TQ_PASSWORD_FILE'),
    auth: variable('TQ_AUTH'),
    tls: withoutUndefined({
      ca: variable('TQ_TLS_CA'),
      cert: variable('TQ_TLS_CERT'),
      key: variable('TQ_TLS_KEY'),
      passphrase: variable('TQ_TLS_PASSPHRASE'),
      servername: variable('TQ_TLS_SERVER_NAME'),
    }),
  };
}

function withoutUndefined(options: TlsOptions): TlsOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function resolveUrls(given: string | readonly string[]): readonly string[] {
  const urls = typeof given === 'string' ? [given] : given;
  if (urls.length > 0 && urls.every((url) => typeof url === 'string' && url !== '')) return urls;
  throw new TqError('invalid-option', 'url: expected at least one amqp:// or amqps:// address, found none.');
}

/** The default user stays out of the default URL where the options name another. */
function defaultUrl({ auth, username, password, passwordFile }: Login): string {
  const own = auth === 'certificate' || (username ?? password ?? passwordFile) !== undefined;
  return own ? DEFAULT_URL.replace('guest:guest@', '') : DEFAULT_URL;
}

function resolveLogin({ username, password, passwordFile, auth }: ConnectionOptions): Login {
  for (const [name, value] of Object.entries({ username, password, passwordFile })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new TqError('invalid-option', `${name}: expected a text that is not empty, found something else.`);
    }
  }
  return { auth: requireOneOf(auth ?? 'password', 'auth', AUTHS) satisfies Auth, username, password, passwordFile };
}

function checkTls(tls: TlsOptions, urls: readonly string[], auth: Auth): TlsOptions {
  refuseUnknownKeys(tls, TLS_KEYS, 'tls');
  for (const [name, value] of Object.entries(tls)) {
    if (value !== undefined && typeof value !== 'string') {
      throw new TqError('invalid-option', `tls.${name}: expected a text, found a ${typeof value}.`);
    }
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const [there, missing] = tls.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw new TqError('invalid-option', `tls: expected cert and key together, found ${there} without ${missing}.`);
  }
  if (auth === 'certificate' && tls.cert === undefined) {
    throw new TqError('invalid-option', 'auth: expected tls.cert and tls.key to log in by a certificate, found none.');
  }
  // Whoever sets certificates counts on TLS; a URL without it would send the password for all to read.
  const wantsTls = auth === 'certificate' || Object.values(tls).some((value) => value !== undefined);
  if (wantsTls && !urls.every((url) => url.startsWith('amqps:'))) {
    throw new TqError('invalid-option', 'tls: expected amqps:// addresses in url, found one of another kind.');
  }
  return tls;
}
