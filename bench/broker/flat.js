// @ts-check
/** Measures the cost of a message as something grows: a broker of its own for each size, which take turns. */
import { measureSection } from '../harness.js';
import { describe } from '../measure.js';
import { connectRaw } from '../raw/broker.js';
import { openPublisher, publishMany, queueAddress } from '../raw/publisher.js';
import { startEmbedded } from './embedded.js';
import { encodeLargeCall } from './flat-job.js';
import { watchCpu } from './process-cpu.js';
import { bindingOf, exchangeName, queueName } from './routes.js';
import { FLAT_WORK } from './scenarios.js';

/** @import { ChannelModel } from 'amqplib' */
/** @import { Embedded, EmbeddedKind } from './embedded.js' */
/** @import { FlatJob } from './flat-job.js' */
/** @import { FlatSample, FlatSeries } from './scenarios.js' */

/**
 * @typedef {object} Flatness
 * @property {FlatSeries} series
 * @property {EmbeddedKind} kind
 * @property {ReadonlyMap<number, readonly FlatSample[]>} samples by size, one a round
 */

/**
 * Channels that declare at the same time: each waits for an answer before it asks again, and a durable broker answers
 * only as often as the disk allows.
 */
const DECLARING = 50;
const PREFIX = 'flat.';

/**
 * @param {FlatSeries} series
 * @param {EmbeddedKind} kind
 * @param {{ rounds: number, share: number }} options `share` of the work that is done
 * @returns {Promise<Flatness>}
 */
export async function measureFlatness(series, kind, { rounds, share }) {
  /** @type {{ size: number, broker: Embedded }[]} */
  const brokers = [];
  /** @type {Map<number, FlatSample[]>} */
  const samples = new Map();
  try {
    for (const whole of series.sizes) {
      const size = Math.ceil(whole * share);
      const broker = await startEmbedded(kind);
      brokers.push({ size, broker });
      samples.set(size, []);
      await layOut(series, size, broker.url);
      // Not counted: a broker that was filled with a million messages is warm, and one with an empty queue is not.
      await measureSize(series, size, broker, share);
      console.log(`bench: ${series.title}, ${kind}: laid out ${size}`);
    }
    for (let round = 0; round < rounds; round++) {
      for (const { size, broker } of round % 2 === 0 ? brokers : brokers.toReversed()) {
        const sample = await measureSize(series, size, broker, share);
        samples.get(size)?.push(sample);
        console.log(`bench: ${series.title}, ${kind}, round ${round + 1} of ${rounds}, ${size}: ${describe(sample)}`);
      }
    }
  } finally {
    for (const { broker } of brokers) await broker.stop();
  }
  return { series, kind, samples };
}

/**
 * @param {FlatSeries} series
 * @param {number} size
 * @param {Embedded} broker
 * @param {number} share
 * @returns {Promise<FlatSample>}
 */
async function measureSize({ routing, grows }, size, { url, pid }, share) {
  const addresses = grows === 'addresses' ? size : 1;
  /** @type {FlatJob} */
  const job = {
    ...{ url, prefix: PREFIX, queue: '', queueType: 'classic', routing, addresses },
    queues: routing === 'queue' ? addresses : 1,
    warmUp: FLAT_WORK.warmUp * share,
    count: FLAT_WORK.count * share,
  };
  const enqueue = await measureProgram('broker/enqueue.js', job, pid);
  const drain = await measureProgram('broker/drain.js', job, pid);
  return {
    enqueueUs: enqueue.us,
    drainUs: drain.us,
    ...(enqueue.brokerUs !== undefined && { enqueueBrokerUs: enqueue.brokerUs }),
    ...(drain.brokerUs !== undefined && { drainBrokerUs: drain.brokerUs }),
  };
}

/**
 * @param {string} script
 * @param {FlatJob} job
 * @param {number} pid the broker's
 * @returns {Promise<{ us: number, brokerUs: number | undefined }>} for each message
 */
async function measureProgram(script, job, pid) {
  const { onEdge, usedUs } = watchCpu(pid);
  const { perSecond = 0 } = await measureSection({ name: script, script }, job, onEdge);
  const used = usedUs();
  return { us: 1_000_000 / perSecond, brokerUs: used && used / job.count };
}

/**
 * Declares queues, an exchange and bindings, and fills the queue.
 * @param {FlatSeries} series
 * @param {number} size
 * @param {string} url
 */
async function layOut({ routing, grows }, size, url) {
  const connection = await connectRaw(url);
  const addresses = grows === 'addresses' ? size : 1;
  const queues = routing === 'queue' ? addresses : 1;
  await declareMany(connection, queues, (channel, index) => channel.assertQueue(queueName(PREFIX, index)));
  if (routing !== 'queue') {
    const exchange = exchangeName(PREFIX);
    await declareMany(connection, 1, (channel) => channel.assertExchange(exchange, routing));
    await declareMany(connection, addresses, (channel, index) => {
      const { pattern, args } = bindingOf(routing, index);
      return channel.bindQueue(queueName(PREFIX, 0), exchange, pattern, args);
    });
  }
  if (grows === 'backlog') {
    await publishMany(await openPublisher(connection), queueAddress(queueName(PREFIX, 0)), size, encodeLargeCall);
  }
  await connection.close();
}

/**
 * @param {ChannelModel} connection
 * @param {number} count
 * @param {(channel: import('amqplib').Channel, index: number) => Promise<unknown>} declare
 */
async function declareMany(connection, count, declare) {
  let next = 0;
  const declareSome = async () => {
    const channel = await connection.createChannel();
    while (next < count) await declare(channel, next++);
    await channel.close();
  };
  await Promise.all(Array.from({ length: Math.min(DECLARING, count) }, declareSome));
}
