import { SoftTimeLimitError, TqError } from '../errors.js';
import type { CallRetry } from '../protocol/call-retry.js';
import { type EarlierError, NO_EARLIER_ERRORS } from '../protocol/earlier-errors.js';
import type { Foreign, ForeignMessage } from '../protocol/foreign-message.js';
import type { Headers } from '../protocol/message.js';
import { checkProgress, type TaskProgress } from '../protocol/progress.js';
import type { Logger } from '../runtime.js';
import { frozenText } from '../task/canvas-value.js';
import type { TaskContext } from '../task/context.js';
import { Replace } from '../task/verdicts.js';
import type { Job } from './job.js';
import { createTaskLogger } from './task-logger.js';

/** Takes what a run says of its progress, until the run has ended. */
export type ProgressReport = (progress: TaskProgress) => void;

/** The context of one run. What few tasks ask for is made when first read: an AbortController costs more than a short task. */
export class RunningTask implements TaskContext {
  readonly id: string;
  readonly task: string;
  readonly attempt: number;
  readonly queue: string;
  readonly headers: Headers;
  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly errors: readonly EarlierError[];
  /** What came as no task's message. */
  readonly foreign: Foreign | undefined;
  /** What the call says of retries. */
  readonly callRetry: CallRetry | undefined;
  /** When it is too late to start another try, ms since the epoch. */
  readonly expires: number | undefined;
  /** How many tasks were replaced before it on its way. */
  readonly #nesting: number;
  readonly #logger: Logger;
  readonly #report: ProgressReport | undefined;
  #progress: TaskContext['progress'] | undefined;
  #log: Logger | undefined;
  #controller: AbortController | undefined;
  #abortReason: TqError | undefined;

  constructor(job: Job, kwargs: Readonly<Record<string, unknown>>, logger: Logger, report?: ProgressReport) {
    this.id = job.id;
    this.task = job.task;
    this.attempt = job.attempt;
    this.queue = job.queue;
    this.headers = job.headers;
    this.rootId = job.rootId;
    this.parentId = job.parentId;
    this.kwargs = kwargs;
    this.callRetry = job.retry;
    this.expires = job.expires;
    this.errors = job.errors ?? NO_EARLIER_ERRORS;
    this.foreign = job.foreign;
    this.#nesting = job.replacedNesting ?? 0;
    this.#logger = logger;
    this.#report = report;
  }

  get message(): ForeignMessage | undefined {
    return this.foreign?.message;
  }

  get log(): Logger {
    this.#log ??= createTaskLogger(this.#logger, this.id, this.task);
    return this.#log;
  }

  /** Bound, since handlers take it out of the context. */
  get progress(): TaskContext['progress'] {
    this.#progress ??= (done, total, message) => this.#report?.(checkProgress(done, total, message));
    return this.#progress;
  }

  /** Bound like `progress`. */
  get replace(): TaskContext['replace'] {
    return (canvas) => {
      if (this.foreign === undefined) throw new Replace(frozenText(canvas, 'replace', `${this.id}/${this.#nesting}`));
      const text = `replace: expected a task that was called as one, found '${this.task}', which runs for a message of another program; call the canvas instead.`;
      throw new TqError('invalid-option', text);
    };
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** It was told to end because its worker stops, before anything else told it to. */
  get stopped(): boolean {
    return this.#abortReason?.code === 'worker-stopped';
  }

  /** It was told to end since its place is needed or its delivery is gone: how it ends counts for nothing. */
  get givenUp(): boolean {
    const code = this.#abortReason?.code;
    return code !== undefined && code !== 'worker-stopped' && code !== 'soft-time-limit';
  }

  /** Tells it to end because its worker stops. */
  abort(): void {
    this.abortFor(new TqError('worker-stopped', `The worker stops, so task '${this.task}' must end now.`));
  }

  /** Tells it to end because it runs longer than this. */
  exceedSoftLimit(limitMs: number): void {
    this.abortFor(new SoftTimeLimitError(this.task, limitMs));
  }

  /** Tells it to end for this reason, unless it was told before. */
  abortFor(reason: TqError): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}
