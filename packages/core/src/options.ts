import { checkTopology } from './broker/check-topology.js';
import { checkExchange, type ExchangeOptions, type ExchangeSettings } from './broker/exchange-options.js';
import type { Auth } from './broker/login.js';
import { checkQueue, type QueueOptions, type QueueSettings, type QueueType } from './broker/queue-options.js';
import type { TlsOptions } from './broker/tls-options.js';
import type { ByteSize } from './config/byte-size.js';
import { checkNamed } from './config/check-record.js';
import { configPart } from './config/config-values.js';
import { bytes, custom, duration, flag, integer, NO_LIMIT, program, text, words } from './config/kinds.js';
import type { Option, OptionSource, OptionValues } from './config/option.js';
import { type ResolvedTable, resolveTable } from './config/resolve.js';
import { CONNECTION_OPTIONS, type ConnectionSettings, resolveConnection, type UrlOrder } from './connection-options.js';
import { checkRoutes, printRoutes, type Routes, readRoutes } from './producer/routes.js';
import { CELERY_DEFAULT_QUEUE, DEFAULT_QUEUE } from './protocol/names.js';
import type { Preset } from './protocol/preset.js';
import type { Logger } from './runtime.js';
import type { Duration } from './time/duration.js';

/**
 * Options of an app. What is passed wins over the variable that is named, that over `tq.config` under `tq`, and all of
 * them over the default. `npm run options` writes the lines below from `APP_OPTIONS`.
 */
export interface AppOptions {
  /** Broker, or several nodes of one cluster to try in turn: `amqp://user:password@host:5672/vhost`. `TQ_URL`. Default: `amqp://guest:guest@127.0.0.1:5672`. */
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
  /** Certificates and keys of `amqps://` connections. */
  readonly tls?: TlsOptions | undefined;
  /** Goes before every queue and exchange name, so that environments can share a vhost. `TQ_PREFIX`. Default: none. */
  readonly prefix?: string | undefined;
  /** Queue of tasks that name none. `TQ_QUEUE`. Default: `tq` (`celery` under that preset). */
  readonly queue?: string | undefined;
  /** Kind of the task queues that are declared. `TQ_QUEUE_TYPE`. Default: `quorum` (`classic` under the `celery` preset). */
  readonly queueType?: QueueType | undefined;
  /** Queues that differ from the default, by name without prefix. Default: none. */
  readonly queues?: Readonly<Record<string, QueueOptions>> | undefined;
  /** Where calls go whose call and task say nothing: `{ 'mail.*': 'mail' }`, or a list of rules and functions; as JSON in the variable. `TQ_ROUTES`. Default: none. */
  readonly routes?: Routes | undefined;
  /** Exchanges to declare, by name without prefix. Default: none. */
  readonly exchanges?: Readonly<Record<string, ExchangeOptions>> | undefined;
  /** `celery` sends Celery's whole header set and declares queues as Celery does. `TQ_PRESET`. Default: `tq`. */
  readonly preset?: Preset | undefined;
  /** Run tasks in this process, without a broker: for tests. `TQ_EAGER`. Default: `false`. */
  readonly eager?: boolean | undefined;
  /** AMQP heartbeat, seconds; 0 turns it off (0 to 600). `TQ_HEARTBEAT`. Default: `10`. */
  readonly heartbeat?: number | undefined;
  /** How long one attempt to connect may take. `TQ_CONNECT_TIMEOUT`. Default: `10s`. */
  readonly connectTimeout?: Duration | undefined;
  /** How long the confirm of a call may take. `TQ_PUBLISH_TIMEOUT`. Default: `30s`. */
  readonly publishTimeout?: Duration | undefined;
  /** How long `get()` waits unless told. `TQ_RESULT_TIMEOUT`. Default: `1m`. */
  readonly resultTimeout?: Duration | undefined;
  /** Results awaited at the same time, at most. `TQ_MAX_WAITERS`. Default: `100000`. */
  readonly maxWaiters?: number | undefined;
  /** Tasks, groups and chords of the workflows that `tq workflow` can show, at most; 0 shows none. `TQ_WORKFLOW_PARTS`. Default: `20000`. */
  readonly workflowParts?: number | undefined;
  /** Messages on the wire without a confirm, at most (1 to 2000). `TQ_PUBLISH_WINDOW`. Default: `1000`. */
  readonly publishWindow?: number | undefined;
  /** Messages that wait for a confirm or for the broker, at most. `TQ_OUTBOX_MESSAGES`. Default: `100000`. */
  readonly outboxMessages?: number | undefined;
  /** Bytes of their bodies, at most. `TQ_OUTBOX_BYTES`. Default: `64mb`. */
  readonly outboxBytes?: ByteSize | undefined;
  /** Largest body that is sent; the default is RabbitMQ 4's limit. `TQ_MAX_MESSAGE_BYTES`. Default: `16mb`. */
  readonly maxMessageBytes?: ByteSize | undefined;
  /** Grain of delays, which are rounded up to it; apps that share delays have the same (10ms to 2s). `TQ_DELAY_UNIT`. Default: `100ms`. */
  readonly delayUnit?: Duration | undefined;
  /** How long the replies of a chord wait for the rest, beyond the delays of its header: longer than any of its tasks takes (1s or more). `TQ_CHORD_EXPIRES`. Default: `1d`. */
  readonly chordExpires?: Duration | undefined;
  /** Where log lines go: pino, or anything with its methods. Default: warnings and errors as JSON on standard error. */
  readonly logger?: Logger | undefined;
}

interface RecordSpec<T> {
  readonly describe: string;
  readonly default: Readonly<Record<string, T>>;
  readonly defaultText: string;
}

const QUEUE_TYPES = ['quorum', 'classic'] as const satisfies readonly QueueType[];
const PRESETS = ['tq', 'celery'] as const satisfies readonly Preset[];

/** Every option of an app: what it takes, where from, and what for. */
export const APP_OPTIONS = {
  ...CONNECTION_OPTIONS,
  prefix: text({
    describe: 'Goes before every queue and exchange name, so that environments can share a vhost',
    env: 'TQ_PREFIX',
    default: '',
    defaultText: 'none',
    mayBeEmpty: true,
    child: true,
  }),
  preset: words(PRESETS, {
    describe: "`celery` sends Celery's whole header set and declares queues as Celery does",
    env: 'TQ_PRESET',
    default: 'tq',
    child: true,
  }),
  queue: text({
    describe: 'Queue of tasks that name none',
    env: 'TQ_QUEUE',
    default: ({ preset }) => (preset === 'celery' ? CELERY_DEFAULT_QUEUE : DEFAULT_QUEUE),
    defaultText: '`tq` (`celery` under that preset)',
    child: true,
  }),
  queueType: words(QUEUE_TYPES, {
    describe: 'Kind of the task queues that are declared',
    env: 'TQ_QUEUE_TYPE',
    default: ({ preset }) => (preset === 'celery' ? 'classic' : 'quorum'),
    defaultText: '`quorum` (`classic` under the `celery` preset)',
  }),
  queues: custom<Readonly<Record<string, QueueSettings>>, RecordSpec<QueueSettings>>(
    {
      describe: 'Queues that differ from the default, by name without prefix',
      default: {},
      defaultText: 'none',
    },
    {
      kind: 'record',
      range: '',
      read: String,
      check: (queues, name) => checkNamed(queues, name, 'queue', checkQueue),
      print: (queues) => JSON.stringify(queues),
    },
  ),
  exchanges: custom<Readonly<Record<string, ExchangeSettings>>, RecordSpec<ExchangeSettings>>(
    {
      describe: 'Exchanges to declare, by name without prefix',
      default: {},
      defaultText: 'none',
    },
    {
      kind: 'record',
      range: '',
      read: String,
      check: (exchanges, name) => checkNamed(exchanges, name, 'exchange', checkExchange),
      print: (exchanges) => JSON.stringify(exchanges),
    },
  ),
  routes: custom(
    {
      describe:
        "Where calls go whose call and task say nothing: `{ 'mail.*': 'mail' }`, or a list of rules and functions; as JSON in the variable",
      env: 'TQ_ROUTES',
      defaultText: 'none',
      child: true,
    },
    { kind: 'record', range: '', read: readRoutes, check: checkRoutes, print: printRoutes },
  ),
  eager: flag({
    describe: 'Run tasks in this process, without a broker: for tests',
    env: 'TQ_EAGER',
    default: false,
  }),
  heartbeat: integer({
    describe: 'AMQP heartbeat, seconds; 0 turns it off',
    env: 'TQ_HEARTBEAT',
    min: 0,
    max: 600,
    default: 10,
  }),
  connectTimeout: duration({
    describe: 'How long one attempt to connect may take',
    env: 'TQ_CONNECT_TIMEOUT',
    min: 1,
    max: NO_LIMIT,
    default: 10_000,
  }),
  publishTimeout: duration({
    describe: 'How long the confirm of a call may take',
    env: 'TQ_PUBLISH_TIMEOUT',
    min: 1,
    max: NO_LIMIT,
    default: 30_000,
    child: true,
  }),
  resultTimeout: duration({
    describe: 'How long `get()` waits unless told',
    env: 'TQ_RESULT_TIMEOUT',
    min: 1,
    max: NO_LIMIT,
    default: 60_000,
    child: true,
  }),
  maxWaiters: integer({
    describe: 'Results awaited at the same time, at most',
    env: 'TQ_MAX_WAITERS',
    min: 1,
    max: NO_LIMIT,
    default: 100_000,
  }),
  workflowParts: integer({
    describe: 'Tasks, groups and chords of the workflows that `tq workflow` can show, at most; 0 shows none',
    env: 'TQ_WORKFLOW_PARTS',
    min: 0,
    max: NO_LIMIT,
    default: 20_000,
  }),
  publishWindow: integer({
    describe: 'Messages on the wire without a confirm, at most',
    env: 'TQ_PUBLISH_WINDOW',
    min: 1,
    max: 2_000,
    default: 1_000,
  }),
  outboxMessages: integer({
    describe: 'Messages that wait for a confirm or for the broker, at most',
    env: 'TQ_OUTBOX_MESSAGES',
    min: 1,
    max: NO_LIMIT,
    default: 100_000,
  }),
  outboxBytes: bytes({
    describe: 'Bytes of their bodies, at most',
    env: 'TQ_OUTBOX_BYTES',
    min: 1,
    max: NO_LIMIT,
    default: 64 * 1024 * 1024,
  }),
  maxMessageBytes: bytes({
    describe: "Largest body that is sent; the default is RabbitMQ 4's limit",
    env: 'TQ_MAX_MESSAGE_BYTES',
    min: 1,
    max: NO_LIMIT,
    default: 16 * 1024 * 1024,
    child: true,
  }),
  delayUnit: duration({
    describe: 'Grain of delays, which are rounded up to it; apps that share delays have the same',
    env: 'TQ_DELAY_UNIT',
    min: 10,
    max: 2_000,
    default: 100,
    child: true,
  }),
  chordExpires: duration({
    describe:
      'How long the replies of a chord wait for the rest, beyond the delays of its header: longer than any of its tasks takes',
    env: 'TQ_CHORD_EXPIRES',
    min: 1_000,
    max: NO_LIMIT,
    default: 86_400_000,
    child: true,
  }),
  logger: program<Logger>({
    describe: 'Where log lines go: pino, or anything with its methods',
    defaultText: 'warnings and errors as JSON on standard error',
  }),
} satisfies Record<Exclude<keyof AppOptions, 'tls'> | `tls.${keyof TlsOptions}`, unknown>;

/** Options with every default filled in. */
export interface ResolvedOptions
  extends Omit<OptionValues<typeof APP_OPTIONS>, keyof typeof CONNECTION_OPTIONS>,
    ConnectionSettings {}

/**
 * Fills in the environment, the config file of `tq` and defaults, and checks every value and what they are together.
 * @throws {TqError} `invalid-option` or `unknown-option`; a password is in no text
 */
export function resolveOptions(options: AppOptions, env: NodeJS.ProcessEnv = process.env): ResolvedOptions {
  const { values, sources } = traceOptions(options, env);
  const own = Object.entries(values).filter(([key]) => !Object.hasOwn(CONNECTION_OPTIONS, key));
  return { ...(Object.fromEntries(own) as unknown as ResolvedOptions), ...resolveConnection(values, sources) };
}

/**
 * The same, with where each value came from.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function traceOptions(options: AppOptions, env: NodeJS.ProcessEnv): ResolvedTable<typeof APP_OPTIONS> {
  const resolved = resolveTable(APP_OPTIONS, { given: options, where: 'createApp', env, config: configPart('app') });
  checkTopology(resolved.values, (option) => nameOf(option, resolved.sources[option]));
  return resolved;
}

/** An option as its source calls it, for error texts. */
function nameOf(option: string, source: OptionSource): string {
  return source.kind === 'config' ? `${source.name}: ${option}` : option;
}

/** The variables that make the apps in a pool's children do as the app of their worker does. */
export function childVariables(options: ResolvedOptions): Record<string, string> {
  const values: Readonly<Record<string, unknown>> = { ...options };
  const rows = Object.entries<Option>(APP_OPTIONS).filter(([, { child }]) => child);
  return Object.fromEntries(rows.map(([key, row]) => [row.env as string, row.print(values[key])]));
}
