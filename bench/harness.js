// @ts-check
/** Runs one program of a scenario in a process of its own and takes what it says. */
import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { quantile } from './statistics.js';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { Job, ProgramMessage, Section } from './job.js' */
/** @import { Program, Sample } from './scenarios.js' */

/** The folder that programs are started in, so that `--app bench/…` works. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** How long one measurement may take, ms. */
const LIMIT = 120_000;
/** How long a program that does nothing is left alone before its memory is read, ms. */
export const IDLE_MS = 1_500;

/**
 * @param {string} script
 * @param {Job} job
 */
const start = (script, job) => fork(pathOf(script), [JSON.stringify(job)], { cwd: ROOT });

/** @param {string} script */
const pathOf = (script) => fileURLToPath(new URL(script, import.meta.url));

/**
 * Measures operations a second, CPU and latencies of a program that measures itself.
 * @param {Program} program
 * @param {Job} job
 * @param {() => void} [onEdge] called as the measured section begins and as it ends
 * @returns {Promise<Sample>}
 */
export async function measureSection(program, job, onEdge = () => {}) {
  if (program.companion === undefined) {
    return toSample(await runMeasured(start(program.script, job), async () => onEdge()), 0);
  }
  const companion = start(program.companion, job);
  const ended = endOf(companion, program.companion);
  try {
    await messageOf(companion, 'ready', ended);
    let companionUs = 0;
    const section = await runMeasured(start(program.script, job), async (type) => {
      onEdge();
      companion.send('cpu');
      const { us } = await messageOf(companion, 'cpu', ended);
      companionUs += type === 'start' ? -us : us;
    });
    companion.send('stop');
    await ended;
    return toSample(section, companionUs);
  } finally {
    companion.kill('SIGKILL');
  }
}

/**
 * @param {ChildProcess} child
 * @param {(type: 'start' | 'end') => Promise<void>} [onEdge] called as the section begins and ends
 * @returns {Promise<Section>}
 */
async function runMeasured(child, onEdge = async () => {}) {
  /** @type {Section | undefined} */
  let section;
  /** @type {Promise<void>[]} */
  const edges = [];
  child.on('message', (/** @type {ProgramMessage} */ message) => {
    if (message.type !== 'start' && message.type !== 'end') return;
    edges.push(onEdge(message.type));
    if (message.type === 'end') section = message.section;
  });
  await endOf(child, 'the measured program');
  await Promise.all(edges);
  if (section === undefined) throw new Error('expected a measured section, found none: the program ended without one');
  return section;
}

/**
 * @param {Section} section
 * @param {number} companionUs
 * @returns {Sample}
 */
function toSample({ operations, seconds, cpuUs, latencies }, companionUs) {
  const sorted = (latencies ?? []).toSorted((a, b) => a - b);
  return {
    perSecond: operations / seconds,
    cpuUs: (cpuUs + companionUs) / operations,
    ...(sorted.length > 0 && { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) }),
  };
}

/**
 * Measures a program from its start to the line `first task`, and its memory when it has nothing to do.
 * @param {Program} program
 * @param {Job} job its queue holds one task
 * @returns {Promise<Sample>}
 */
export async function measureStart({ script, args }, job) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [pathOf(script), ...(args ?? [JSON.stringify(job)])], {
    cwd: ROOT,
    env: { ...process.env, TQ_URL: job.url, TQ_PREFIX: job.prefix, TQ_QUEUE: job.queue, TQ_QUEUE_TYPE: job.queueType },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = endOf(child, script);
  let output = '';
  const ran = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
        if (output.includes('first task')) resolve(undefined);
      });
    }
  });
  const early = ended.then(() => Promise.reject(new Error(`${script} ended before its first task:\n${output}`)));
  await Promise.race([ran, early]);
  const firstTaskMs = performance.now() - startedAt;
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleMb = memoryOf(/** @type {number} */ (child.pid)) / 2 ** 20;
  child.kill('SIGTERM');
  await ended;
  return { firstTaskMs, idleMb };
}

/**
 * Bytes of memory in use (resident set). The share in common with other processes is counted whole: a proportional one
 * would change with whatever else runs on Node.
 * @param {number} pid
 */
export function memoryOf(pid) {
  const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Number(text) * 1_024;
}

/**
 * @template {ProgramMessage['type']} T
 * @param {ChildProcess} child
 * @param {T} type
 * @param {Promise<void>} ended
 * @returns {Promise<Extract<ProgramMessage, { type: T }>>}
 */
async function messageOf(child, type, ended) {
  const message = new Promise((resolve) => {
    /** @param {ProgramMessage} found */
    const listen = (found) => {
      if (found.type !== type) return;
      child.off('message', /** @type {(message: any) => void} */ (listen));
      resolve(found);
    };
    child.on('message', /** @type {(message: any) => void} */ (listen));
  });
  const early = ended.then(() => Promise.reject(new Error(`a program ended before it said '${type}'`)));
  early.catch(() => {});
  return /** @type {Promise<any>} */ (Promise.race([message, early]));
}

/**
 * Resolves when the program has ended well; kills one that takes too long.
 * @param {ChildProcess} child
 * @param {string} name
 * @returns {Promise<void>}
 */
async function endOf(child, name) {
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  const [code, signal] = await once(child, 'exit');
  clearTimeout(timer);
  if (code !== 0) throw new Error(`expected ${name} to end with 0, found ${code ?? signal}`);
}
