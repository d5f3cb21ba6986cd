import { totalmem } from 'node:os';
import { BrokerError } from './errors.js';

/** What `startBroker` can be asked for. */
export interface BrokerOptions {
  /** TCP port; 0 takes a free one. Default 5672, AMQP's own. */
  readonly port?: number | undefined;
  /**
   * Address to listen on. Default: loopback, 127.0.0.1 and ::1. Any other address takes users with passwords of their
   * own, since everybody knows `guest`.
   */
  readonly host?: string | undefined;
  /** Folder that keeps what is durable; made when it is missing. Default: none, everything is in memory. */
  readonly dataDir?: string | undefined;
  /** True keeps everything in memory, and refuses a `dataDir`. */
  readonly memory?: boolean | undefined;
  /** Passwords by user names. Default `{ guest: 'guest' }`. */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /** Names of virtual hosts. Default `['/']`. */
  readonly vhosts?: readonly string[] | undefined;
  /** What the broker refuses or slows. */
  readonly limits?: BrokerLimits | undefined;
  /** Where the broker says what a person should know. Default: nowhere. */
  readonly logger?: BrokerLogger | undefined;
}

/** Limits of a broker. */
export interface BrokerLimits {
  /**
   * Bytes that messages in all queues may take before publishers are blocked (connection.blocked).
   * Default: 0.4 of the machine's memory, 2 GiB at most.
   */
  readonly memory?: number | undefined;
  /** Largest body in bytes, up to 512 MiB. Default 128 MiB, as RabbitMQ 3.10. */
  readonly messageSize?: number | undefined;
  /** Heartbeat in seconds that is proposed to clients, 0 to 65,535; 0 is none. Default 60. */
  readonly heartbeat?: number | undefined;
  /** Channels of a connection, 1 to 65,535. Default 2047. */
  readonly channels?: number | undefined;
  /** Largest frame in bytes, 4096 to 2^31 - 1. Default 131,072. */
  readonly frameSize?: number | undefined;
}

/** A logger in the form of pino's. */
export interface BrokerLogger {
  /** What an operator wants to know. */
  info(fields: object, text: string): void;
  /** What went wrong and is dealt with. */
  warn(fields: object, text: string): void;
  /** What needs somebody's eye. */
  error(fields: object, text: string): void;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly port: number;
  /** Addresses to listen on; the first one must be had, the others where the machine has them. */
  readonly hosts: readonly string[];
  readonly dataDir: string | undefined;
  readonly users: ReadonlyMap<string, string>;
  readonly vhosts: readonly string[];
  readonly limits: { readonly [K in keyof BrokerLimits]-?: number };
  readonly logger: BrokerLogger;
}

const LOOPBACK = ['127.0.0.1', '::1'];
const GUEST = { guest: 'guest' };
const KNOWN = ['port', 'host', 'dataDir', 'memory', 'users', 'vhosts', 'limits', 'logger'];
const SILENT: BrokerLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const GIB = 1024 ** 3;

/** Least, most and default of each limit. */
const LIMITS = {
  memory: [1, Number.MAX_SAFE_INTEGER, Math.floor(Math.min(0.4 * totalmem(), 2 * GIB))],
  messageSize: [1, 512 * 1024 ** 2, 128 * 1024 ** 2],
  heartbeat: [0, 65_535, 60],
  channels: [1, 65_535, 2_047],
  frameSize: [4_096, 2 ** 31 - 1, 131_072],
} as const satisfies { readonly [K in keyof BrokerLimits]-?: readonly [least: number, most: number, preset: number] };

/**
 * Checks options and fills in the defaults.
 * @throws {BrokerError} `unknown-option`, `invalid-option`
 */
export function resolveOptions(options: BrokerOptions): ResolvedOptions {
  refuseUnknown('option', Object.keys(options), KNOWN);
  const { port = 5_672, host, dataDir, memory = false, users = GUEST, vhosts = ['/'], limits = {} } = options;
  integer('port', port, 0, 65_535);
  if (memory && dataDir !== undefined) {
    throw invalid('`dataDir` or `memory: true`', 'both', 'leave one out');
  }
  if (vhosts.length === 0) throw invalid('at least one name in `vhosts`', 'none', "leave it out for ['/']");
  if (Object.keys(users).length === 0) throw invalid('at least one name in `users`', 'none', 'leave it out for guest');
  const hosts = host === undefined ? LOOPBACK : [host];
  if (!hosts.every(isLoopback)) requireOwnUsers(users, hosts.join());
  return {
    port,
    hosts,
    dataDir,
    users: new Map(Object.entries(users)),
    vhosts,
    limits: resolveLimits(limits),
    logger: options.logger ?? SILENT,
  };
}

function resolveLimits(limits: BrokerLimits): ResolvedOptions['limits'] {
  const names = Object.keys(LIMITS) as (keyof BrokerLimits)[];
  refuseUnknown('limit', Object.keys(limits), names);
  const resolve = (name: keyof BrokerLimits) => {
    const [least, most, preset] = LIMITS[name];
    return integer(`limits.${name}`, limits[name] ?? preset, least, most);
  };
  return Object.fromEntries(names.map((name) => [name, resolve(name)])) as unknown as ResolvedOptions['limits'];
}

function integer(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`\`${name}\` to be a whole number from ${least} to ${most}`, String(value), 'correct it');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whoever reaches the port from outside must not get in with what everybody knows. */
function requireOwnUsers(users: Readonly<Record<string, string>>, host: string): void {
  if (!('guest' in users)) return;
  throw invalid(
    `users with passwords of their own when listening on ${host}`,
    "the user 'guest'",
    "give `users: { name: 'password' }` without guest, or listen on 127.0.0.1",
  );
}

function refuseUnknown(what: string, found: readonly string[], known: readonly string[]): void {
  const unknown = found.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new BrokerError('unknown-option', `Expected a ${what} among ${known.join(', ')}, found '${unknown}'.`);
}

function invalid(expected: string, found: string, advice: string): BrokerError {
  return new BrokerError('invalid-option', `Expected ${expected}, found ${found}: ${advice}.`);
}
