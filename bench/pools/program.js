// @ts-check
/** Measures one pool in a process of its own: its start, its memory, small jobs and computing ones. */
import { execFileSync } from 'node:child_process';
import { IDLE_MS } from '../harness.js';
import { openBarePool } from './bare-pool.js';
import { openTqPool } from './tq-pool.js';

/** @import { TaskName } from './work.js' */

/** @typedef {'thread' | 'process'} Kind */

/**
 * @typedef {object} OpenPool a pool with all its slots ready
 * @property {(slot: number, task: TaskName, n: number) => Promise<number>} run one job at a time in each slot
 * @property {() => Promise<void>} stop
 */

/** @typedef {{ maker: 'tq' | 'bare', kind: Kind, slots: number, warmUp: number, jobs: number, fibs: number }} PoolJob */
/** @typedef {{ firstMs: number, allMs: number, idleMb: number, loadedMb: number, perSecond: number, fibPerSecond: number }} PoolSample */

const FIB = 30;
const FIB_RESULT = 832_040;

const job = /** @type {PoolJob} */ (JSON.parse(/** @type {string} */ (process.argv[2])));
const { maker, kind, slots } = job;

const startedAt = performance.now();
let firstMs = Number.NaN;
const onFirst = () => {
  if (Number.isNaN(firstMs)) firstMs = performance.now() - startedAt;
};
const pool = await (maker === 'tq' ? openTqPool : openBarePool)(kind, slots, onFirst);
const allMs = performance.now() - startedAt;

await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
const idleMb = memoryMb();
await rate('echo', job.warmUp, (n) => n);
const perSecond = await rate('echo', job.jobs, (n) => n);
const loadedMb = memoryMb();
// Each child compiles the function for itself.
await rate('fib', 4 * slots, () => FIB);
const fibPerSecond = await rate('fib', job.fibs, () => FIB);
await pool.stop();
/** @type {PoolSample} */
const sample = { firstMs, allMs, idleMb, loadedMb, perSecond, fibPerSecond };
process.send?.(sample, () => process.disconnect());

/**
 * Runs jobs so that every slot always has its next one.
 * @param {TaskName} task
 * @param {number} count
 * @param {(n: number) => number} argumentOf
 * @returns {Promise<number>} jobs a second
 */
async function rate(task, count, argumentOf) {
  let started = 0;
  const loop = async (/** @type {number} */ slot) => {
    while (started < count) {
      const n = argumentOf(started++);
      const expected = task === 'fib' ? FIB_RESULT : n;
      const found = await pool.run(slot, task, n);
      if (found !== expected) throw new Error(`expected ${expected} of ${task}, found ${found}`);
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: slots }, (_, slot) => loop(slot)));
  return (count / (performance.now() - begin)) * 1_000;
}

/** Resident memory of this process and its children, MB; what they share is counted for each. */
function memoryMb() {
  const text = execFileSync('ps', ['-eo', 'ppid=,pid=,rss=,comm='], { encoding: 'utf8' });
  let kilobytes = 0;
  for (const line of text.trim().split('\n')) {
    const [ppid, pid, rss, command] = line.trim().split(/\s+/);
    const ours = Number(pid) === process.pid || Number(ppid) === process.pid;
    if (ours && command !== 'ps') kilobytes += Number(rss);
  }
  return kilobytes / 1_024;
}
