// @ts-check
/** Publishes calls of 1 KB to many addresses in turn, with as many unconfirmed as the window takes. */
import { readJob, startSection } from '../job.js';
import { connectRaw } from '../raw/broker.js';
import { inWindow, openPublisher } from '../raw/publisher.js';
import { encodeLargeCall } from './flat-job.js';
import { addressOf } from './routes.js';

/** @import { FlatJob } from './flat-job.js' */

const { url, prefix, routing, addresses, warmUp, count } = /** @type {FlatJob} */ (readJob());
const connection = await connectRaw(url);
const channel = await openPublisher(connection);

/** @param {number} calls */
const enqueue = (calls) =>
  inWindow(calls, (n, onConfirm) => {
    const { exchange, routingKey, headers } = addressOf(routing, prefix, n % addresses);
    const { body, options } = encodeLargeCall(n);
    channel.publish(exchange, routingKey, body, { ...options, headers: { ...options.headers, ...headers } }, onConfirm);
  });

await enqueue(warmUp);
const end = startSection();
await enqueue(count);
end(count);
await connection.close();
