import {
  type Deadlines,
  encodeError,
  type Job,
  type JobEnd,
  type ProgressReport,
  type TaskProgress,
  type TqError,
} from '@tq/core/internal';
import type { ChildOwner } from './child-life.js';
import { type LimitedRun, LimitWatch } from './limit-watch.js';

/** A job, and who is told of it. */
export interface ToldJob {
  readonly job: Job;
  readonly done: (end: JobEnd) => void;
  readonly report: ProgressReport | undefined;
}

/** A job in a child, from its start to its end, which is told once. */
export class RunningJob {
  readonly job: Job;
  readonly #done: (end: JobEnd) => void;
  readonly #report: ProgressReport | undefined;
  readonly #limits: LimitWatch | undefined;

  constructor({ job, done, report }: ToldJob, deadlines: Deadlines, run: LimitedRun) {
    this.job = job;
    this.#done = done;
    this.#report = report;
    this.#limits = job.limits === undefined ? undefined : new LimitWatch(job.limits, deadlines, run);
  }

  get limited(): boolean {
    return this.#limits !== undefined;
  }

  /** Its limits hold no more. */
  unwatch(): void {
    this.#limits?.cancel();
  }

  progressed(progress: TaskProgress): void {
    this.#report?.(progress);
  }

  end(end: JobEnd): void {
    this.#done(end);
  }

  /**
   * What its child has to tell once it was killed under the job, at its hard limit for instance: an end that it told
   * before it was gone counts, else the job fails with this error.
   */
  overdue(reason: TqError): ChildOwner {
    let told = false;
    const tell = (end: JobEnd) => {
      if (told) return;
      told = true;
      this.#done(end);
    };
    return {
      ready: () => undefined,
      progressed: (progress) => this.progressed(progress),
      ended: (end) => tell(end),
      exited: () => {
        const { error } = encodeError(reason);
        tell({ kind: 'failure', failure: { error, traceback: null } });
      },
    };
  }
}
