import type { Topology } from '../broker/topology.js';
import { TqError } from '../errors.js';
import { nearest } from '../nearest.js';

/** What of an app a migration is planned from. */
export interface MigrationSource {
  readonly prefix: string;
  /** All that the app declares. */
  declared(): Topology;
  /** Of a task queue, by its full name. */
  topologyOf(queue: string): Topology;
}

/**
 * What an app declares around one of its queues: a queue of tasks with all that its worker declares, a group's with what
 * brings its events, too; a queue of dead letters alone with what leads to it.
 * @param name full name
 * @throws {TqError} `invalid-option` for a queue that the app does not declare
 */
export function topologyToMigrate({ prefix, declared, topologyOf }: MigrationSource, name: string): Topology {
  const whole = declared();
  const queue = whole.queues.find((declaration) => declaration.name === name);
  if (queue === undefined) throw unknownQueue(name.slice(prefix.length), whole, prefix);
  const inflow = inflowOf(whole, name);
  // Only what tq keeps beside queues of tasks may be of any type; as a queue of tasks it would be another one.
  if (queue.anyType === true) return { ...inflow, queues: [queue] };
  const around = topologyOf(name);
  return {
    exchanges: unique([...around.exchanges, ...inflow.exchanges], (one) => one.name),
    queues: around.queues,
    bindings: unique([...around.bindings, ...inflow.bindings], (one) => JSON.stringify(one)),
  };
}

/** The exchanges from which messages come to a queue, by whatever way, with their alternates and bindings. */
function inflowOf({ exchanges, bindings }: Topology, queue: string): Pick<Topology, 'exchanges' | 'bindings'> {
  const found = new Set<string>();
  const leading = bindings.filter((binding) => 'queue' in binding && binding.queue === queue);
  const open = leading.map(({ exchange }) => exchange);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const further = bindings.filter((binding) => 'to' in binding && binding.to === name);
    leading.push(...further);
    open.push(...further.map(({ exchange }) => exchange));
    const alternate = exchanges.find((exchange) => exchange.name === name)?.alternate;
    if (alternate !== undefined) open.push(alternate);
  }
  return { exchanges: exchanges.filter(({ name }) => found.has(name)), bindings: leading };
}

/** The first of each key. */
function unique<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...new Map([...items].reverse().map((item) => [keyOf(item), item])).values()].reverse();
}

function unknownQueue(queue: string, { queues }: Topology, prefix: string): TqError {
  const near = nearest(
    queue,
    queues.map(({ name }) => name.slice(prefix.length)),
  );
  const advice = near === undefined ? '' : ` Did you mean '${near}'?`;
  const text = `The app declares no queue '${queue}', so nothing says how it is to be.${advice} Name it in the app's queues.`;
  return new TqError('invalid-option', text, { fields: { queue } });
}
