import type { AppBroker, ConnectionStatus, Trouble } from '@tq/core/internal';
import type { QueueConsumer } from './consumer.js';
import type { Executor } from './execution/execute.js';
import type { Tally } from './execution/tally.js';
import type { Pool } from './pools/pool.js';

/** created ─ start() ─> starting ─> running ─ stop() ─> stopping ─> stopped */
export type WorkerState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped';

/** What a worker says of itself. Names and errors are without passwords. */
export interface WorkerHealth {
  /** True only when the worker runs, every queue and subscription is consumed, a child is alive and the broker takes publishes. */
  readonly healthy: boolean;
  /** Where it is in its life. */
  readonly state: WorkerState;
  /** How long it has been running, whole seconds; 0 before. */
  readonly uptimeSeconds: number;
  /** The connection that replies and calls go out on, and the one that deliveries come in on. */
  readonly connections: {
    /** Replies, retries and calls go out on it. */
    readonly publish: ConnectionStatus;
    /** Deliveries and the replies to calls come in on it. */
    readonly consume: ConnectionStatus;
  };
  /** The broker takes no publishes (a memory or disk alarm): settled runs wait, and nothing new starts. */
  readonly blocked: boolean;
  /** Queues by full name, and whether they are consumed now. */
  readonly queues: readonly {
    /** Full name, prefix included. */
    readonly name: string;
    /** It is consumed now. */
    readonly attached: boolean;
    /** Why it is not, where that is not for want of a connection. */
    readonly error: string | undefined;
  }[];
  /** What comes to it beside its queues, known once its tasks are loaded: subscriptions, and broadcasts as `tq.broadcast.all`. */
  readonly subscriptions: readonly {
    /** Of the subscription. */
    readonly name: string;
    /** Full name of the queue that it comes from. */
    readonly queue: string;
    /** It is consumed now. */
    readonly attached: boolean;
    /** Why it is not, where that is not for want of a connection. */
    readonly error: string | undefined;
  }[];
  /** Tasks that it can run at a time. */
  readonly slots: number;
  /** Slots whose thread or process is alive and has loaded its tasks; those of an async pool all are. */
  readonly alive: number;
  /** Runs that hold a slot. */
  readonly running: number;
  /** Ends since the start, by kind. */
  readonly ended: Tally['total'];
  /** What went wrong last with a connection or a queue, though it may be mended. */
  readonly lastError:
    | {
        /** ISO 8601. */
        readonly time: string;
        /** What it said. */
        readonly message: string;
      }
    | undefined;
}

/** The parts of a worker that are asked. */
export interface HealthSources {
  readonly state: WorkerState;
  readonly uptimeMs: number;
  readonly broker: AppBroker;
  readonly consumers: readonly QueueConsumer[];
  readonly pool: Pool;
  readonly executor: Executor;
  readonly tally: Tally;
}

/** Asks the parts of a worker how they are. */
export function describeHealth(sources: HealthSources): WorkerHealth {
  const { state, broker, consumers, pool, executor, tally } = sources;
  const { publisher, publishing, consuming } = broker;
  const attached = consumers.every((consumer) => consumer.attached);
  const alive = pool.alive();
  const troubles = [publishing, consuming, ...consumers].flatMap(({ trouble }) => trouble ?? []);
  return {
    healthy: state === 'running' && publisher.up && !publisher.blocked && attached && alive > 0,
    state,
    uptimeSeconds: Math.floor(sources.uptimeMs / 1_000),
    connections: { publish: publishing.status, consume: consuming.status },
    blocked: publisher.blocked,
    queues: consumers
      .filter(({ subscription }) => subscription === undefined)
      .map((consumer) => ({ name: consumer.queue, ...attachmentOf(consumer) })),
    subscriptions: consumers.flatMap((consumer) => {
      const { subscription: name, queue } = consumer;
      return name === undefined ? [] : { name, queue, ...attachmentOf(consumer) };
    }),
    slots: pool.slots,
    alive,
    running: executor.running,
    ended: tally.total,
    lastError: lastOf(troubles),
  };
}

function attachmentOf({
  attached,
  trouble,
}: QueueConsumer): Pick<WorkerHealth['queues'][number], 'attached' | 'error'> {
  return { attached, error: attached ? undefined : trouble?.message };
}

function lastOf(troubles: readonly Trouble[]): WorkerHealth['lastError'] {
  const [first, ...others] = troubles;
  if (first === undefined) return undefined;
  const { time, message } = others.reduce((last, other) => (other.time > last.time ? other : last), first);
  return { time: new Date(time).toISOString(), message };
}
