import type { Auth } from './broker/login.js';
import type { TlsOptions } from './broker/tls-options.js';
import type { QueueOptions, QueueType } from './broker/topology.js';
import {
  type ConnectionOptions,
  type ConnectionSettings,
  connectionEnvironment,
  resolveConnection,
  type UrlOrder,
} from './connection-options.js';
import { TqError } from './errors.js';
import { refuseUnknownKeys, requireInteger, requireOneOf } from './options-check.js';
import type { Preset } from './protocol/envelope.js';
import { CELERY_DEFAULT_QUEUE, DEFAULT_QUEUE } from './protocol/names.js';
import type { Logger } from './runtime.js';
import { parseDuration } from './time/duration.js';

/** Options of an app. Each may come from the environment instead; what is passed wins. */
export interface AppOptions {
  /** Broker, or several nodes of one cluster to try in turn: `amqp://user:password@host:5672/vhost`. `TQ_URL` (separated by commas). Default: `amqp://guest:guest@127.0.0.1:5672`. */
  readonly url?: string | readonly string[] | undefined;
  /** `shuffled` spreads the processes that share a list of brokers; `given` tries the first one first. `TQ_URL_ORDER`. Default: `given`. */
  readonly urlOrder?: UrlOrder | undefined;
  /** Who logs in where the URL names nobody. `TQ_USERNAME`. Default: `guest`. */
  readonly username?: string | undefined;
  /** The password where the URL has none. `TQ_PASSWORD`. Default: `guest` for `guest`. */
  readonly password?: string | undefined;
  /** File that holds the password instead, read for each connection. `TQ_PASSWORD_FILE`. */
  readonly passwordFile?: string | undefined;
  /** `certificate` logs in by `tls.cert` instead of a password (EXTERNAL). `TQ_AUTH`. Default: `password`. */
  readonly auth?: Auth | undefined;
  /** Certificates and keys of `amqps://` connections. `TQ_TLS_CA`, `TQ_TLS_CERT`, `TQ_TLS_KEY`, `TQ_TLS_PASSPHRASE`, `TQ_TLS_SERVER_NAME`. */
  readonly tls?: TlsOptions | undefined;
  /** Goes before every queue and exchange name, so that environments can share a vhost. `TQ_PREFIX`. Default: none. */
  readonly prefix?: string | undefined;
  /** Queue of tasks that name none. `TQ_QUEUE`. Default: `tq` (`celery` under that preset). */
  readonly queue?: string | undefined;
  /** Kind of the task queues that are declared. `TQ_QUEUE_TYPE`. Default: `quorum` (`classic` under the `celery` preset). */
  readonly queueType?: QueueType | undefined;
  /** Queues that differ from the default, by name without prefix. */
  readonly queues?: Readonly<Record<string, QueueOptions>> | undefined;
  /** `celery` sends Celery's whole header set and declares queues as Celery does. `TQ_PRESET`. Default: `tq`. */
  readonly preset?: Preset | undefined;
  /** Run tasks in this process, without a broker: for tests. `TQ_EAGER` (1 or 0). Default: false. */
  readonly eager?: boolean | undefined;
  /** AMQP heartbeat, seconds, 0 to 600; 0 turns it off. `TQ_HEARTBEAT`. Default: 10. */
  readonly heartbeat?: number | undefined;
  /** How long one attempt to connect may take, ms. `TQ_CONNECT_TIMEOUT`. Default: 10,000. */
  readonly connectTimeout?: number | undefined;
  /** How long the confirm of a call may take, ms. `TQ_PUBLISH_TIMEOUT`. Default: 30,000. */
  readonly publishTimeout?: number | undefined;
  /** How long `get()` waits unless told, ms. `TQ_RESULT_TIMEOUT`. Default: 60,000. */
  readonly resultTimeout?: number | undefined;
  /** Results awaited at the same time, at most. `TQ_MAX_WAITERS`. Default: 100,000. */
  readonly maxWaiters?: number | undefined;
  /** Messages on the wire without a confirm, 1 to 2,000. `TQ_PUBLISH_WINDOW`. Default: 1,000. */
  readonly publishWindow?: number | undefined;
  /** Messages that wait for a confirm or for the broker, at most. `TQ_OUTBOX_MESSAGES`. Default: 100,000. */
  readonly outboxMessages?: number | undefined;
  /** Bytes of their bodies, at most. `TQ_OUTBOX_BYTES`. Default: 67,108,864 (64 MiB). */
  readonly outboxBytes?: number | undefined;
  /** Largest body that is sent, bytes. `TQ_MAX_MESSAGE_BYTES`. Default: 16,777,216 (16 MiB, RabbitMQ 4's limit). */
  readonly maxMessageBytes?: number | undefined;
  /** Where log lines go: pino, or anything with its methods. Default: warnings and errors as JSON on standard error. */
  readonly logger?: Logger | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions extends ConnectionSettings {
  readonly prefix: string;
  readonly queue: string;
  readonly queueType: QueueType;
  readonly queues: Readonly<Record<string, QueueOptions>>;
  readonly preset: Preset;
  readonly eager: boolean;
  readonly heartbeat: number;
  readonly connectTimeout: number;
  readonly publishTimeout: number;
  readonly resultTimeout: number;
  readonly maxWaiters: number;
  readonly publishWindow: number;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  readonly maxMessageBytes: number;
  readonly logger: Logger | undefined;
}

interface NumberOption {
  readonly env: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  /** Durations take a unit in the environment: `10s`. */
  readonly unit: 'ms' | 'count';
}

const MAX = Number.MAX_SAFE_INTEGER;
const NUMBERS = {
  heartbeat: { env: 'TQ_HEARTBEAT', fallback: 10, min: 0, max: 600, unit: 'count' },
  connectTimeout: { env: 'TQ_CONNECT_TIMEOUT', fallback: 10_000, min: 1, max: MAX, unit: 'ms' },
  publishTimeout: { env: 'TQ_PUBLISH_TIMEOUT', fallback: 30_000, min: 1, max: MAX, unit: 'ms' },
  resultTimeout: { env: 'TQ_RESULT_TIMEOUT', fallback: 60_000, min: 1, max: MAX, unit: 'ms' },
  maxWaiters: { env: 'TQ_MAX_WAITERS', fallback: 100_000, min: 1, max: MAX, unit: 'count' },
  publishWindow: { env: 'TQ_PUBLISH_WINDOW', fallback: 1_000, min: 1, max: 2_000, unit: 'count' },
  outboxMessages: { env: 'TQ_OUTBOX_MESSAGES', fallback: 100_000, min: 1, max: MAX, unit: 'count' },
  outboxBytes: { env: 'TQ_OUTBOX_BYTES', fallback: 64 * 1024 * 1024, min: 1, max: MAX, unit: 'count' },
  maxMessageBytes: { env: 'TQ_MAX_MESSAGE_BYTES', fallback: 16 * 1024 * 1024, min: 1, max: MAX, unit: 'count' },
} as const satisfies Record<string, NumberOption>;

type NumberKey = keyof typeof NUMBERS;

const CONNECTION = ['url', 'urlOrder', 'username', 'password', 'passwordFile', 'auth', 'tls'] as const;
const OTHERS = ['prefix', 'queue', 'queueType', 'queues', 'preset', 'eager', 'logger'] as const;
const KNOWN = [...CONNECTION, ...OTHERS, ...Object.keys(NUMBERS)];
const QUEUE_KEYS = ['type', 'maxPriority'] as const;
const QUEUE_TYPES = ['quorum', 'classic'] as const;
const PRESETS = ['tq', 'celery'] as const;

/**
 * Fills in defaults and the environment, and checks every value.
 * @throws {TqError} `unknown-option` or `invalid-option`
 */
export function resolveOptions(options: AppOptions, env: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  refuseUnknownKeys(options, KNOWN, 'createApp');
  // An empty variable is one that is not set: that is how compose files and shells leave one out.
  const variable = (name: string) => env[name] || undefined;
  const preset = requireOneOf(options.preset ?? variable('TQ_PRESET') ?? 'tq', 'preset', PRESETS);
  const queueType = options.queueType ?? variable('TQ_QUEUE_TYPE') ?? (preset === 'celery' ? 'classic' : 'quorum');
  const queue = options.queue ?? variable('TQ_QUEUE') ?? (preset === 'celery' ? CELERY_DEFAULT_QUEUE : DEFAULT_QUEUE);
  const numbers = Object.fromEntries(
    (Object.keys(NUMBERS) as NumberKey[]).map((key) => [key, resolveNumber(key, options[key], env)]),
  ) as Record<NumberKey, number>;
  return {
    ...resolveConnection(passedOr(options, connectionEnvironment(env))),
    prefix: requireText(options.prefix ?? variable('TQ_PREFIX') ?? '', 'prefix', 0),
    queue: requireText(queue, 'queue', 1),
    queueType: requireOneOf(queueType, 'queueType', QUEUE_TYPES),
    queues: checkQueues(options.queues ?? {}),
    preset,
    eager: options.eager ?? requireOneOf(variable('TQ_EAGER') ?? '0', 'TQ_EAGER', ['0', '1']) === '1',
    logger: options.logger,
    ...numbers,
  };
}

function resolveNumber(key: NumberKey, given: number | undefined, env: NodeJS.ProcessEnv): number {
  const { env: variable, fallback, min, max, unit }: NumberOption = NUMBERS[key];
  if (given !== undefined) return requireInteger(given, key, { min, max });
  const text = env[variable];
  if (text === undefined || text === '') return fallback;
  if (unit === 'ms' && !/^\d+$/.test(text))
    return requireInteger(parseDuration(text, variable), variable, { min, max });
  return requireInteger(/^-?\d+$/.test(text) ? Number(text) : `'${text}'`, variable, { min, max });
}

function requireText(value: unknown, name: string, minLength: number): string {
  if (typeof value === 'string' && value.length >= minLength) return value;
  const found = typeof value === 'string' ? 'an empty one' : `a ${typeof value}`;
  throw new TqError('invalid-option', `${name}: expected a text, found ${found}.`);
}

/** A password that is passed wins over a file of the environment, and the other way round. */
function passedOr(options: AppOptions, environment: ConnectionOptions): ConnectionOptions {
  const login = options.password ?? options.passwordFile;
  const { password, passwordFile } = login === undefined ? environment : options;
  return {
    url: options.url ?? environment.url,
    urlOrder: options.urlOrder ?? environment.urlOrder,
    username: options.username ?? environment.username,
    password,
    passwordFile,
    auth: options.auth ?? environment.auth,
    tls: options.tls ?? environment.tls,
  };
}

function checkQueues(queues: Readonly<Record<string, QueueOptions>>): Readonly<Record<string, QueueOptions>> {
  for (const [name, options] of Object.entries(queues)) {
    refuseUnknownKeys(options, QUEUE_KEYS, `queue '${name}'`);
    if (options.type !== undefined) requireOneOf(options.type, `queue '${name}': type`, QUEUE_TYPES);
    if (options.maxPriority !== undefined) {
      requireInteger(options.maxPriority, `queue '${name}': maxPriority`, { min: 1, max: 255 });
    }
  }
  return queues;
}
