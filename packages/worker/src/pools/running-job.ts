import { type Deadlines, encodeError, type Job, type JobEnd, TimeLimitError } from '@tq/core/internal';
import type { ChildOwner } from './child-life.js';
import { type LimitedRun, LimitWatch } from './limit-watch.js';

/** A job in a child, from its start to its end, which is told once. */
export class RunningJob {
  readonly job: Job;
  readonly #done: (end: JobEnd) => void;
  readonly #limits: LimitWatch | undefined;

  constructor(job: Job, done: (end: JobEnd) => void, deadlines: Deadlines, run: LimitedRun) {
    this.job = job;
    this.#done = done;
    this.#limits = job.limits === undefined ? undefined : new LimitWatch(job.limits, deadlines, run);
  }

  get limited(): boolean {
    return this.#limits !== undefined;
  }

  /** Its limits hold no more. */
  unwatch(): void {
    this.#limits?.cancel();
  }

  end(end: JobEnd): void {
    this.#done(end);
  }

  /**
   * What its child has to tell from its hard limit on, at which it was killed: an end that it told before it was gone
   * counts, else the job fails.
   */
  overdue(limitMs: number): ChildOwner {
    let told = false;
    const tell = (end: JobEnd) => {
      if (told) return;
      told = true;
      this.#done(end);
    };
    return {
      ready: () => undefined,
      ended: (end) => tell(end),
      exited: () => {
        const { error } = encodeError(new TimeLimitError(this.job.task, limitMs));
        tell({ kind: 'failure', failure: { error, traceback: null } });
      },
    };
  }
}
