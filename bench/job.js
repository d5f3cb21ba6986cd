// @ts-check
/**
 * What the harness tells a measured program, and how the program answers: both sides of one channel. A program gets its
 * job as its first argument and sends messages to its parent.
 */

/**
 * @typedef {object} Job
 * @property {string} url AMQP URL
 * @property {string} prefix goes before every name
 * @property {string} queue task queue, without the prefix
 * @property {string} [exchange] topic exchange that brings the key to the queue, without the prefix
 * @property {string} [routingKey]
 * @property {'classic' | 'quorum'} queueType
 * @property {number} warmUp operations before the measured ones
 * @property {number} count operations that are measured
 * @property {string} [mode] which of a program's ways
 * @property {number} [slots] tasks at a time
 * @property {number} [inFlight] calls at a time
 * @property {number} [size] tasks of a canvas: steps, or members
 */

/**
 * @typedef {object} Section what was measured
 * @property {number} operations
 * @property {number} seconds
 * @property {number} cpuUs CPU of this process, all threads, µs
 * @property {number[]} [latencies] of each operation, ms
 */

/** @typedef {{ type: 'ready' } | { type: 'start' } | { type: 'end', section: Section } | { type: 'cpu', us: number }} ProgramMessage */

/** @returns {Job} */
export const readJob = () => JSON.parse(/** @type {string} */ (process.argv[2]));

/** @param {ProgramMessage} message */
export const tell = (message) => void process.send?.(message);

/** CPU that this process has used so far, µs. */
export function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Begins the measured section and tells the harness.
 * @returns {(operations: number, latencies?: number[]) => void} ends it and sends the result
 */
export function startSection() {
  tell({ type: 'start' });
  const cpu = cpuUs();
  const startedAt = performance.now();
  return (operations, latencies) => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const section = { operations, seconds, cpuUs: cpuUs() - cpu, ...(latencies && { latencies }) };
    tell({ type: 'end', section });
  };
}

/**
 * A section that begins after `warmUp` ticks and ends `count` ticks later.
 * @param {Pick<Job, 'warmUp' | 'count'>} job
 * @returns {{ tick(): void, done: Promise<void> }}
 */
export function countedSection({ warmUp, count }) {
  let ticks = 0;
  /** @type {(operations: number) => void} */
  let end = () => {};
  /** @type {() => void} */
  let resolve = () => {};
  /** @type {Promise<void>} */
  const done = new Promise((onDone) => {
    resolve = onDone;
  });
  const tick = () => {
    ticks++;
    if (ticks === warmUp) end = startSection();
    if (ticks !== warmUp + count) return;
    end(count);
    resolve();
  };
  return { tick, done };
}

/**
 * For a program that serves another: reports that it is ready, answers how much CPU it has used whenever the harness
 * asks, and calls `stop` when the harness says so.
 * @param {() => Promise<void>} stop
 */
export function serve(stop) {
  process.on('message', async (message) => {
    if (message === 'cpu') tell({ type: 'cpu', us: cpuUs() });
    if (message !== 'stop') return;
    await stop();
    process.disconnect();
  });
  tell({ type: 'ready' });
}
