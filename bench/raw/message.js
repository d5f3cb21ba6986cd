// @ts-check
/** The same messages as tq's, byte for byte: a call (Celery's protocol 2, compact) and its reply. */

/** @import { Options } from 'amqplib' */

/**
 * @typedef {object} Call
 * @property {string} id
 * @property {string} task
 * @property {readonly unknown[]} args
 * @property {string} [replyTo] absent when nobody wants the result
 */

/**
 * @param {Call} call
 * @returns {{ body: Buffer, options: Options.Publish }}
 */
export function encodeCall({ id, task, args, replyTo }) {
  const headers = replyTo === undefined ? { task, id, ignore_result: true } : { task, id };
  return {
    body: Buffer.from(JSON.stringify([args, {}, {}])),
    options: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers,
      deliveryMode: 2,
      mandatory: true,
      correlationId: id,
      ...(replyTo !== undefined && { replyTo }),
    },
  };
}

/**
 * @param {string} id
 * @param {unknown} result
 * @returns {{ body: Buffer, options: Options.Publish }}
 */
export function encodeReply(id, result) {
  const reply = { task_id: id, status: 'SUCCESS', result, traceback: null, children: [] };
  return {
    body: Buffer.from(JSON.stringify(reply)),
    options: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      mandatory: true,
      correlationId: id,
    },
  };
}
