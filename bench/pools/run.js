// @ts-check
/** Measures tq's pools of children beside bare ones and gives the report. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe } from '../measure.js';
import { reportPools } from './report.js';

/** @import { PoolJob, PoolSample } from './program.js' */

/** @typedef {Pick<PoolJob, 'maker' | 'kind' | 'slots'>} Subject */
/** @typedef {{ subject: Subject, samples: PoolSample[] }} Measured one sample a round */

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url));
const WORK = { warmUp: 30_000, jobs: 100_000, fibs: 64 };
const QUICK_WORK = { warmUp: 1_000, jobs: 5_000, fibs: 8 };
/** How long one measurement may take, ms. */
const LIMIT = 120_000;

const KINDS = /** @type {const} */ (['thread', 'process']);
const MAKERS = /** @type {const} */ (['bare', 'tq']);
const SLOTS = [1, 2];

/** @type {readonly Subject[]} */
const SUBJECTS = KINDS.flatMap((kind) => SLOTS.flatMap((slots) => MAKERS.map((maker) => ({ maker, kind, slots }))));

/**
 * Takes the subjects in turn, in the other order every second round.
 * @param {{ rounds: number, quick: boolean }} options
 * @returns {Promise<string>} the report, Markdown
 */
export async function runPoolBench({ rounds, quick }) {
  /** @type {readonly Measured[]} */
  const measured = SUBJECTS.map((subject) => ({ subject, samples: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { subject, samples } of round % 2 === 0 ? measured : measured.toReversed()) {
      const sample = await measurePool({ ...subject, ...(quick ? QUICK_WORK : WORK) });
      samples.push(sample);
      const { maker, kind, slots } = subject;
      console.log(`bench: round ${round + 1} of ${rounds}, ${maker}, ${kind}, slots ${slots}: ${describe(sample)}`);
    }
  }
  return reportPools(measured, {
    rounds,
    fibs: (quick ? QUICK_WORK : WORK).fibs,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  });
}

/**
 * @param {PoolJob} job
 * @returns {Promise<PoolSample>}
 */
async function measurePool(job) {
  const child = fork(PROGRAM, [JSON.stringify(job)], { timeout: LIMIT, killSignal: 'SIGKILL' });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`expected a pool's measurement, found its program ended with ${code ?? signal}`);
  });
  const [sample] = await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {});
  return sample;
}
