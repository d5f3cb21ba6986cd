// @ts-check
/** What is measured of the embedded broker, and what is to be reached. */
import { SCENARIOS } from '../scenarios.js';

/** @import { Sample, Scenario } from '../scenarios.js' */
/** @import { Routing } from './routes.js' */

/** @typedef {Sample & { brokerUs?: number, acceptMs?: number }} BrokerSample `brokerUs`: CPU of the broker for each operation */
/** @typedef {keyof BrokerSample} BrokerMetric */

/** @typedef {{ enqueueUs: number, drainUs: number, enqueueBrokerUs?: number, drainBrokerUs?: number }} FlatSample a message */

/**
 * @typedef {object} FlatSeries cost of a message as something grows
 * @property {string} name for `--only`
 * @property {string} title what grows
 * @property {Routing} routing how messages are addressed; each is sent to the next of `size` addresses, or to the only one
 * @property {'backlog' | 'addresses'} grows messages that are in the queue already, or queues and bindings
 * @property {readonly number[]} sizes ascending
 */

/** The program `raw` of these is run against each broker. @type {readonly string[]} */
const COMPARED = ['pipelined', 'awaited', 'drain-1', 'drain-10', 'drain-100', 'round-trip'];

/** @type {readonly Scenario[]} */
export const COMPARISONS = COMPARED.map(
  (name) => /** @type {Scenario} */ (SCENARIOS.find((scenario) => scenario.name === name)),
);

/** Start and memory of the embedded broker alone. */
export const START = { name: 'start', title: 'start of `tq broker`' };

const BINDINGS = [1, 100, 10_000];

/** @type {readonly FlatSeries[]} */
export const FLAT_SERIES = [
  {
    name: 'flat-messages',
    title: 'messages in the queue',
    routing: 'queue',
    grows: 'backlog',
    sizes: [1_000, 100_000, 1_000_000],
  },
  { name: 'flat-queues', title: 'queues', routing: 'queue', grows: 'addresses', sizes: [1, 100, 1_000] },
  { name: 'flat-direct', title: 'bindings, direct', routing: 'direct', grows: 'addresses', sizes: BINDINGS },
  { name: 'flat-topic', title: 'bindings, topic', routing: 'topic', grows: 'addresses', sizes: BINDINGS },
  { name: 'flat-headers', title: 'bindings, headers', routing: 'headers', grows: 'addresses', sizes: BINDINGS },
];

/** Messages of a flatness measurement. */
export const FLAT_WORK = { warmUp: 10_000, count: 40_000 };

/** The cost of a message is called flat up to this ratio of the largest size to the smallest. */
export const FLAT_LIMIT = 1.5;

/**
 * @typedef {object} Target
 * @property {string} scenario
 * @property {BrokerMetric} metric
 * @property {boolean} ratio to RabbitMQ, or an absolute value
 * @property {'least' | 'most'} bound
 * @property {number} limit
 */

/** @type {readonly Target[]} */
export const TARGETS = [
  { scenario: 'pipelined', metric: 'perSecond', ratio: true, bound: 'least', limit: 2 },
  { scenario: 'awaited', metric: 'perSecond', ratio: true, bound: 'least', limit: 1 },
  { scenario: 'drain-1', metric: 'perSecond', ratio: true, bound: 'least', limit: 2 },
  { scenario: 'drain-10', metric: 'perSecond', ratio: true, bound: 'least', limit: 2 },
  { scenario: 'drain-100', metric: 'perSecond', ratio: true, bound: 'least', limit: 2 },
  { scenario: 'round-trip', metric: 'p50Ms', ratio: true, bound: 'most', limit: 0.5 },
  { scenario: 'start', metric: 'acceptMs', ratio: false, bound: 'most', limit: 250 },
  { scenario: 'start', metric: 'idleMb', ratio: false, bound: 'most', limit: 70 },
];
