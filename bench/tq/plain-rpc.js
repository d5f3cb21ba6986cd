// @ts-check
/** Asks a program that knows no tasks and waits for its answers, one after the other or many at a time. */
import { readJob } from '../job.js';
import { measureCalls } from '../measure-calls.js';
import { argsOf } from '../task.js';
import { createBenchApp } from './app.js';

const job = readJob();
const app = createBenchApp(job);
await measureCalls(job, (n) => app.plainCall(job.queue, argsOf(n)));
await app.close();
