import type { MemoryGauge } from './model/memory-gauge.js';
import type { VirtualHost } from './model/virtual-host.js';
import type { Connection } from './session/connection.js';
import type { Tally } from './session/tally.js';

/** What a broker holds and has done, as counts. */
export interface BrokerState {
  /** Clients that are connected. */
  readonly connections: number;
  /** Open channels of all connections. */
  readonly channels: number;
  /** Queues of all virtual hosts. */
  readonly queues: number;
  /** Consumers of all queues. */
  readonly consumers: number;
  /** Messages that wait for delivery. */
  readonly messages: number;
  /** Messages that are delivered and not settled. */
  readonly unacknowledged: number;
  /** What messages take. */
  readonly memory: {
    /** Bytes. */
    readonly used: number;
    /** Bytes at which publishers have to wait. */
    readonly limit: number;
    /** They have to wait now. */
    readonly blocked: boolean;
  };
  /** Since the broker started. */
  readonly totals: Readonly<Tally>;
  /** Addresses with ports. */
  readonly listening: readonly string[];
  /** Undefined when everything is in memory. */
  readonly dataDir: string | undefined;
}

/** Where the counts come from. */
export interface Inspected {
  readonly vhosts: readonly VirtualHost[];
  readonly connections: readonly Connection[];
  readonly memory: MemoryGauge;
  readonly tally: Tally;
  readonly listening: readonly string[];
  readonly dataDir: string | undefined;
}

/** Counts what there is now. */
export function inspect({ vhosts, connections, memory, tally, listening, dataDir }: Inspected): BrokerState {
  const queues = vhosts.flatMap((vhost) => [...vhost.queues]);
  return {
    connections: connections.length,
    channels: sum(connections, ({ channelCount }) => channelCount),
    queues: queues.length,
    consumers: sum(queues, ({ consumerCount }) => consumerCount),
    messages: sum(queues, ({ messageCount }) => messageCount),
    unacknowledged: sum(queues, ({ unacknowledgedCount }) => unacknowledgedCount),
    memory: { used: memory.used, limit: memory.limit, blocked: memory.blocked },
    totals: { ...tally },
    listening,
    dataDir,
  };
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
