// @ts-check
/** The tasks of `tq worker --app`, in JavaScript: prints a line with its first task. */
import { writeSync } from 'node:fs';
import { defineTask } from '@tq/core';

export const echo = defineTask('bench.echo', (/** @type {number} */ n, /** @type {string} */ _text) => {
  writeSync(1, 'first task\n');
  return n;
});
