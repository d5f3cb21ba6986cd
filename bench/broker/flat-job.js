// @ts-check
/** What the programs of a flatness measurement are told, and what they send. */
import { randomUUID } from 'node:crypto';
import { encodeCall } from '../raw/message.js';
import { TASK } from '../task.js';

/** @import { Options } from 'amqplib' */
/** @import { Job } from '../job.js' */
/** @import { Routing } from './routes.js' */

/**
 * @typedef {Job & { routing: Routing, addresses: number, queues: number }} FlatJob `addresses`: queues or bindings that the
 *   messages go to in turn; `queues`: those that get them
 */

/** Makes the body 1 KB. */
const TEXT = 'the quick brown fox jumps over the lazy dog '.repeat(24).slice(0, 1_000);

/**
 * A call of 1 KB that wants no reply.
 * @param {number} n
 * @returns {{ body: Buffer, options: Options.Publish }}
 */
export const encodeLargeCall = (n) => encodeCall({ id: randomUUID(), task: TASK, args: [n, TEXT] });
