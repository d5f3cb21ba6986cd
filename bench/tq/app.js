// @ts-check
import { createApp } from '@tq/core';

/** @import { Job } from '../job.js' */

/**
 * An app as a program would make it, on the job's broker and names.
 * @param {Job} job
 */
export function createBenchApp({ url, prefix, queue, queueType }) {
  return createApp({ url, prefix, queue, queueType });
}
