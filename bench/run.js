// @ts-check
/** Runs the scenarios round by round, each program of a round in turn, and gives the report. */
import { randomBytes } from 'node:crypto';
import { amqplibVersion } from './machine.js';
import { describe, measure } from './measure.js';
import { openQueues } from './queues.js';
import { report } from './report.js';
import { checkSameBytes } from './same-bytes.js';
import { SCENARIOS } from './scenarios.js';

/** @import { Context } from './measure.js' */
/** @import { Result } from './report.js' */
/** @import { Sample, Scenario } from './scenarios.js' */

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

/** @param {readonly string[] | undefined} only names of scenarios, or of groups of them */
function choose(only) {
  const known = new Set(SCENARIOS.flatMap(({ name, group }) => [name, group]));
  const unknown = only?.find((name) => !known.has(name));
  if (unknown !== undefined) throw new Error(`--only: expected ${[...known].join(', ')}, found '${unknown}'`);
  return SCENARIOS.filter(({ name, group }) => only?.some((wanted) => wanted === name || wanted === group) ?? true);
}

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
