// @ts-check
/** Measures tq's pools of children beside bare ones and gives the report. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe } from '../measure.js';
import { reportPools } from './report.js';

/** @import { LimitJob, LimitSample } from './limit-program.js' */
/** @import { Kind, PoolJob, PoolSample } from './program.js' */

/** @typedef {Pick<PoolJob, 'maker' | 'kind' | 'slots'>} Subject */
/** @typedef {{ subject: Subject, samples: PoolSample[] }} Measured one sample a round */
/** @typedef {{ kind: Kind, nextJobMs: number[] }} MeasuredLimit */

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url));
const LIMIT_PROGRAM = fileURLToPath(new URL('./limit-program.js', import.meta.url));
/** Tasks in each program of a round that are stuck at their hard limit, ms; it is longer than a process takes to start. */
const STUCK = { times: 10, limitMs: 500 };
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
  /** @type {readonly MeasuredLimit[]} */
  const limits = KINDS.map((kind) => ({ kind, nextJobMs: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { subject, samples } of round % 2 === 0 ? measured : measured.toReversed()) {
      const job = { ...subject, ...(quick ? QUICK_WORK : WORK) };
      const sample = /** @type {PoolSample} */ (await runProgram(PROGRAM, job));
      samples.push(sample);
      const { maker, kind, slots } = subject;
      console.log(`bench: round ${round + 1} of ${rounds}, ${maker}, ${kind}, slots ${slots}: ${describe(sample)}`);
    }
    for (const { kind, nextJobMs } of limits) {
      const sample = /** @type {LimitSample} */ (await runProgram(LIMIT_PROGRAM, { kind, ...STUCK }));
      nextJobMs.push(...sample.nextJobMs);
      const found = sample.nextJobMs.map((ms) => ms.toFixed(0)).join(' ');
      console.log(`bench: round ${round + 1} of ${rounds}, tq, ${kind}: hard limit to next job, ms: ${found}`);
    }
  }
  return reportPools(measured, limits, {
    limitMs: STUCK.limitMs,
    rounds,
    fibs: (quick ? QUICK_WORK : WORK).fibs,
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
  });
}

/**
 * @param {string} program
 * @param {PoolJob | LimitJob} job
 * @returns {Promise<unknown>} its sample
 */
async function runProgram(program, job) {
  const child = fork(program, [JSON.stringify(job)], { timeout: LIMIT, killSignal: 'SIGKILL' });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`expected a pool's measurement, found its program ended with ${code ?? signal}`);
  });
  const [sample] = await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => {});
  return sample;
}
