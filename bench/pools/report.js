// @ts-check
/** Writes what was measured of the pools as Markdown. */
import { machineText } from '../machine.js';
import { format, tableOf } from '../markdown.js';
import { spread } from '../statistics.js';

/** @import { Kind, PoolSample } from './program.js' */
/** @import { Measured, MeasuredLimit, Subject } from './run.js' */

/** @type {Readonly<Record<keyof PoolSample, { title: string, digits: number }>>} */
const METRICS = {
  fibPerSecond: { title: 'fib(30) a second', digits: 1 },
  perSecond: { title: 'no-op jobs a second', digits: 0 },
  firstMs: { title: 'first slot, ms', digits: 0 },
  allMs: { title: 'all slots, ms', digits: 0 },
  idleMb: { title: 'idle, MB', digits: 0 },
  loadedMb: { title: 'loaded, MB', digits: 0 },
};

/** What tq reaches of a bare pool with fib(30), what two slots reach of one, and no-op jobs a second with two. */
const LEAST = { ofBare: 0.97, ofOneSlot: 1.8, perSecond: { thread: 40_000, process: 30_000 } };

/** From the hard limit of a stuck task to the end of the next job in its slot, ms. */
const MOST_TO_NEXT_JOB = 150;

/**
 * @param {readonly Measured[]} measured
 * @param {readonly MeasuredLimit[]} limits
 * @param {{ rounds: number, limitMs: number, fibs: number, node: string, date: string }} facts
 * @returns {string}
 */
export function reportPools(measured, limits, { rounds, limitMs, fibs, node, date }) {
  const kinds = /** @type {const} */ (['thread', 'process']);
  return [
    '# What the pools cost beside bare threads and processes',
    '',
    `Written by \`npm run bench -- --pools\` on ${date}: ${machineText()}; Node ${node}.`,
    '',
    `Each figure is the median of ${rounds} rounds with minimum and maximum. Every measurement is a program of its own; in a round they take turns, in the other order every second time. \`bare\` is \`bench/pools/bare-pool.js\`: worker threads with \`postMessage\`, or forked processes with Node's own channel, and nothing around them. Every slot has one job at a time and always its next one: ${fibs} × fib(30), and no-op jobs of 120 bytes. \`÷ bare\` is the median of the rounds' own ratios. Memory is the resident set of the program and its children after the start and after the no-op jobs; what processes share, some 35 MB each, is counted for each.`,
    '',
    '## Targets',
    '',
    ...tableOf(
      ['what', 'pool', 'target', 'found', ''],
      kinds.flatMap((kind) => targets(measured, kind)),
    ),
    '',
    ...section(measured, 'Work', ['fibPerSecond', 'perSecond']),
    ...section(measured, 'Start and memory', ['firstMs', 'allMs', 'idleMb', 'loadedMb']),
    ...limitSection(limits, limitMs),
  ].join('\n');
}

/**
 * @param {readonly Measured[]} measured
 * @param {Kind} kind
 */
function targets(measured, kind) {
  const values = (/** @type {Partial<Subject>} */ subject, /** @type {keyof PoolSample} */ metric) =>
    valuesOf(measured, { maker: 'tq', kind, slots: 2, ...subject }, metric);
  const two = values({}, 'fibPerSecond');
  const perSecond = spread(values({}, 'perSecond')).median;
  const least = LEAST.perSecond[kind];
  return [
    row('fib(30), 2 slots ÷ 1 slot', kind, LEAST.ofOneSlot, ratio(two, values({ slots: 1 }, 'fibPerSecond'))),
    row('fib(30), 2 slots, tq ÷ bare', kind, LEAST.ofBare, ratio(two, values({ maker: 'bare' }, 'fibPerSecond'))),
    row('no-op jobs a second, 2 slots', kind, least, perSecond, 0),
  ];
}

/**
 * @param {string} what
 * @param {Kind} kind
 * @param {number} least
 * @param {number} found
 * @param {number} [digits]
 */
function row(what, kind, least, found, digits = 2) {
  return [what, kind, `≥ ${format(least, digits)}`, format(found, digits), found >= least ? 'reached' : '**missed**'];
}

/**
 * @param {readonly Measured[]} measured
 * @param {string} title
 * @param {readonly (keyof PoolSample)[]} metrics
 */
function section(measured, title, metrics) {
  const rows = measured.map(({ subject, samples }) => [
    `${subject.kind}, ${subject.slots} slot${subject.slots === 1 ? '' : 's'}`,
    subject.maker,
    ...metrics.flatMap((metric) => {
      const own = samples.map((sample) => sample[metric]);
      const { median, min, max } = spread(own);
      const { digits } = METRICS[metric];
      const figure = `${format(median, digits)} (${format(min, digits)} – ${format(max, digits)})`;
      if (subject.maker === 'bare') return [figure, ''];
      return [figure, format(ratio(own, valuesOf(measured, { ...subject, maker: 'bare' }, metric)), 2)];
    }),
  ]);
  const head = metrics.flatMap((metric) => [METRICS[metric].title, '÷ bare']);
  return [`## ${title}`, '', ...tableOf(['pool', '', ...head], rows), ''];
}

/**
 * @param {readonly Measured[]} measured
 * @param {Subject} wanted
 * @param {keyof PoolSample} metric
 */
function valuesOf(measured, { maker, kind, slots }, metric) {
  const found = measured.find(
    ({ subject }) => subject.maker === maker && subject.kind === kind && subject.slots === slots,
  );
  return (found?.samples ?? []).map((sample) => sample[metric]);
}

/**
 * The median of the rounds' ratios.
 * @param {readonly number[]} values
 * @param {readonly number[]} base
 */
function ratio(values, base) {
  return spread(values.map((value, round) => value / /** @type {number} */ (base[round]))).median;
}

/**
 * @param {readonly MeasuredLimit[]} limits
 * @param {number} limitMs
 */
function limitSection(limits, limitMs) {
  const rows = limits.map(({ kind, nextJobMs }) => {
    const { median, min, max } = spread(nextJobMs);
    const figures = [median, min, max].map((ms) => format(ms, 0));
    return [kind, ...figures, `≤ ${MOST_TO_NEXT_JOB}`, max <= MOST_TO_NEXT_JOB ? 'reached' : '**missed**'];
  });
  return [
    '## A stuck slot',
    '',
    `From the hard limit (${limitMs} ms) of a task in an endless loop, in a pool of one slot, to the end of a no-op job in that slot, ms.`,
    '',
    ...tableOf(['pool', 'median', 'least', 'most', 'target', ''], rows),
    '',
  ];
}
