// @ts-check
/** Calls and waits for the results, one after the other or many at a time. */
import { readJob } from '../job.js';
import { measureCalls } from '../measure-calls.js';
import { argsOf, TASK } from '../task.js';
import { connectBoth } from './broker.js';
import { createCaller } from './call.js';

const job = readJob();
const broker = await connectBoth(job.url);
const caller = await createCaller(broker, job.prefix);
await measureCalls(job, (n) => caller.call(job.prefix + job.queue, TASK, argsOf(n)));
await caller.close();
await broker.close();
