import { findTask } from '../execution/find-task.js';
import { type JobEnd, toJob } from '../execution/job.js';
import { limitsFor, softestLimit } from '../execution/limits-for.js';
import { ProgressPacer } from '../execution/progress-pacer.js';
import { type JobRun, runJob } from '../execution/run-job.js';
import type { TaskMessage } from '../protocol/envelope.js';
import type { TaskProgress } from '../protocol/progress.js';
import { NO_TIME_LIMITS } from '../protocol/time-limits.js';
import type { Deadline, Deadlines } from '../time/deadlines.js';
import { EagerEndings, type EagerEndingsOptions } from './eager-endings.js';
import { decodeEagerMessage, type EagerMessage } from './eager-message.js';
import { EagerSchedule } from './eager-schedule.js';

export interface EagerRunsOptions extends Omit<EagerEndingsOptions, 'take'> {
  readonly deadlines: Deadlines;
}

/** Runs messages as a worker would: each at its time, try after try, to its end. */
export class EagerRuns {
  readonly #options: EagerRunsOptions;
  readonly #schedule: EagerSchedule;
  readonly #endings: EagerEndings;

  constructor(options: EagerRunsOptions) {
    this.#options = options;
    this.#schedule = new EagerSchedule(options.runtime);
    this.#endings = new EagerEndings({ ...options, take: (taken, startsAt) => this.take(taken, startsAt) });
  }

  /**
   * Runs a message after the code that calls this, or when its time comes.
   * @param startsAt ms since the epoch; undefined for at once
   */
  take(taken: EagerMessage, startsAt: number | undefined): void {
    this.#schedule.add((done) => this.#deliver(taken, done), startsAt);
  }

  /** Resolves when no task runs and none is about to; what waits for its time is not. */
  whenIdle(): Promise<void> {
    return this.#schedule.whenIdle();
  }

  /** Forgets what waits for its time; tasks that run go on. */
  close(): void {
    this.#schedule.close();
  }

  #deliver(taken: EagerMessage, done: () => void): void {
    const task = decodeEagerMessage(taken, this.#options.runtime);
    if (task.expires === undefined) {
      this.#run(taken, task, done);
    } else if (task.expires > this.#options.runtime.clock.wallTime()) {
      this.#options.reply(task.id, { status: 'STARTED' });
      this.#run(taken, task, done);
    } else {
      this.#endings.expired(taken, task);
      done();
    }
  }

  #run(taken: EagerMessage, task: TaskMessage, left: () => void): void {
    const { runtime, registry, deadlines } = this.#options;
    const limits = limitsFor(task.limits, findTask(task.task, registry)?.limits, NO_TIME_LIMITS);
    let deadline: Deadline | undefined;
    let ended = false;
    let pacer: ProgressPacer | undefined;
    const report = (progress: TaskProgress) => {
      if (ended) return;
      pacer ??= this.#pacer(task.id);
      pacer.push(progress);
    };
    const done = (end: JobEnd) => {
      ended = true;
      pacer?.end();
      if (deadline !== undefined) deadlines.cancel(deadline);
      this.#endings.ended(taken, task, end);
      left();
    };
    const run = runJob(toJob(task, taken.queue, limits), runtime.logger, done, registry, runtime, report);
    if (limits !== undefined && !ended) deadline = this.#limit(run, softestLimit(limits));
  }

  #pacer(taskId: string): ProgressPacer {
    const { runtime, reply } = this.#options;
    const send = (progress: TaskProgress) => {
      reply(taskId, { status: 'PROGRESS', progress });
      return undefined;
    };
    return new ProgressPacer({ clock: runtime.clock, send });
  }

  #limit(run: JobRun, limitMs: number): Deadline {
    return this.#options.deadlines.set(limitMs, () => run.exceedSoftLimit(limitMs));
  }
}
