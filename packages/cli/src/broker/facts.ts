import type { Broker, BrokerOptions } from '@tq/broker';
import { formatRows } from '../rows.js';
import { formatByteSize } from './byte-size.js';

/** What a broker that accepts connections is. */
export interface BrokerFacts {
  /** For `TQ_URL`; without the password, which guest's clients know. */
  readonly url: string;
  /** Clients of tq find it without a setting. */
  readonly isDefault: boolean;
  /** Addresses, each with its port. */
  readonly listening: readonly string[];
  /** Folder of its data; null when it keeps them in memory. */
  readonly data: string | null;
  readonly users: readonly string[];
  readonly vhosts: readonly string[];
  /** Bytes of message bodies from which on publishers have to wait. */
  readonly memoryLimit: number;
}

const GUEST = { guest: 'guest' };
/** Where clients look: `DEFAULT_URL` of `@tq/core`. */
const DEFAULT_URLS = ['amqp://127.0.0.1:5672', 'amqp://localhost:5672'];

/** Collects what the banner or the first lines show. */
export function describeBroker(broker: Broker, { users = GUEST, vhosts = ['/'] }: BrokerOptions): BrokerFacts {
  const { listening, dataDir, memory } = broker.inspect();
  const url = withoutPassword(broker.url);
  return {
    url,
    isDefault: DEFAULT_URLS.includes(url),
    listening,
    data: dataDir ?? null,
    users: Object.keys(users),
    vhosts,
    memoryLimit: memory.limit,
  };
}

/** The facts for a person at a terminal. */
export function formatBrokerBanner(facts: BrokerFacts, version: string): string {
  return formatRows(`tq ${version} broker, AMQP 0-9-1`, [
    ['listen', facts.listening.join(', ')],
    ['data', facts.data ?? 'in memory: gone when the broker ends'],
    ['users', facts.users.join(', ')],
    ['vhosts', facts.vhosts.join(', ')],
    ['memory', `publishers wait above ${formatByteSize(facts.memoryLimit)} of message bodies`],
    ['use', facts.isDefault ? 'the default address: workers and callers find it' : `TQ_URL=${facts.url}`],
  ]);
}

/** A client without a name and a password is guest, so the URL of guest needs neither. */
function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.username === 'guest' && url.password === 'guest') url.username = '';
  url.password = '';
  return url.href;
}
