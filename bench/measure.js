// @ts-check
/** Measures one program of a scenario on a queue of its own. */
import { randomBytes } from 'node:crypto';
import { measureSection, measureStart } from './harness.js';

/** @import { Job } from './job.js' */
/** @import { Queues } from './queues.js' */
/** @import { Program, Sample, Scenario } from './scenarios.js' */

/**
 * @typedef {object} Context
 * @property {string} url
 * @property {string} prefix
 * @property {Queues} queues
 * @property {'classic' | 'quorum'} queueType
 * @property {number} share of the work that is done
 * @property {() => void} [onEdge] called as the measured section begins and as it ends
 */

/**
 * Runs one program on a new queue, and makes sure that it left there what it should.
 * @param {Scenario} scenario
 * @param {Program} program
 * @param {Context} context
 * @returns {Promise<Sample>}
 */
export async function measure(scenario, program, { url, prefix, queues, queueType, share, onEdge }) {
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
  if (scenario.routed) Object.assign(job, await queues.route(prefix, queue));
  const operations = job.warmUp + job.count;
  if (scenario.full) await queues.fill(prefix + queue, operations);
  const start = scenario.group === 'start';
  const sample = start ? await measureStart(program, job) : await measureSection(program, job, onEdge);
  const expected = scenario.full || scenario.fanOut || program.companion !== undefined ? 0 : operations;
  const left = await queues.delete(prefix, prefix + queue);
  if (left === expected) return sample;
  throw new Error(
    `${scenario.title}, ${program.name}: expected ${expected} messages in the queue afterwards, found ${left}`,
  );
}

/**
 * A sample for the terminal.
 * @param {Readonly<Record<string, number>>} sample
 */
export function describe(sample) {
  return Object.entries(sample)
    .map(([metric, value]) => `${metric} ${value.toFixed(value < 100 ? 2 : 0)}`)
    .join(', ');
}
