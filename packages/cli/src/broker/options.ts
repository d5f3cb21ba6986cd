import { join } from 'node:path';
import type { BrokerOptions } from '@tq/broker';
import type { Arguments } from '../arguments.js';
import { UsageError } from '../usage.js';
import { parseByteSize } from './byte-size.js';

/** Where a broker keeps its data when nobody says otherwise, below the current folder. */
export const DATA_FOLDER = join('.tq', 'broker');

/**
 * The options of a broker from the command line; what is not given is left to the broker.
 * @param folder the current one
 * @throws {UsageError}
 */
export function readBrokerOptions(args: Arguments, folder: string): Omit<BrokerOptions, 'logger'> {
  const [users, vhosts] = [args.texts('user'), args.texts('vhost')];
  const memoryLimit = args.text('memory-limit');
  return {
    ...readData(args, folder),
    port: readPort(args) ?? DEFAULT_PORT,
    host: args.text('host'),
    users: users.length === 0 ? undefined : readUsers(users),
    vhosts: vhosts.length === 0 ? undefined : vhosts,
    limits: memoryLimit === undefined ? undefined : { memory: parseByteSize(memoryLimit, '--memory-limit') },
  };
}

/** AMQP's own. */
export const DEFAULT_PORT = 5_672;
const MAX_PORT = 65_535;

/**
 * The value of `--port`; undefined when it was not given.
 * @throws {UsageError}
 */
export function readPort(args: Arguments): number | undefined {
  const port = args.integer('port');
  if (port === undefined || (port >= 0 && port <= MAX_PORT)) return port;
  throw new UsageError(
    `--port: expected a port from 1 to ${MAX_PORT}, or 0 for a free one, found ${port}.`,
    args.command,
  );
}

function readData(args: Arguments, folder: string): Pick<BrokerOptions, 'memory' | 'dataDir'> {
  const data = args.text('data');
  if (!args.flag('memory')) return { dataDir: data ?? join(folder, DATA_FOLDER) };
  if (data === undefined) return { memory: true };
  throw new UsageError('--memory: expected no --data beside it, since nothing is written; leave one out.', 'broker');
}

/** `NAME:PASSWORD`, each; only the password may have a colon. Errors show no password. */
function readUsers(texts: readonly string[]): Readonly<Record<string, string>> {
  const users = texts.map((text) => {
    const colon = text.indexOf(':');
    if (colon < 1 || colon === text.length - 1) {
      throw new UsageError('--user: expected NAME:PASSWORD, found one without a name or without a password.', 'broker');
    }
    return [text.slice(0, colon), text.slice(colon + 1)] as const;
  });
  const names = users.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--user: '${twice}' is given twice.`, 'broker');
  return Object.fromEntries(users);
}
