// @ts-check
/** Imported by the threads of `thread-pool.js`. */
import { defineTask } from '@tq/core';
import { TASK } from '../task.js';

defineTask(TASK, (/** @type {number} */ n) => n);
