import { DEFAULT_URL } from './broker/broker-url.js';
import type { Auth, Login } from './broker/login.js';
import type { TlsOptions } from './broker/tls-options.js';
import { list, text, words } from './config/kinds.js';
import type { OptionSource, OptionValues } from './config/option.js';
import { TqError } from './errors.js';

/** Where a list of brokers is begun. */
export type UrlOrder = 'given' | 'shuffled';

/** How an app connects, checked and filled in. */
export interface ConnectionSettings {
  readonly urls: readonly string[];
  readonly urlOrder: UrlOrder;
  readonly login: Login;
  readonly tls: TlsOptions;
}

const ORDERS = ['given', 'shuffled'] as const satisfies readonly UrlOrder[];
const AUTHS = ['password', 'certificate'] as const satisfies readonly Auth[];

/** The options of an app that say how to connect. */
export const CONNECTION_OPTIONS = {
  url: list({
    describe: 'Broker, or several nodes of one cluster to try in turn: `amqp://user:password@host:5672/vhost`',
    expected: 'amqp:// or amqps:// address',
    env: 'TQ_URL',
    default: defaultUrl,
    defaultText: `\`${DEFAULT_URL}\``,
    secret: 'url',
  }),
  urlOrder: words(ORDERS, {
    describe: '`shuffled` spreads the processes that share a list of brokers; `given` tries the first one first',
    env: 'TQ_URL_ORDER',
    default: 'given',
  }),
  username: text({
    describe: 'Who logs in where the URL names nobody',
    env: 'TQ_USERNAME',
    defaultText: '`guest`',
  }),
  password: text({
    describe: 'The password where the URL has none',
    env: 'TQ_PASSWORD',
    defaultText: '`guest` for `guest`',
    secret: 'whole',
  }),
  passwordFile: text({
    describe: 'File that holds the password instead, read for each connection',
    env: 'TQ_PASSWORD_FILE',
    path: true,
  }),
  auth: words(AUTHS, {
    describe: '`certificate` logs in by `tls.cert` instead of a password (EXTERNAL)',
    env: 'TQ_AUTH',
    default: 'password',
  }),
  'tls.ca': text({
    describe: "Authorities that the broker's certificate may be signed by, PEM or a file",
    env: 'TQ_TLS_CA',
    defaultText: 'those that Node.js trusts',
    path: true,
  }),
  'tls.cert': text({
    describe: "This client's certificate, with those between it and its authority, PEM or a file",
    env: 'TQ_TLS_CERT',
    defaultText: 'none',
    path: true,
  }),
  'tls.key': text({
    describe: 'The private key of `tls.cert`, PEM or a file',
    env: 'TQ_TLS_KEY',
    secret: 'pem',
    path: true,
  }),
  'tls.passphrase': text({
    describe: 'What `tls.key` is encrypted with',
    env: 'TQ_TLS_PASSPHRASE',
    secret: 'whole',
  }),
  'tls.servername': text({
    describe: "The name that the broker's certificate must be for",
    env: 'TQ_TLS_SERVER_NAME',
    defaultText: 'the host of the URL',
  }),
};

type Values = OptionValues<typeof CONNECTION_OPTIONS>;
type Sources = Readonly<Record<keyof typeof CONNECTION_OPTIONS, OptionSource>>;

/**
 * Checks what the options are together.
 * @throws {TqError} `invalid-option`; a password is in no text
 */
export function resolveConnection(values: Values, sources: Sources): ConnectionSettings {
  const { url, urlOrder, username, auth } = values;
  const login = { auth, username, ...strongestPassword(values, sources) };
  const tls = {
    ca: values['tls.ca'],
    cert: values['tls.cert'],
    key: values['tls.key'],
    passphrase: values['tls.passphrase'],
    servername: values['tls.servername'],
  };
  checkTls(tls, url, auth);
  return { urls: url, urlOrder, login, tls };
}

const STRENGTH = { given: 3, environment: 2, config: 1, default: 0 } as const;

/** A password that is passed wins over a file of the environment, and the other way round. */
function strongestPassword(
  { password, passwordFile }: Values,
  sources: Sources,
): Pick<Login, 'password' | 'passwordFile'> {
  const [own, file] = [STRENGTH[sources.password.kind], STRENGTH[sources.passwordFile.kind]];
  return { password: own < file ? undefined : password, passwordFile: file < own ? undefined : passwordFile };
}

/** The default user stays out of the default URL where the options name another. */
function defaultUrl({ auth, username, password, passwordFile }: Readonly<Record<string, unknown>>): readonly string[] {
  const own = auth === 'certificate' || (username ?? password ?? passwordFile) !== undefined;
  return [own ? DEFAULT_URL.replace('guest:guest@', '') : DEFAULT_URL];
}

function checkTls(tls: TlsOptions, urls: readonly string[], auth: Auth): void {
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
}
