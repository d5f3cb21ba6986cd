// @ts-check
/** One event for many subscribers: what both sides agree on, and how many events are under way. */
import { countedSection } from './job.js';

/** @import { Job } from './job.js' */

/** Subscribers of the event, a queue each. */
export const SUBSCRIBERS = 100;
export const EVENT = 'bench.order.paid';
/** Each of the subscribers takes what this fits. */
export const PATTERN = 'bench.*.paid';
/** Deliveries that a subscriber holds at most. */
export const PREFETCH = 10;
/** Events whose deliveries are not all done, at most. */
const UNDER_WAY = 20;

/**
 * Publishes events until the job's deliveries have been measured.
 * @param {Job} job its operations are deliveries
 * @param {(n: number) => Promise<unknown>} publish the nth event; resolves with its confirm
 * @returns {{ taken(): void, start(): Promise<void> }} `taken` is called at each delivery
 */
export function fanOut(job, publish) {
  const section = countedSection(job);
  const events = (job.warmUp + job.count) / SUBSCRIBERS;
  let sent = 0;
  let taken = 0;
  /** @type {(error: unknown) => void} */
  let fail = () => {};
  const fill = () => {
    while (sent < events && sent - taken / SUBSCRIBERS < UNDER_WAY) publish(sent++).catch(fail);
  };
  return {
    taken() {
      taken++;
      section.tick();
      if (taken % SUBSCRIBERS === 0) fill();
    },
    start() {
      fill();
      return Promise.race([section.done, new Promise((_, reject) => (fail = reject))]);
    },
  };
}
