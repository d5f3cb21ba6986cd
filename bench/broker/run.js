// @ts-check
/** Measures the embedded broker, beside RabbitMQ and alone, and gives the report. */
import { amqplibVersion } from '../machine.js';
import { compare, openBrokers } from './compare.js';
import { EMBEDDED } from './embedded.js';
import { measureFlatness } from './flat.js';
import { reportBroker } from './report.js';
import { COMPARISONS, FLAT_SERIES, START } from './scenarios.js';
import { measureStarts } from './start.js';

/** @import { BenchOptions } from '../run.js' */
/** @import { Comparison } from './compare.js' */
/** @import { Flatness } from './flat.js' */

/** The share of the work that is done to see that all is well. */
const QUICK_SHARE = 0.1;

/**
 * @param {BenchOptions} options `url` is RabbitMQ's
 * @returns {Promise<string>} the report, Markdown
 */
export async function runBrokerBench({ url, only, rounds, quick }) {
  const isChosen = choose(only);
  const share = quick ? QUICK_SHARE : 1;
  const { comparisons, version } = await compareAll(url, isChosen, { rounds, share });
  const starts = isChosen(START) ? await measureStarts(rounds) : undefined;
  /** @type {Flatness[]} */
  const flatness = [];
  for (const series of FLAT_SERIES.filter(isChosen)) {
    for (const kind of EMBEDDED) flatness.push(await measureFlatness(series, kind, { rounds, share }));
  }
  return reportBroker(
    { comparisons, starts, flatness },
    {
      rounds,
      node: process.versions.node,
      amqplib: amqplibVersion(),
      rabbitmq: version,
      date: new Date().toISOString().slice(0, 10),
    },
  );
}

/**
 * @param {string} url
 * @param {(part: { readonly name: string }) => boolean} isChosen
 * @param {{ rounds: number, share: number }} options
 * @returns {Promise<{ comparisons: readonly Comparison[], version: string }>} `version` is RabbitMQ's
 */
async function compareAll(url, isChosen, options) {
  const brokers = await openBrokers(url);
  try {
    /** @type {Comparison[]} */
    const comparisons = [];
    for (const scenario of COMPARISONS.filter(isChosen)) comparisons.push(await compare(scenario, brokers, options));
    return { comparisons, version: brokers[0]?.queues.version ?? 'unknown' };
  } finally {
    for (const broker of brokers) await broker.close();
  }
}

/**
 * @param {readonly string[] | undefined} only
 * @returns {(part: { readonly name: string }) => boolean}
 */
function choose(only) {
  const names = [...COMPARISONS, START, ...FLAT_SERIES].map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only: expected ${names.join(', ')}, found '${unknown}'`);
  return ({ name }) => only?.includes(name) ?? true;
}
