import { OPTION_OF_ARGUMENT } from '../broker/check-topology.js';
import type { Probe } from '../broker/probe.js';
import type { Binding, QueueDeclaration, Topology } from '../broker/topology.js';
import { assertNever } from '../errors.js';
import type { Headers, HeaderValue } from '../protocol/message.js';

/** One way in which the broker is not as the app declares it. */
export interface TopologyDifference {
  /** What it is about; a binding is named `EXCHANGE to NAME`. */
  readonly what: 'exchange' | 'queue' | 'binding';
  /** Its full name, prefix included. */
  readonly name: string;
  /**
   * `missing`; `different` in one property; or not to be compared: `unavailable` (its node is down), `exclusive` (to
   * another connection), `refused` (the user may not look, or the broker refuses the declaration as such).
   */
  readonly kind: 'missing' | 'different' | 'unavailable' | 'exclusive' | 'refused';
  /** The property: an argument (`x-max-length`), `durable`, `auto_delete`, `internal` or `type`; undefined for the others. */
  readonly property: string | undefined;
  /** What the app declares; undefined for nothing. */
  readonly wanted: HeaderValue;
  /** What the broker has; undefined for nothing. */
  readonly found: HeaderValue;
  /** What to do about it. */
  readonly fix: string;
}

/** A binding as a broker has it. */
export interface KnownBinding {
  /** Exchange. */
  readonly source: string;
  /** Queue, or exchange. */
  readonly destination: string;
  /** Which of them it is. */
  readonly destinationType: 'queue' | 'exchange';
  /** What the exchange compares. */
  readonly routingKey: string;
  /** What a headers exchange compares. */
  readonly arguments: Headers;
}

/** Options of an app by the argument that they become. */
const OPTION_OF: Readonly<Record<string, string>> = {
  ...OPTION_OF_ARGUMENT,
  'alternate-exchange': 'alternate',
  auto_delete: 'autoDelete',
  durable: 'durable',
  internal: 'internal',
  type: 'type',
};

/** What a look at a queue or an exchange came to, a difference each. */
export function differencesOf(
  what: 'exchange' | 'queue',
  { name, passive = false, anyType = false }: Pick<QueueDeclaration, 'name' | 'passive' | 'anyType'>,
  probe: Probe,
  prefix: string,
): readonly TopologyDifference[] {
  const base = { what, name, property: undefined, wanted: undefined, found: undefined };
  switch (probe.kind) {
    case 'same':
      return [];
    case 'missing': {
      const fix = passive
        ? "The app leaves it to others to declare it (declare: 'passive', or it is in none of its options): start who does."
        : 'tq topology apply declares it, as do the first call and the first worker.';
      return [{ ...base, kind: 'missing', fix }];
    }
    case 'different':
      return probe.differences.map(({ argument, wanted, found }, index) => {
        const isLast = index === probe.differences.length - 1;
        const more =
          isLast && !probe.isWhole ? ' There may be further differences, which the broker tells after this.' : '';
        // No option says how a queue is that tq keeps beside those of tasks.
        const own = name.slice(prefix.length);
        const fix = (anyType ? `Declare it anew: ${anew(own)}` : fixOf(what, own, argument)) + more;
        return { ...base, kind: 'different', property: argument, wanted, found, fix };
      });
    case 'unavailable':
      return [{ ...base, kind: 'unavailable', fix: 'The node that has it is down: look again when it is back.' }];
    case 'exclusive': {
      const fix =
        'It belongs to another connection alone and goes when that ends: look again then, or use another name.';
      return [{ ...base, kind: 'exclusive', fix }];
    }
    case 'refused':
      return [{ ...base, kind: 'refused', fix: `The broker refuses it: ${probe.error.message}` }];
    default:
      return assertNever(probe);
  }
}

/** Arguments do not change on what exists: it is the app that gives in, or another one takes its place. */
function fixOf(what: 'exchange' | 'queue', name: string, argument: string): string {
  const option = OPTION_OF[argument];
  const place = option === undefined ? 'arguments' : `${option}`;
  const give = `Set ${place} of ${what}s['${name}'] to what the broker has`;
  if (what === 'queue') return `${give}, or move its messages to a new one: ${anew(name)}`;
  return `${give}, or delete the exchange while nobody publishes to it and run tq topology apply.`;
}

function anew(queue: string): string {
  return `tq topology apply --migrate ${queue}.`;
}

/** How texts name a binding. */
export function bindingName(binding: Binding): string {
  return `${binding.exchange} to ${'queue' in binding ? binding.queue : binding.to}`;
}

/** Bindings that the app declares and the broker does not have. */
export function missingBindings({ bindings }: Topology, known: readonly KnownBinding[]): readonly TopologyDifference[] {
  const there = new Set(known.map(keyOf));
  return bindings
    .filter((binding) => !there.has(keyOf(toKnown(binding))))
    .map((binding) => ({
      what: 'binding',
      name: bindingName(binding),
      kind: 'missing',
      property: undefined,
      wanted: describeBinding(toKnown(binding)),
      found: undefined,
      fix: 'tq topology apply binds it.',
    }));
}

/** Bindings to what the app declares that it does not declare itself: those of others, or of how it was before. */
export function extraBindings(
  { exchanges, queues, bindings }: Topology,
  known: readonly KnownBinding[],
): readonly KnownBinding[] {
  const declared = new Set(bindings.map((binding) => keyOf(toKnown(binding))));
  const mine = new Set([...queues, ...exchanges].map(({ name }) => name));
  return known.filter(
    (binding) => binding.source !== '' && mine.has(binding.destination) && !declared.has(keyOf(binding)),
  );
}

/** `key a.b`, with the arguments of a headers exchange. */
export function describeBinding({ routingKey, arguments: own }: KnownBinding): string {
  const parts = Object.entries(own).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [`key '${routingKey}'`, ...parts].join(', ');
}

function toKnown(binding: Binding): KnownBinding {
  const [destination, destinationType] =
    'queue' in binding ? ([binding.queue, 'queue'] as const) : ([binding.to, 'exchange'] as const);
  const { exchange: source, routingKey, arguments: own = {} } = binding;
  return { source, destination, destinationType, routingKey, arguments: own };
}

/** Tables are the same in whatever order they are written. */
function keyOf({ source, destination, destinationType, routingKey, arguments: own }: KnownBinding): string {
  return JSON.stringify([source, destinationType, destination, routingKey, sorted(own)]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, inner]) => [key, sorted(inner)]);
}
