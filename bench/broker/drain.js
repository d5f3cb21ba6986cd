// @ts-check
/** Consumes from many queues as many messages as were put into them, and acks one by one. */
import { countedSection, readJob } from '../job.js';
import { connectRaw } from '../raw/broker.js';
import { queueName } from './routes.js';

/** @import { FlatJob } from './flat-job.js' */

/** Deliveries at a time, of all consumers together, unless there are more consumers. */
const IN_FLIGHT = 100;

const { url, prefix, queues, warmUp, count } = /** @type {FlatJob} */ (readJob());
const section = countedSection({ warmUp, count });
const connection = await connectRaw(url);
const channel = await connection.createChannel();
await channel.prefetch(Math.ceil(IN_FLIGHT / queues));
let left = warmUp + count;
const consumers = Array.from({ length: queues }, (_, index) =>
  channel.consume(queueName(prefix, index), (message) => {
    // What comes beyond that stays in the queue.
    if (message === null || left === 0) return;
    left--;
    channel.ack(message);
    section.tick();
  }),
);
await Promise.all(consumers);
await section.done;
await channel.close();
await connection.close();
