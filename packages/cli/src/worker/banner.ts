import { internalsOf, maskUrl, nearest } from '@tq/core/internal';
import type { Worker } from '@tq/worker';
import type { LoadedApp } from '@tq/worker/internal';
import { formatRows } from '../rows.js';

/** What a worker is about to do, before it does it. */
export interface WorkerFacts {
  readonly hostname: string;
  /** Brokers without their passwords. */
  readonly broker: readonly string[];
  readonly prefix: string;
  /** Queues, each with what slots it has: `math (2 slots)`. */
  readonly queues: readonly string[];
  readonly tasks: readonly string[];
  /** Names of the subscriptions that it consumes beside them. */
  readonly subscriptions: readonly string[];
  readonly file: string;
  readonly pool: string;
  readonly slots: number;
  /** What the user should know of these settings. */
  readonly notes: readonly string[];
}

/** Slots beyond this are better asked of the async pool, when tasks mostly wait. */
const MANY_CHILDREN = 16;
/** Memory that a slot takes, in words. */
const MEMORY: Readonly<Record<string, string>> = {
  thread: 'threads take 7 to 9 MB',
  process: 'processes take 12 to 15 MB',
};

/** Collects what the banner or the first log line shows. */
export function describeWorker({ settings }: Worker, loaded: LoadedApp): WorkerFacts {
  const { urls, prefix } = internalsOf(loaded.app).options;
  const own = settings.queues.reduce((sum, queue) => sum + (queue.slots ?? 0), 0);
  const shared = settings.queues.filter((queue) => queue.slots === undefined).length;
  const consumed = settings.queues.map(({ name }) => name);
  const subscribed = loaded.tasks.filter(({ subscription }) => subscription === true);
  const subscriptions = settings.subscriptions ? subscribed.map(({ name }) => name) : [];
  const sharesSlots = shared > 0 || settings.queues.length === 0;
  const slots = own + (sharesSlots ? settings.concurrency : 0);
  const prefetched = (own + shared * settings.concurrency) * settings.prefetchMultiplier;
  const ofSubscriptions = subscriptions.length * (sharesSlots ? settings.concurrency : slots);
  return {
    hostname: settings.hostname,
    broker: urls.map(maskUrl),
    prefix,
    queues: settings.queues.map(({ name, slots }) => {
      const long = settings.longTasks.includes(name) ? ', long tasks' : '';
      return `${name} (${share(slots, settings.concurrency, shared)}${long})`;
    }),
    tasks: loaded.tasks.filter(({ subscription }) => subscription !== true).map(({ name }) => name),
    subscriptions,
    file: loaded.file,
    pool: settings.pool,
    slots,
    notes: [
      ...fairness(prefetched - own - (shared > 0 ? settings.concurrency : 0), shared, settings.prefetchMultiplier),
      ...overlap(ofSubscriptions * settings.prefetchMultiplier, subscriptions.length),
      ...advice(settings.pool, slots),
      ...elsewhere(loaded, consumed),
      ...mistyped(loaded, consumed),
    ],
  };
}

/** The facts for a person at a terminal. */
export function formatBanner(facts: WorkerFacts, version: string): string {
  const rows: readonly (readonly [string, string])[] = [
    ['broker', facts.broker.join(', ')],
    ...(facts.prefix === '' ? [] : [['prefix', facts.prefix] as const]),
    ...(facts.queues.length === 0 ? [] : [['queues', facts.queues.join(', ')] as const]),
    ['tasks', `${facts.tasks.length === 0 ? 'none' : few(facts.tasks)} from ${facts.file}`],
    ...(facts.subscriptions.length === 0 ? [] : [['subscribes', few(facts.subscriptions)] as const]),
    ['pool', `${facts.pool}, ${count(facts.slots, 'slot')}`],
    ...facts.notes.map((note) => ['note', note] as const),
  ];
  return formatRows(`tq ${version} worker ${facts.hostname}`, rows);
}

function share(slots: number | undefined, concurrency: number, shared: number): string {
  if (slots !== undefined) return count(slots, 'slot');
  return shared === 1 ? count(concurrency, 'slot') : `${concurrency} shared slots`;
}

/** A prefetch counts for each queue by itself, so queues that share slots hold deliveries that wait for one. */
function fairness(waiting: number, shared: number, multiplier: number): string[] {
  if (waiting === 0) return [];
  const why = [
    ...(shared > 1 ? [`${shared} queues share slots`] : []),
    ...(multiplier > 1 ? [`the prefetch multiplier is ${multiplier}`] : []),
  ].join(' and ');
  return [`${why}: at most ${count(waiting, 'delivery', 'deliveries')} wait here unstarted`];
}

/** Subscriptions have no slots of their own, and a prefetch each. */
function overlap(waiting: number, subscriptions: number): string[] {
  if (subscriptions === 0) return [];
  const what = `${count(subscriptions, 'subscription')} share${subscriptions === 1 ? 's' : ''} these slots`;
  return [`${what}: at most ${count(waiting, 'delivery', 'deliveries')} of them wait here unstarted`];
}

function advice(pool: string, slots: number): string[] {
  const memory = MEMORY[pool];
  if (memory === undefined || slots <= MANY_CHILDREN) return [];
  return [`${slots} ${memory} each; for tasks that mostly wait, --pool async takes many more for less`];
}

/** Tasks that this worker can run and whose calls it will not see. */
function elsewhere({ tasks }: LoadedApp, consumed: readonly string[]): string[] {
  const missed = tasks.flatMap(({ name, queue, subscription }) =>
    queue === undefined || subscription === true || consumed.includes(queue) ? [] : [`${name} (${queue})`],
  );
  return missed.length === 0 ? [] : [`not consumed here, add their queues to --queues: ${few(missed)}`];
}

/** A queue that no task goes to, beside one of nearly that name that a task does go to. */
function mistyped({ app, tasks }: LoadedApp, consumed: readonly string[]): string[] {
  const { queue: standard, queues } = internalsOf(app).options;
  const known = new Set([
    standard,
    ...Object.keys(queues),
    ...tasks.flatMap(({ queue, subscription }) => (subscription === true ? [] : (queue ?? []))),
  ]);
  const missed = [...known].filter((name) => !consumed.includes(name));
  return consumed.flatMap((name) => {
    const near = known.has(name) ? undefined : nearest(name, missed);
    return near === undefined ? [] : [`no task of this file goes to queue '${name}': did you mean '${near}'?`];
  });
}

const NAMES_SHOWN = 12;

function few(names: readonly string[]): string {
  const rest = names.length - NAMES_SHOWN;
  return rest <= 0 ? names.join(', ') : `${names.slice(0, NAMES_SHOWN).join(', ')} and ${rest} more`;
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
