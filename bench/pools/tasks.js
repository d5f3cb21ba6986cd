// @ts-check
/** Imported by the children of tq's pools. */
import { defineTask } from '@tq/core';
import { WORK } from './work.js';

for (const [name, handler] of Object.entries(WORK)) defineTask(name, (/** @type {number} */ n) => handler(n));

/** Never ends, and hears nothing. */
defineTask('spin', () => {
  for (;;);
});
