import type { Connection, Link } from '../broker/connection.js';
import { declare, isAway, replyCodeOf } from '../broker/declare.js';
import { type Probe, probeExchange, probeQueue } from '../broker/probe.js';
import type { Binding, Topology } from '../broker/topology.js';
import { TqError, toError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import { within } from '../time/within.js';
import {
  differencesOf,
  extraBindings,
  type KnownBinding,
  missingBindings,
  type TopologyDifference,
} from './difference.js';
import { type MigrateHost, migrateQueue } from './migrate.js';
import type { MigrateOptions, MigrationReport } from './migrate-options.js';

/** How long a comparison may take. */
export interface TopologyCallOptions {
  /** For all answers together, ms, 1 to 2,147,483,647; a connection has at most 10,000 of it. Default: 60,000. */
  readonly timeout?: number | undefined;
}

/** What a comparison takes. */
export interface TopologyDiffOptions extends TopologyCallOptions {
  /**
   * The broker's bindings, as RabbitMQ's management API has them: AMQP cannot ask for them. Default: they are not
   * compared.
   */
  readonly bindings?: readonly KnownBinding[] | undefined;
}

/** How the broker differs from what the app declares. */
export interface TopologyDiff {
  /** Nothing is missing, nothing is different, nothing could not be compared. */
  readonly same: boolean;
  /** Exchanges first, then queues, then bindings; each property is one. */
  readonly differences: readonly TopologyDifference[];
  /** Whether bindings were compared too. */
  readonly bindings: 'compared' | 'unknown';
  /** Bindings to what the app declares that it does not declare: those of others, or of an earlier configuration. */
  readonly extra: readonly KnownBinding[];
}

/** An exchange or a queue that was declared. */
export interface DeclaredThing {
  /** Which of them. */
  readonly what: 'exchange' | 'queue';
  /** Its full name, prefix included. */
  readonly name: string;
}

/** What was declared, and what is still different. */
export interface TopologyReport {
  /** Everything that was missing and is there now: exchanges first. Bindings, which cannot be seen, are not among it. */
  readonly declared: readonly DeclaredThing[];
  /** How many bindings were made sure of. */
  readonly bound: number;
  /** What declaring cannot mend. */
  readonly differences: readonly TopologyDifference[];
}

type Model = Link['model'];

const TIMEOUT_MS = 60_000;
/** A broker that is not there is told of sooner than one that is slow. */
const CONNECT_MS = 10_000;
const MAX_TIMEOUT_MS = 2_147_483_647;
/** Questions on the way at a time, each on a channel of its own. */
const CHANNELS = 4;

/**
 * Everything that an app declares on its broker, and how that compares to what is there: `app.topology`. Every operation
 * has a connection of its own.
 *
 * Methods reject with a `TqError`: `invalid-option` (an eager app has no broker, too), `unknown-option`, `in-child`,
 * `closed`, `queue-timeout` (no connection, or no answers in time), `connection-lost`, `access-refused`.
 */
export class TopologyAdmin {
  readonly #host: MigrateHost;

  constructor(host: MigrateHost) {
    this.#host = host;
  }

  /** All that the app declares, by full names: its queues, exchanges and bindings, and those of its tasks and events. */
  declared(): Topology {
    return this.#host.declared();
  }

  /** Compares all of it with the broker, and changes nothing. */
  async diff(options: TopologyDiffOptions = {}): Promise<TopologyDiff> {
    const timeoutMs = timeoutOf(options, ['timeout', 'bindings'], 'diff');
    const { bindings: known } = options;
    const declared = this.declared();
    const { differences } = await this.#use(timeoutMs, (model) => this.#look(model, declared));
    const all = known === undefined ? differences : [...differences, ...missingBindings(declared, known)];
    return {
      same: all.length === 0,
      differences: all,
      bindings: known === undefined ? 'unknown' : 'compared',
      extra: known === undefined ? [] : extraBindings(declared, known),
    };
  }

  /**
   * Declares what is missing and binds it. What exists with other properties stays as it is, and is named; running it
   * again does no harm.
   * @throws {TqError} as above, `declaration-conflict` when the broker refuses a declaration as such, `exchange-missing`
   *   when a binding leads from an exchange that nobody declares, `queue-missing` when the user may not declare
   */
  async apply(options: TopologyCallOptions = {}): Promise<TopologyReport> {
    const timeoutMs = timeoutOf(options, ['timeout'], 'apply');
    const declared = this.declared();
    return this.#use(timeoutMs, (model) => this.#declareMissing(model, declared));
  }

  /**
   * Declares a queue that exists with other properties anew, as the app has it, and keeps its messages in their order: they
   * wait in a queue beside it meanwhile, and what exchanges bring to it, too. Whenever it ends, by its signal, an error or
   * SIGKILL, the same again goes on. Bindings of others go with the old queue unless `bindings` names them.
   * @param queue without the app's prefix
   * @throws {TqError} as above, `queue-in-use` when the queue has consumers, somebody publishes straight to it all the time,
   *   or another migration of it is under way, and then it is as it was; `publish-nacked` when the new queue is full;
   *   `message-too-large` for a message that cannot be sent again; `invalid-option` when the app declares no
   *   such queue, or the broker does not take the declaration, `declaration-conflict` when something around it differs; `queue-unavailable`
   */
  migrate(queue: string, options: MigrateOptions = {}): Promise<MigrationReport> {
    return migrateQueue(this.#host, queue, options);
  }

  async #look(model: Model, declared: Topology): Promise<Looked> {
    const { prefix } = this.#host;
    const { queues } = declared;
    const ofExchanges = await eachOf([...declared.exchanges, ...foreignSources(declared)], async (exchange) => {
      const probe = await probeExchange(model, exchange);
      return { probe, declaration: exchange, differences: differencesOf('exchange', exchange, probe, prefix) };
    });
    const ofQueues = await eachOf(queues, async (queue) => {
      const probe = await probeQueue(model, queue);
      return { probe, declaration: queue, differences: differencesOf('queue', queue, probe, prefix) };
    });
    const differences = [...ofExchanges, ...ofQueues].flatMap((one) => one.differences);
    return { exchanges: ofExchanges, queues: ofQueues, differences };
  }

  async #declareMissing(model: Model, declared: Topology): Promise<TopologyReport> {
    const looked = await this.#look(model, declared);
    const exchanges = looked.exchanges.filter(isToDeclare).map(({ declaration }) => declaration);
    const queues = looked.queues.filter(isToDeclare).map(({ declaration }) => declaration);
    const lacking = new Set([...looked.exchanges, ...looked.queues].filter(isOutOfReach).map(nameOf));
    const bindings = declared.bindings.filter(
      (binding) => !lacking.has(binding.exchange) && !lacking.has(destinationOf(binding)),
    );
    await declare(model, { exchanges, queues, bindings });
    const made: readonly DeclaredThing[] = [
      ...exchanges.map(({ name }) => ({ what: 'exchange', name }) as const),
      ...queues.map(({ name }) => ({ what: 'queue', name }) as const),
    ];
    const isMade = ({ what, name }: TopologyDifference) => made.some((one) => one.what === what && one.name === name);
    const differences = looked.differences.filter((difference) => !isMade(difference));
    return { declared: made, bound: bindings.length, differences };
  }

  async #use<T>(timeoutMs: number, work: (model: Model) => Promise<T>): Promise<T> {
    const connection = this.#host.connect();
    const letGo = connection.hold();
    const over = new AbortController();
    const { clock } = this.#host;
    const opening = connection.whenOpen(over.signal);
    try {
      if (!(await within(clock, Math.min(timeoutMs, CONNECT_MS), opening))) throw timedOut(connection, timeoutMs);
      const answer = work((await opening).model);
      if (await within(clock, timeoutMs, answer)) return await answer;
    } catch (thrown) {
      throw explain(thrown);
    } finally {
      over.abort();
      await connection.close();
      letGo();
    }
    throw timedOut(connection, timeoutMs);
  }
}

interface Compared<T> {
  readonly probe: Probe;
  readonly declaration: T;
  readonly differences: readonly TopologyDifference[];
}

interface Looked {
  readonly exchanges: readonly Compared<Topology['exchanges'][number]>[];
  readonly queues: readonly Compared<Topology['queues'][number]>[];
  readonly differences: readonly TopologyDifference[];
}

type Declared = Compared<{ readonly name: string; readonly passive?: boolean | undefined }>;

function isToDeclare({ probe, declaration }: Declared): boolean {
  return probe.kind === 'missing' && declaration.passive !== true;
}

/** Nothing can be bound to it. */
function isOutOfReach({ probe, declaration }: Declared): boolean {
  if (probe.kind === 'missing') return declaration.passive === true;
  return probe.kind !== 'same' && probe.kind !== 'different';
}

function nameOf({ declaration }: Declared): string {
  return declaration.name;
}

function destinationOf(binding: Binding): string {
  return 'queue' in binding ? binding.queue : binding.to;
}

/** Exchanges that the app binds to and that others declare: a subscription may name one. */
function foreignSources({ exchanges, bindings }: Topology): Topology['exchanges'] {
  const own = new Set(exchanges.map(({ name }) => name));
  const names = new Set(bindings.map(({ exchange }) => exchange).filter((name) => !own.has(name)));
  return [...names].map((name) => ({ name, type: 'topic', passive: true }));
}

/** Some at a time, in the order in which they are given. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const take = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T);
  };
  await Promise.all(Array.from({ length: CHANNELS }, take));
  return results;
}

function timeoutOf(options: TopologyCallOptions, known: readonly string[], method: string): number {
  refuseUnknownKeys(options, known, `topology.${method}`);
  return requireInteger(options.timeout ?? TIMEOUT_MS, `${method}: timeout (ms)`, { min: 1, max: MAX_TIMEOUT_MS });
}

function explain(thrown: unknown): TqError {
  if (thrown instanceof TqError) return thrown;
  const cause = toError(thrown);
  switch (replyCodeOf(cause)) {
    case 403:
      return new TqError('access-refused', `The broker's user may not do this: ${cause.message}`, { cause });
    case 404: {
      if (isAway(cause)) return new TqError('queue-unavailable', `A node is down: ${cause.message}`, { cause });
      const text = `A binding leads from or to what is not there: ${cause.message} Declare it in the app's exchanges or queues.`;
      return new TqError('exchange-missing', text, { cause });
    }
    default: {
      const text = `The connection was lost before the broker's answer: ${cause.message} Look again; what was declared stays.`;
      return new TqError('connection-lost', text, { cause });
    }
  }
}

function timedOut({ link, lastError }: Connection, timeoutMs: number): TqError {
  const why = link !== undefined ? 'Is it overloaded?' : (lastError?.message ?? 'There is no connection to it yet.');
  const text = `The broker did not answer for all that the app declares within ${timeoutMs} ms. ${why}`;
  return new TqError('queue-timeout', text, { fields: { timeoutMs }, cause: lastError });
}
