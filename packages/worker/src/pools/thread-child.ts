import { workerData } from 'node:worker_threads';
import {
  assertNever,
  becomeChild,
  createLogger,
  type Job,
  type JobEnd,
  type JobRun,
  runJob,
  taskNames,
} from '@tq/core/internal';
import { loadModules } from '../load-modules.js';
import { type ChildMessage, decodeRun, isTuple, type ParentMessage } from './job-messages.js';
import { encodeLogFields } from './log-fields.js';
import { encodePortError } from './port-error.js';
import { PortTransport } from './port-transport.js';
import { logRejection, logTaskRejection } from './stray-errors.js';
import type { ThreadData } from './thread-spawn.js';

/**
 * The whole life of a thread of the pool: load the task modules, say `ready`, run one job after the other, until the
 * parent ends it or its port closes. It never connects to a broker; calls that its tasks make go to the parent.
 */
const { port, modules } = workerData as ThreadData;
const post = (message: ChildMessage): void => port.postMessage(message);

const logger = createLogger((level, fields, message) => {
  post({ type: 'log', level, fieldsText: encodeLogFields(fields), message: String(message) });
});
const transport = new PortTransport(post);
let running: { readonly job: Job; readonly run: JobRun } | undefined;

function receive(message: ParentMessage): void {
  if (isTuple(message)) start(decodeRun(message));
  else if (message.type === 'abort') running?.run.abort();
  else transport.receive(message);
}

function start(job: Job): void {
  let ended = false;
  const run = runJob(job, logger, (end) => {
    ended = true;
    running = undefined;
    report(end);
  });
  if (!ended) running = { job, run };
}

function report(end: JobEnd): void {
  switch (end.kind) {
    case 'success':
      post(['success', end.resultText]);
      return;
    case 'failure':
    case 'poison':
    case 'refused':
    case 'unknown-task':
    case 'stopped':
      post({ type: 'end', end });
      return;
    case 'lost':
      throw new Error('A child cannot end a job as lost.');
    default:
      assertNever(end);
  }
}

/** The thread's state is as good as before: somebody forgot an await. */
process.on('unhandledRejection', (reason) => {
  if (logTaskRejection(reason)) return;
  logRejection(logger, running === undefined ? {} : { id: running.job.id, task: running.job.task }, reason);
});

/** The thread's state is unknown, so it ends, and the running job with it. */
process.on('uncaughtException', (error) => {
  post({ type: 'crashed', error: encodePortError(error) });
  process.exit(1);
});

becomeChild(transport);
port.on('message', receive);
port.on('close', () => process.exit(0));

try {
  await loadModules(modules);
  post({ type: 'ready', tasks: taskNames() });
} catch (error) {
  post({ type: 'failed-to-load', error: encodePortError(error) });
  process.exit(1);
}
