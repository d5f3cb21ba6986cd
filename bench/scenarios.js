// @ts-check
/** What is measured, with which programs, and what is to be reached. */

/** @import { Job } from './job.js' */

/** @typedef {'perSecond' | 'cpuUs' | 'p50Ms' | 'p99Ms' | 'firstTaskMs' | 'idleMb'} Metric */
/** @typedef {Partial<Record<Metric, number>>} Sample */
/** @typedef {Pick<Job, 'warmUp' | 'count'> & Partial<Job>} Work */

/**
 * @typedef {object} Program
 * @property {string} name as the report shows it; each other one is compared with the first of its scenario
 * @property {string} script in this folder
 * @property {readonly string[]} [args] instead of the job, for a program that is not ours
 * @property {string} [companion] a second program that serves the measured one
 * @property {Work} [work] what differs from the scenario's
 */

/**
 * @typedef {object} Scenario
 * @property {string} name for `--only`
 * @property {string} title
 * @property {'throughput' | 'latency' | 'start' | 'pool' | 'feature' | 'canvas'} group a table of the report, and how it is measured
 * @property {readonly ('classic' | 'quorum')[]} queueTypes
 * @property {boolean} [full] the queue is filled first
 * @property {boolean} [fanOut] the programs consume what they publish, from queues of their own
 * @property {boolean} [routed] what is published goes through a topic exchange
 * @property {Work} work
 * @property {readonly Program[]} programs
 */

const BOTH = /** @type {const} */ (['classic', 'quorum']);
const RAW = 'raw';
/** Beside `raw`, which acks one by one. */
const RAW_COALESCED = 'raw, coalesced acks';
const TQ = 'tq';
/** tq without the feature whose cost is measured. */
const PLAIN = 'plain';

/**
 * @param {string} mode
 * @param {Work} work
 * @returns {Pick<Scenario, 'group' | 'queueTypes' | 'work' | 'programs'>}
 */
const enqueue = (mode, work) => ({
  group: 'throughput',
  queueTypes: BOTH,
  work: { ...work, mode },
  programs: [
    { name: RAW, script: 'raw/enqueue.js', ...(mode === 'bulk' && { work: { ...work, mode: 'pipelined' } }) },
    { name: TQ, script: 'tq/enqueue.js' },
  ],
});

/**
 * @param {number} slots
 * @param {number} count
 * @returns {Scenario}
 */
const drain = (slots, count) => ({
  name: `drain-${slots}`,
  title: `drain, ${slots} slot${slots === 1 ? '' : 's'}`,
  group: 'throughput',
  queueTypes: BOTH,
  full: true,
  work: { slots, count, warmUp: count / 4 },
  programs: [
    { name: RAW, script: 'raw/drain.js', work: { slots, count, warmUp: count / 4, mode: 'each' } },
    { name: TQ, script: 'tq/drain.js' },
    { name: RAW_COALESCED, script: 'raw/drain.js', work: { slots, count, warmUp: count / 4, mode: 'coalesced' } },
  ],
});

/**
 * @param {Work} work
 * @returns {Pick<Scenario, 'queueTypes' | 'work' | 'programs'>}
 */
const roundTrip = (work) => ({
  queueTypes: BOTH,
  work,
  programs: [
    { name: RAW, script: 'raw/round-trip.js', companion: 'raw/worker.js' },
    { name: TQ, script: 'tq/round-trip.js', companion: 'tq/worker.js' },
  ],
});

/**
 * @param {Work} work
 * @returns {Pick<Scenario, 'queueTypes' | 'work' | 'programs'>}
 */
const plainRpc = (work) => ({
  queueTypes: ['classic'],
  work,
  programs: [
    { name: RAW, script: 'raw/plain-rpc.js', companion: 'raw/plain-server.js' },
    { name: TQ, script: 'tq/plain-rpc.js', companion: 'tq/plain-server.js' },
  ],
});

/**
 * @param {string} script
 * @param {string} mode the feature
 * @param {Work} work
 * @returns {Pick<Scenario, 'group' | 'queueTypes' | 'work' | 'programs'>}
 */
const feature = (script, mode, work) => ({
  group: 'feature',
  queueTypes: BOTH,
  work,
  programs: [
    { name: PLAIN, script },
    { name: mode, script, work: { ...work, mode } },
  ],
});

/**
 * A kind of canvas beside what does the same without it.
 * @param {string} without the mode of that, and its name
 * @param {string} mode
 * @param {Work} work
 * @returns {Pick<Scenario, 'group' | 'queueTypes' | 'work' | 'programs'>}
 */
const canvas = (without, mode, work) => ({
  group: 'canvas',
  queueTypes: BOTH,
  work,
  programs: [without, mode].map((name) => ({
    name,
    script: 'tq/canvas.js',
    companion: 'tq/canvas-worker.js',
    work: { ...work, mode: name },
  })),
});

const CLI = '../packages/cli/bin/tq.js';
const CLI_OPTIONS = ['--pool', 'async', '--concurrency', '4'];

/** @type {readonly Scenario[]} */
export const SCENARIOS = [
  { name: 'awaited', title: 'enqueue, awaited one by one', ...enqueue('awaited', { warmUp: 500, count: 2_000 }) },
  { name: 'pipelined', title: 'enqueue, pipelined', ...enqueue('pipelined', { warmUp: 10_000, count: 30_000 }) },
  { name: 'bulk', title: 'enqueue, bulk', ...enqueue('bulk', { warmUp: 10_000, count: 30_000 }) },
  {
    name: 'routed',
    title: 'enqueue, pipelined, through a topic exchange',
    routed: true,
    ...enqueue('pipelined', { warmUp: 10_000, count: 30_000 }),
  },
  {
    name: 'subscribers',
    title: 'events taken by 100 subscribers each',
    group: 'throughput',
    queueTypes: ['classic'],
    fanOut: true,
    work: { warmUp: 20_000, count: 100_000 },
    programs: [
      { name: RAW, script: 'raw/subscribers.js' },
      { name: TQ, script: 'tq/subscribers.js' },
    ],
  },
  drain(1, 6_000),
  drain(4, 12_000),
  drain(10, 20_000),
  drain(100, 40_000),
  {
    name: 'in-flight',
    title: 'round trips, 5,000 in flight, 100 slots',
    group: 'throughput',
    ...roundTrip({ slots: 100, inFlight: 5_000, warmUp: 10_000, count: 20_000 }),
  },
  {
    name: 'round-trip',
    title: 'round trips, one after the other',
    group: 'latency',
    ...roundTrip({ slots: 4, warmUp: 1_000, count: 3_000 }),
  },
  {
    name: 'plain-in-flight',
    title: 'plain RPC, 100 in flight, 10 slots',
    group: 'throughput',
    ...plainRpc({ slots: 10, inFlight: 100, warmUp: 5_000, count: 20_000 }),
  },
  {
    name: 'plain-rpc',
    title: 'plain RPC, one after the other',
    group: 'latency',
    ...plainRpc({ slots: 4, warmUp: 1_000, count: 3_000 }),
  },
  {
    name: 'start',
    title: 'start of a worker',
    group: 'start',
    queueTypes: ['quorum'],
    full: true,
    work: { slots: 4, warmUp: 0, count: 1 },
    programs: [
      { name: RAW, script: 'raw/start.js' },
      { name: 'createWorker', script: 'tq/start.js' },
      {
        name: 'tq worker, JavaScript',
        script: CLI,
        args: ['worker', '--app', 'bench/tq/start-tasks.js', ...CLI_OPTIONS],
      },
      {
        name: 'tq worker, TypeScript',
        script: CLI,
        args: ['worker', '--app', 'bench/tq/start-tasks.ts', ...CLI_OPTIONS],
      },
    ],
  },
  {
    name: 'thread-pool',
    title: 'thread pool alone, 2 slots',
    group: 'pool',
    queueTypes: ['quorum'],
    work: { slots: 2, warmUp: 50_000, count: 200_000 },
    programs: [{ name: TQ, script: 'tq/thread-pool.js' }],
  },
  {
    name: 'delayed',
    title: 'enqueue, pipelined, delayed by an hour',
    ...feature('tq/enqueue.js', 'delayed', { mode: 'pipelined', warmUp: 10_000, count: 30_000 }),
  },
  {
    name: 'retries',
    title: 'drain, 100 slots, of a task with retries that does not fail',
    full: true,
    ...feature('tq/drain.js', 'retries', { slots: 100, warmUp: 10_000, count: 40_000 }),
  },
  {
    name: 'chain',
    title: 'a chain of 10 beside 10 calls in turn',
    ...canvas('calls', 'chain', { slots: 4, size: 10, warmUp: 100, count: 400 }),
  },
  {
    name: 'chord',
    title: 'a chord of 100 beside a group of 100',
    ...canvas('group', 'chord', { slots: 10, size: 100, warmUp: 20, count: 100 }),
  },
  {
    name: 'chords-in-flight',
    title: 'chords of 10 beside groups of 10, 1,000 in flight',
    ...canvas('group', 'chord', { slots: 100, size: 10, inFlight: 1_000, warmUp: 1_000, count: 2_000 }),
  },
];

/**
 * @typedef {object} Target
 * @property {string} scenario
 * @property {string} [program] `tq` unless said otherwise
 * @property {Metric} metric
 * @property {boolean} ratio of the scenario's first program, or an absolute value
 * @property {'least' | 'most'} bound
 * @property {number} limit
 */

/** @type {readonly Target[]} */
export const TARGETS = [
  { scenario: 'pipelined', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.9 },
  { scenario: 'awaited', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.95 },
  { scenario: 'routed', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.95 },
  { scenario: 'subscribers', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.9 },
  { scenario: 'drain-1', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.88 },
  { scenario: 'drain-4', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.88 },
  { scenario: 'drain-10', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.88 },
  { scenario: 'drain-100', metric: 'perSecond', ratio: true, bound: 'least', limit: 1.1 },
  { scenario: 'round-trip', metric: 'p50Ms', ratio: true, bound: 'most', limit: 1.2 },
  { scenario: 'round-trip', metric: 'p99Ms', ratio: true, bound: 'most', limit: 1.5 },
  { scenario: 'in-flight', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.85 },
  { scenario: 'pipelined', metric: 'cpuUs', ratio: false, bound: 'most', limit: 26 },
  { scenario: 'drain-100', metric: 'cpuUs', ratio: false, bound: 'most', limit: 30 },
  { scenario: 'start', program: 'createWorker', metric: 'firstTaskMs', ratio: true, bound: 'most', limit: 1.5 },
  { scenario: 'start', program: 'createWorker', metric: 'idleMb', ratio: true, bound: 'most', limit: 1.25 },
  {
    scenario: 'start',
    program: 'tq worker, JavaScript',
    metric: 'firstTaskMs',
    ratio: true,
    bound: 'most',
    limit: 2.4,
  },
  {
    scenario: 'start',
    program: 'tq worker, TypeScript',
    metric: 'firstTaskMs',
    ratio: true,
    bound: 'most',
    limit: 3.5,
  },
  { scenario: 'thread-pool', metric: 'perSecond', ratio: false, bound: 'least', limit: 40_000 },
  { scenario: 'delayed', program: 'delayed', metric: 'cpuUs', ratio: true, bound: 'most', limit: 2.5 },
  { scenario: 'delayed', program: 'delayed', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.4 },
  { scenario: 'retries', program: 'retries', metric: 'cpuUs', ratio: true, bound: 'most', limit: 1.05 },
  { scenario: 'chain', program: 'chain', metric: 'p50Ms', ratio: true, bound: 'most', limit: 1.05 },
  { scenario: 'chord', program: 'chord', metric: 'p50Ms', ratio: true, bound: 'most', limit: 1.5 },
  { scenario: 'chords-in-flight', program: 'chord', metric: 'perSecond', ratio: true, bound: 'least', limit: 0.5 },
];
