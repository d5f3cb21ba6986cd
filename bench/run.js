// @ts-check
/** Runs the scenarios round by round, each program of a round in turn, and gives the report. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { measureSection, measureStart } from './harness.js';
import { openQueues } from './queues.js';
import { report } from './report.js';
import { checkSameBytes } from './same-bytes.js';
import { SCENARIOS } from './scenarios.js';

/** @import { Job } from './job.js' */
/** @import { Result } from './report.js' */
/** @import { Program, Sample, Scenario } from './scenarios.js' */

/** @typedef {Awaited<ReturnType<typeof openQueues>>} Queues */

/** @typedef {{ url: string, only: readonly string[] | undefined, rounds: number, quick: boolean }} BenchOptions */

/**
 * @param {BenchOptions} options
 * @returns {Promise<string>} the report, Markdown
 */
export async function runBench({ url, only, rounds, quick }) {
  const chosen = choose(only);
  const prefix = `bench-${randomBytes(4).toString('hex')}.`;
  const queues = await openQueues(url);
  try {
    await checkSameBytes({ url, prefix });
    console.log('bench: both sides send the same bytes');
    /** @type {Result[]} */
    const results = [];
    for (const scenario of chosen) {
      for (const queueType of scenario.queueTypes) {
        const context = { url, prefix, queues, queueType, share: quick ? 0.1 : 1 };
        results.push({ scenario, queueType, samples: await runScenario(scenario, rounds, context) });
      }
    }
    return report(results, {
      rounds,
      node: process.versions.node,
      amqplib: amqplibVersion(),
      rabbitmq: queues.version,
      date: new Date().toISOString().slice(0, 10),
    });
  } finally {
    await queues.close();
  }
}

/** @param {readonly string[] | undefined} only */
function choose(only) {
  const unknown = only?.find((name) => SCENARIOS.every((scenario) => scenario.name !== name));
  if (unknown !== undefined) {
    const names = SCENARIOS.map(({ name }) => name).join(', ');
    throw new Error(`--only: expected ${names}, found '${unknown}'`);
  }
  return SCENARIOS.filter(({ name }) => only?.includes(name) ?? true);
}

/**
 * @typedef {object} Context
 * @property {string} url
 * @property {string} prefix
 * @property {Queues} queues
 * @property {'classic' | 'quorum'} queueType
 * @property {number} share of the work that is done
 */

/**
 * @param {Scenario} scenario
 * @param {number} rounds
 * @param {Context} context
 */
async function runScenario(scenario, rounds, context) {
  /** @type {Map<string, Sample[]>} */
  const samples = new Map(scenario.programs.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? scenario.programs : scenario.programs.toReversed();
    for (const program of order) {
      const sample = await measure(scenario, program, context);
      samples.get(program.name)?.push(sample);
      const where = scenario.group === 'pool' ? '' : ` on ${context.queueType}`;
      console.log(
        `bench: ${scenario.title}${where}, round ${round + 1} of ${rounds}, ${program.name}: ${describe(sample)}`,
      );
    }
  }
  return samples;
}

/**
 * Runs one program on a new queue, and makes sure that it left there what it should.
 * @param {Scenario} scenario
 * @param {Program} program
 * @param {Context} context
 * @returns {Promise<Sample>}
 */
async function measure(scenario, program, { url, prefix, queues, queueType, share }) {
  const work = { ...scenario.work, ...program.work };
  const queue = `q${randomBytes(4).toString('hex')}`;
  /** @type {Job} */
  const job = {
    ...work,
    ...{ url, prefix, queue, queueType },
    warmUp: Math.ceil(work.warmUp * share),
    count: Math.ceil(work.count * share),
  };
  if (scenario.group === 'pool') return measureSection(program, job);
  await queues.declare(prefix, prefix + queue, queueType);
  const operations = job.warmUp + job.count;
  if (scenario.full) await queues.fill(prefix + queue, operations);
  const sample = await (scenario.group === 'start' ? measureStart : measureSection)(program, job);
  const expected = scenario.full || program.companion !== undefined ? 0 : operations;
  const left = await queues.delete(prefix, prefix + queue);
  if (left === expected) return sample;
  throw new Error(
    `${scenario.title}, ${program.name}: expected ${expected} messages in the queue afterwards, found ${left}`,
  );
}

/** @param {Sample} sample */
function describe(sample) {
  return Object.entries(sample)
    .map(([metric, value]) => `${metric} ${value.toFixed(value < 100 ? 2 : 0)}`)
    .join(', ');
}

/** amqplib exports no version, so its package.json is read where the module was found. */
function amqplibVersion() {
  const path = new URL('package.json', import.meta.resolve('amqplib'));
  return /** @type {{ version: string }} */ (JSON.parse(readFileSync(path, 'utf8'))).version;
}
