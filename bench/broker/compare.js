// @ts-check
/** Runs the same program against RabbitMQ and the embedded broker in turn. */
import { randomBytes } from 'node:crypto';
import { nodeUrl } from '../../scripts/rabbitmq-node.js';
import { runningServices } from '../../scripts/services-node.js';
import { describe, measure } from '../measure.js';
import { openQueues } from '../queues.js';
import { EMBEDDED, startEmbedded } from './embedded.js';
import { watchCpu } from './process-cpu.js';

/** @import { Queues } from '../queues.js' */
/** @import { Program, Scenario } from '../scenarios.js' */
/** @import { BrokerSample } from './scenarios.js' */

/** @typedef {'rabbitmq' | import('./embedded.js').EmbeddedKind} BrokerName */

/**
 * @typedef {object} MeasuredBroker
 * @property {BrokerName} name
 * @property {string} url
 * @property {number | undefined} pid
 * @property {Queues} queues
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} Comparison
 * @property {Scenario} scenario
 * @property {ReadonlyMap<BrokerName, readonly BrokerSample[]>} samples one a round
 */

/**
 * RabbitMQ, and the embedded broker in both kinds.
 * @param {string} rabbitUrl
 * @returns {Promise<readonly MeasuredBroker[]>}
 */
export async function openBrokers(rabbitUrl) {
  const rabbit = await openQueues(rabbitUrl);
  /** @type {MeasuredBroker[]} */
  const brokers = [
    { name: 'rabbitmq', url: rabbitUrl, pid: await rabbitPid(rabbitUrl), queues: rabbit, close: () => rabbit.close() },
  ];
  for (const name of EMBEDDED) {
    const { url, pid, stop } = await startEmbedded(name);
    const queues = await openQueues(url);
    const close = async () => {
      await queues.close();
      await stop();
    };
    brokers.push({ name, url, pid, queues, close });
  }
  return brokers;
}

/**
 * The process of the services node, when that is the RabbitMQ which is measured.
 * @param {string} url
 */
async function rabbitPid(url) {
  const node = await runningServices();
  return node !== undefined && new URL(nodeUrl(node)).port === new URL(url).port ? node.pid : undefined;
}

/**
 * @param {Scenario} scenario
 * @param {readonly MeasuredBroker[]} brokers
 * @param {{ rounds: number, share: number }} options `share` of the work that is done
 * @returns {Promise<Comparison>}
 */
export async function compare(scenario, brokers, { rounds, share }) {
  const prefix = `bench-${randomBytes(4).toString('hex')}.`;
  /** @type {Map<BrokerName, BrokerSample[]>} */
  const samples = new Map(brokers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? brokers : brokers.toReversed();
    for (const broker of order) {
      const sample = await measureOn(broker, scenario, { prefix, share });
      samples.get(broker.name)?.push(sample);
      console.log(`bench: ${scenario.title}, round ${round + 1} of ${rounds}, ${broker.name}: ${describe(sample)}`);
    }
  }
  return { scenario, samples };
}

/**
 * @param {MeasuredBroker} broker
 * @param {Scenario} scenario
 * @param {{ prefix: string, share: number }} options
 * @returns {Promise<BrokerSample>}
 */
async function measureOn({ url, pid, queues }, scenario, { prefix, share }) {
  const [raw] = /** @type {[Program]} */ (scenario.programs);
  const { onEdge, usedUs } = watchCpu(pid);
  const sample = await measure(scenario, raw, { url, prefix, queues, queueType: 'classic', share, onEdge });
  const used = usedUs();
  return used === undefined ? sample : { ...sample, brokerUs: used / Math.ceil(scenario.work.count * share) };
}
