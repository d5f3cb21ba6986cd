// @ts-check
/** Calls and waits for the results, one after the other or many at a time. */
import { readJob } from '../job.js';
import { measureCalls } from '../measure-calls.js';
import { argsOf, TASK } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
const echo = app.task(TASK, (/** @type {number} */ n, /** @type {string} */ _text) => n);
await measureCalls(job, (n) => echo.delay(...argsOf(n)).get());
await app.close();
