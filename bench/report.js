// @ts-check
/** Writes what was measured as Markdown. */
import { machineText } from './machine.js';
import { format, tableOf } from './markdown.js';
import { TARGETS } from './scenarios.js';
import { spread } from './statistics.js';

/** @import { Metric, Program, Sample, Scenario, Target } from './scenarios.js' */

/**
 * @typedef {object} Result of one scenario on one type of queue
 * @property {Scenario} scenario
 * @property {'classic' | 'quorum'} queueType
 * @property {ReadonlyMap<string, readonly Sample[]>} samples by program, one a round
 */

/** @type {Readonly<Record<Metric, { title: string, digits: number }>>} */
const METRICS = {
  perSecond: { title: 'a second', digits: 0 },
  cpuUs: { title: 'client CPU, µs', digits: 1 },
  p50Ms: { title: 'p50, ms', digits: 2 },
  p99Ms: { title: 'p99, ms', digits: 2 },
  firstTaskMs: { title: 'first task, ms', digits: 0 },
  idleMb: { title: 'idle memory, MB', digits: 1 },
};

/** @type {readonly { group: Scenario['group'], title: string, metrics: readonly Metric[] }[]} */
const TABLES = [
  { group: 'throughput', title: 'Throughput', metrics: ['perSecond', 'cpuUs'] },
  { group: 'latency', title: 'Latency', metrics: ['p50Ms', 'p99Ms', 'cpuUs'] },
  { group: 'start', title: 'Start and memory', metrics: ['firstTaskMs', 'idleMb'] },
  { group: 'pool', title: 'Thread pool', metrics: ['perSecond', 'cpuUs'] },
  { group: 'feature', title: 'Features beside tq without them', metrics: ['perSecond', 'cpuUs'] },
  { group: 'canvas', title: 'Canvas', metrics: ['p50Ms', 'p99Ms', 'perSecond', 'cpuUs'] },
];

/**
 * @param {readonly Result[]} results
 * @param {{ rounds: number, node: string, amqplib: string, rabbitmq: string, date: string }} facts
 * @returns {string}
 */
export function report(results, facts) {
  return [
    '# What tq costs beside hand-written amqplib',
    '',
    `Written by \`npm run bench\` on ${facts.date}: ${machineText()}; Node ${facts.node}, amqplib ${facts.amqplib}, RabbitMQ ${facts.rabbitmq} on the same machine.`,
    '',
    'Each figure is the median of ' +
      `${facts.rounds} rounds with minimum and maximum. Every measurement is a process of its own on a queue of its own, warmed up first; in a round ` +
      "the programs take turns, in the other order every second time. `raw` is a program in `bench/raw` that uses amqplib alone, sends and reads the very same bytes (checked before each run) and gives the same guarantees: durable queues with the same arguments, persistent and mandatory messages, confirms in a window of 1,000, two connections without Nagle's delay, prefetch = slots, an ack each, sent after the reply's confirm. `÷ raw` is the median of the rounds' own ratios, which other load on the machine moves less than it moves the figures. `plain` is tq without the feature that is measured. Tasks are no-ops of 120 bytes in tq's `async` pool. CPU is that of the measured process for each operation; for round trips, of caller and worker together.",
    '',
    '## Targets',
    '',
    ...targets(results),
    ...TABLES.flatMap((table) => section(table, results)),
  ].join('\n');
}

/** @param {readonly Result[]} results */
function targets(results) {
  const rows = TARGETS.flatMap((target) =>
    results.filter(({ scenario }) => scenario.name === target.scenario).map((result) => targetRow(target, result)),
  );
  return [...tableOf(['what', 'queue', 'program', 'measure', 'target', 'found', ''], rows), ''];
}

/**
 * @param {Target} target
 * @param {Result} result
 */
function targetRow({ program = 'tq', metric, ratio, bound, limit }, result) {
  const found = ratio ? ratioOf(result, program, metric) : spreadOf(result, program, metric).median;
  const reached = bound === 'least' ? found >= limit : found <= limit;
  const digits = ratio ? 2 : METRICS[metric].digits;
  const measure = `${METRICS[metric].title}${ratio ? ` ${against(result)}` : ''}`;
  const sign = bound === 'least' ? '≥' : '≤';
  const { title } = result.scenario;
  const wanted = `${sign} ${format(limit, ratio ? 2 : 0)}`;
  return [title, queueOf(result), program, measure, wanted, format(found, digits), reached ? 'reached' : '**missed**'];
}

/**
 * @param {(typeof TABLES)[number]} table
 * @param {readonly Result[]} results
 */
function section({ group, title, metrics }, results) {
  const ours = results.filter(({ scenario }) => scenario.group === group);
  if (ours.length === 0) return [];
  const compared = ours.some(({ scenario }) => scenario.programs.length > 1);
  const head = metrics.flatMap((metric) => [METRICS[metric].title, ...(compared ? [against(ours[0])] : [])]);
  const rows = ours.flatMap((result) =>
    result.scenario.programs.map((program, index) => [
      index === 0 ? result.scenario.title : '',
      index === 0 ? queueOf(result) : '',
      program.name,
      ...metrics.flatMap((metric) => cells(result, program, metric, compared)),
    ]),
  );
  return [`## ${title}`, '', ...tableOf(['what', 'queue', 'program', ...head], rows), ''];
}

/**
 * @param {Result} result
 * @param {Program} program
 * @param {Metric} metric
 * @param {boolean} compared
 */
function cells(result, program, metric, compared) {
  const { digits } = METRICS[metric];
  const { median, min, max } = spreadOf(result, program.name, metric);
  const text = `${format(median, digits)} (${format(min, digits)} – ${format(max, digits)})`;
  if (!compared) return [text];
  const first = program === result.scenario.programs[0];
  return [text, first ? '' : format(ratioOf(result, program.name, metric), 2)];
}

/**
 * @param {Result} result
 * @param {string} program
 * @param {Metric} metric
 */
function spreadOf(result, program, metric) {
  return spread(valuesOf(result, program, metric));
}

/**
 * The median of the rounds' ratios to the scenario's first program.
 * @param {Result} result
 * @param {string} program
 * @param {Metric} metric
 */
function ratioOf(result, program, metric) {
  const raw = valuesOf(result, /** @type {Program} */ (result.scenario.programs[0]).name, metric);
  return spread(valuesOf(result, program, metric).map((value, round) => value / /** @type {number} */ (raw[round])))
    .median;
}

/**
 * @param {Result} result
 * @param {string} program
 * @param {Metric} metric
 */
function valuesOf({ samples }, program, metric) {
  return (samples.get(program) ?? []).map((sample) => /** @type {number} */ (sample[metric]));
}

/**
 * What the scenario's programs are compared with: its first.
 * @param {Result | undefined} result
 */
const against = (result) => `÷ ${result?.scenario.programs[0]?.name}`;

/** @param {Result} result */
const queueOf = ({ scenario, queueType }) => (scenario.group === 'pool' ? 'none' : queueType);
