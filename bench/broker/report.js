// @ts-check
/** Writes what was measured of the embedded broker as Markdown. */
import { machineText } from '../machine.js';
import { format, tableOf } from '../markdown.js';
import { spread } from '../statistics.js';
import { EMBEDDED } from './embedded.js';
import { FLAT_LIMIT, FLAT_WORK, START, TARGETS } from './scenarios.js';

/** @import { BrokerName, Comparison } from './compare.js' */
/** @import { EmbeddedKind } from './embedded.js' */
/** @import { Flatness } from './flat.js' */
/** @import { BrokerMetric, BrokerSample, FlatSample } from './scenarios.js' */

/**
 * @typedef {object} Measured
 * @property {readonly Comparison[]} comparisons
 * @property {ReadonlyMap<EmbeddedKind, readonly BrokerSample[]> | undefined} starts
 * @property {readonly Flatness[]} flatness
 */

/** @type {Readonly<Record<BrokerName, string>>} */
const NAMES = { rabbitmq: 'RabbitMQ', durable: 'embedded, durable', memory: 'embedded, memory' };

/** @type {Readonly<Record<BrokerMetric, { title: string, digits: number }>>} */
const METRICS = {
  perSecond: { title: 'a second', digits: 0 },
  cpuUs: { title: 'client CPU, µs', digits: 1 },
  brokerUs: { title: 'broker CPU, µs', digits: 1 },
  p50Ms: { title: 'p50, ms', digits: 2 },
  p99Ms: { title: 'p99, ms', digits: 2 },
  firstTaskMs: { title: 'first task, ms', digits: 0 },
  acceptMs: { title: 'first connection, ms', digits: 0 },
  idleMb: { title: 'idle memory, MB', digits: 1 },
};

/** @type {readonly BrokerMetric[]} */
const THROUGHPUT = ['perSecond', 'brokerUs', 'cpuUs'];
/** @type {readonly BrokerMetric[]} */
const LATENCY = ['p50Ms', 'p99Ms', 'brokerUs'];

/**
 * @param {Measured} measured
 * @param {{ rounds: number, node: string, amqplib: string, rabbitmq: string, date: string }} facts
 * @returns {string}
 */
export function reportBroker({ comparisons, starts, flatness }, facts) {
  const targets = [...comparisonTargets(comparisons), ...startTargets(starts), ...flatTargets(flatness)];
  return [
    '# What the embedded broker costs beside RabbitMQ',
    '',
    `Written by \`npm run bench -- --broker\` on ${facts.date}: ${machineText()}; Node ${facts.node}, amqplib ${facts.amqplib}, RabbitMQ ${facts.rabbitmq} with classic queues on the same machine.`,
    '',
    `Each figure is the median of ${facts.rounds} rounds with minimum and maximum. The programs are those of \`bench/raw\`, amqplib alone, and are the same for every broker: persistent and mandatory messages of 120 bytes to durable queues, confirms in a window of 1,000, an ack each. In a round the brokers take turns, in the other order every second time. The embedded broker is \`tq broker\`, once with \`--data\` in the system's temporary folder and once with \`--memory\`. \`÷ RabbitMQ\` is the median of the rounds' own ratios, which other load on the machine moves less than it moves the figures. CPU is that of the broker's process, and of the client's, for each operation; the broker's is empty where its process is not known.`,
    '',
    '## Targets',
    '',
    ...tableOf(['what', 'broker', 'measure', 'target', 'found', ''], targets),
    '',
    ...section('Throughput', THROUGHPUT, ofGroup(comparisons, 'throughput')),
    ...section('Latency', LATENCY, ofGroup(comparisons, 'latency')),
    ...startSection(starts),
    ...flatSection(flatness),
  ].join('\n');
}

/**
 * @param {readonly Comparison[]} comparisons
 * @param {string} group
 */
const ofGroup = (comparisons, group) => comparisons.filter(({ scenario }) => scenario.group === group);

/** @param {readonly Comparison[]} comparisons */
function comparisonTargets(comparisons) {
  return comparisons.flatMap(({ scenario, samples }) =>
    TARGETS.filter((target) => target.scenario === scenario.name).flatMap(({ metric, bound, limit }) =>
      EMBEDDED.map((kind) => {
        const found = ratioOf(valuesOf(samples.get(kind), metric), valuesOf(samples.get('rabbitmq'), metric));
        return targetRow(scenario.title, NAMES[kind], `${METRICS[metric].title} ÷ RabbitMQ`, { bound, limit, found });
      }),
    ),
  );
}

/** @param {Measured['starts']} starts */
function startTargets(starts) {
  if (starts === undefined) return [];
  return TARGETS.filter(({ scenario }) => scenario === START.name).flatMap(({ metric, bound, limit }) =>
    EMBEDDED.map((kind) => {
      const found = spread(valuesOf(starts.get(kind), metric)).median;
      const { title, digits } = METRICS[metric];
      return targetRow(START.title, NAMES[kind], title, { bound, limit, found }, digits);
    }),
  );
}

/** @param {readonly Flatness[]} flatness */
function flatTargets(flatness) {
  return flatness.flatMap(({ series, kind, samples }) => {
    const sizes = [...samples.keys()];
    const [least, most] = /** @type {[number, number]} */ ([sizes[0], sizes.at(-1)]);
    return /** @type {const} */ (['enqueue', 'drain']).map((part) => {
      const found = flatRatio(samples, most, `${part}Us`);
      const measure = `${part}, ${format(most, 0)} ÷ ${format(least, 0)}`;
      return targetRow(series.title, NAMES[kind], measure, { bound: 'most', limit: FLAT_LIMIT, found });
    });
  });
}

/**
 * @param {string} what
 * @param {string} broker
 * @param {string} measure
 * @param {{ bound: 'least' | 'most', limit: number, found: number }} result
 * @param {number} [digits]
 */
function targetRow(what, broker, measure, { bound, limit, found }, digits = 2) {
  const reached = bound === 'least' ? found >= limit : found <= limit;
  const wanted = `${bound === 'least' ? '≥' : '≤'} ${format(limit, digits)}`;
  return [what, broker, measure, wanted, format(found, digits), reached ? 'reached' : '**missed**'];
}

/**
 * @param {string} title
 * @param {readonly BrokerMetric[]} metrics
 * @param {readonly Comparison[]} comparisons
 */
function section(title, metrics, comparisons) {
  if (comparisons.length === 0) return [];
  const head = metrics.flatMap((metric) => [METRICS[metric].title, '÷ RabbitMQ']);
  const rows = comparisons.flatMap(({ scenario, samples }) =>
    [...samples].map(([name, own], index) => [
      index === 0 ? scenario.title : '',
      NAMES[name],
      ...metrics.flatMap((metric) => {
        const values = valuesOf(own, metric);
        const ratio = name === 'rabbitmq' ? undefined : ratioOf(values, valuesOf(samples.get('rabbitmq'), metric));
        return [figure(values, METRICS[metric].digits), ratioText(ratio)];
      }),
    ]),
  );
  return [`## ${title}`, '', ...tableOf(['what', 'broker', ...head], rows), ''];
}

/** @param {Measured['starts']} starts */
function startSection(starts) {
  if (starts === undefined) return [];
  /** @type {readonly BrokerMetric[]} */
  const metrics = ['acceptMs', 'idleMb'];
  const rows = EMBEDDED.map((kind) => [
    NAMES[kind],
    ...metrics.map((metric) => figure(valuesOf(starts.get(kind), metric), METRICS[metric].digits)),
  ]);
  const head = ['broker', ...metrics.map((metric) => METRICS[metric].title)];
  return ['## Start and memory', '', ...tableOf(head, rows), ''];
}

/** @param {readonly Flatness[]} flatness */
function flatSection(flatness) {
  if (flatness.length === 0) return [];
  const { count } = FLAT_WORK;
  const rows = flatness.flatMap(({ series, kind, samples }) =>
    [...samples].map(([size, own], index) => [
      ...(index === 0 ? [series.title, NAMES[kind]] : ['', '']),
      format(size, 0),
      .../** @type {const} */ (['enqueueUs', 'enqueueBrokerUs', 'drainUs', 'drainBrokerUs']).flatMap((metric) => [
        figure(flatValues(own, metric), 1),
        ratioText(index === 0 ? undefined : flatRatio(samples, size, metric)),
      ]),
    ]),
  );
  const measures = ['enqueue, µs', 'enqueue, broker CPU, µs', 'drain, µs', 'drain, broker CPU, µs'];
  const head = measures.flatMap((title) => [title, '÷ first']);
  return [
    '## Cost of a message as things grow',
    '',
    `Of ${format(count, 0)} messages of 1 KB that are published with confirms in a window of 1,000 and then drained with 100 deliveries at a time (one for each queue where there are more queues): time by the clock and CPU of the broker. They go to the one queue that is full already; to each of the queues in turn; or to one queue through one of the exchange's bindings, each in turn. Each size is a broker of its own, and these take turns. Flat is what costs at most ${FLAT_LIMIT} times as much with the largest size as with the smallest.`,
    '',
    ...tableOf(['what grows', 'broker', 'to', ...head], rows),
    '',
  ];
}

/**
 * The median of the rounds' ratios to the smallest size.
 * @param {Flatness['samples']} samples
 * @param {number} size
 * @param {keyof FlatSample} metric
 */
function flatRatio(samples, size, metric) {
  const [first] = samples.values();
  return ratioOf(flatValues(samples.get(size), metric), flatValues(first, metric));
}

/**
 * @param {readonly number[]} values
 * @param {readonly number[]} base of the same rounds
 * @returns {number} the median of the rounds' ratios, NaN where there are no figures
 */
function ratioOf(values, base) {
  if (values.length === 0 || base.length === 0) return Number.NaN;
  return spread(values.map((value, round) => value / /** @type {number} */ (base[round]))).median;
}

/** @param {number | undefined} ratio */
const ratioText = (ratio) => (ratio === undefined || Number.isNaN(ratio) ? '' : format(ratio, 2));

/**
 * @param {readonly number[]} values
 * @param {number} digits
 */
function figure(values, digits) {
  if (values.length === 0) return '';
  const { median, min, max } = spread(values);
  return `${format(median, digits)} (${format(min, digits)} – ${format(max, digits)})`;
}

/**
 * @param {readonly BrokerSample[] | undefined} samples
 * @param {BrokerMetric} metric
 */
const valuesOf = (samples, metric) => (samples ?? []).flatMap((sample) => sample[metric] ?? []);

/**
 * @param {readonly FlatSample[] | undefined} samples
 * @param {keyof FlatSample} metric
 */
const flatValues = (samples, metric) => (samples ?? []).flatMap((sample) => sample[metric] ?? []);
