import {
  assertNever,
  becomeChild,
  callsWaiting,
  createLogger,
  hasHooks,
  type Job,
  type JobEnd,
  type JobRun,
  type Logger,
  ProgressPacer,
  runJob,
  systemClock,
  type TaskProgress,
  taskFacts,
  taskNames,
} from '@tq/core/internal';
import { loadModules } from '../load-modules.js';
import { type ChildMessage, decodeRun, isTuple, type ParentMessage } from './job-messages.js';
import { encodeLogFields } from './log-fields.js';
import { measureMemory } from './memory.js';
import { encodePortError } from './port-error.js';
import { PortTransport } from './port-transport.js';
import { startSlot, stopSlot } from './slot-hooks.js';
import { logRejection, logTaskRejection } from './stray-errors.js';

/**
 * What a job may say of its progress; its caller is told less. A computation that holds up this event loop thus says all
 * but what comes in a flood, and a flood does not hold up the parent.
 */
const PROGRESS = { intervalMs: 20, burst: 3 } as const;

/** A child's way to its parent, whatever it is made of. */
export interface ParentLink {
  /** What was posted arrives, also when the child exits right after. */
  post(message: ChildMessage): void;
  /** Begins to read; called once. `closed` is called when the parent is gone. */
  listen(receive: (message: ParentMessage) => void, closed: () => void): void;
}

/**
 * The whole life of a child of a pool, thread or process: load the task modules, run the slot-start hooks, say `ready`,
 * run one job after the other, until the parent retires or ends it or is gone. It never connects to a broker; calls that
 * its tasks make go to the parent.
 * @param modules file URLs or absolute paths
 */
export async function runChild(modules: readonly string[], link: ParentLink): Promise<void> {
  const child = new ChildMain(link);
  child.listen();
  try {
    await loadModules(modules);
    await child.openSlot();
    link.post({ type: 'ready', tasks: taskNames(), facts: taskFacts(), hasStopHooks: hasHooks('slotStop') });
  } catch (error) {
    link.post({ type: 'failed-to-load', error: encodePortError(error) });
    process.exit(1);
  }
}

class ChildMain {
  readonly #link: ParentLink;
  readonly #logger: Logger;
  readonly #transport: PortTransport;
  #running: { readonly job: Job; readonly run: JobRun } | undefined;
  #reportsMemory = false;
  /** The slot-start hooks, from their begin on. */
  #slot: Promise<void> | undefined;

  constructor(link: ParentLink) {
    this.#link = link;
    this.#logger = createLogger((level, fields, message) => {
      link.post({ type: 'log', level, fieldsText: encodeLogFields(fields), message: String(message) });
    });
    this.#transport = new PortTransport((request) => link.post(request));
  }

  listen(): void {
    process.on('unhandledRejection', (reason) => this.#strayRejection(reason));
    process.on('uncaughtException', (error) => this.#crash(error));
    becomeChild(this.#transport);
    this.#link.listen(
      (message) => this.#receive(message),
      () => process.exit(0),
    );
  }

  #receive(message: ParentMessage): void {
    if (isTuple(message)) {
      this.#start(decodeRun(message));
      return;
    }
    switch (message.type) {
      case 'abort':
        this.#running?.run.abort();
        return;
      case 'soft-limit':
        this.#running?.run.exceedSoftLimit(message.limitMs);
        return;
      case 'report-memory':
        this.#reportsMemory = true;
        return;
      case 'retire':
        void this.#retire();
        return;
      default:
        this.#transport.receive(message);
    }
  }

  #start(job: Job): void {
    let ended = false;
    let pacer: ProgressPacer | undefined;
    const report = (progress: TaskProgress) => {
      // What a job says after its end would be taken for the next one's.
      if (ended) return;
      pacer ??= this.#pacer();
      pacer.push(progress);
    };
    const finish = (end: JobEnd) => {
      ended = true;
      pacer?.end();
      this.#running = undefined;
      this.#report(end);
    };
    const done = (end: JobEnd) => {
      // A call that middleware or a validator holds up would be lost with this child, which may be ended after its job.
      const waiting = callsWaiting();
      if (waiting === undefined) finish(end);
      else void waiting.then(() => finish(end));
    };
    const run = runJob(job, this.#logger, done, undefined, undefined, report);
    if (!ended) this.#running = { job, run };
  }

  #pacer(): ProgressPacer {
    const send = (progress: TaskProgress) => {
      this.#link.post({ type: 'progress', progress });
      return undefined;
    };
    return new ProgressPacer({ clock: systemClock, ...PROGRESS, send });
  }

  #report(end: JobEnd): void {
    switch (end.kind) {
      case 'success':
        this.#link.post(
          this.#reportsMemory ? ['success', end.resultText, measureMemory()] : ['success', end.resultText],
        );
        return;
      case 'failure':
      case 'retry':
      case 'replaced':
      case 'rejected':
      case 'ignored':
      case 'poison':
      case 'refused':
      case 'unknown-task':
      case 'stopped':
        this.#link.post(
          this.#reportsMemory ? { type: 'end', end, memoryBytes: measureMemory() } : { type: 'end', end },
        );
        return;
      case 'lost':
        throw new Error('A child cannot end a job as lost.');
      default:
        assertNever(end);
    }
  }

  /** @throws {TqError} `task-load-failed` */
  openSlot(): Promise<void> {
    this.#slot = startSlot();
    return this.#slot;
  }

  /** No job runs any more, and none comes. While the modules load there is nothing to close; hooks that began end first. */
  async #retire(): Promise<void> {
    if (this.#slot !== undefined) {
      // Where it fails the child ends by that.
      await this.#slot.catch(() => undefined);
      await stopSlot(this.#logger);
    }
    process.exit(0);
  }

  /** The child's state is as good as before: somebody forgot an await. */
  #strayRejection(reason: unknown): void {
    if (logTaskRejection(reason)) return;
    const job = this.#running?.job;
    logRejection(this.#logger, job === undefined ? {} : { id: job.id, task: job.task }, reason);
  }

  /** The child's state is unknown, so it ends, and the running job with it. */
  #crash(error: unknown): void {
    this.#link.post({ type: 'crashed', error: encodePortError(error) });
    process.exit(1);
  }
}
