import { createDeferred, type Deferred } from '../deferred.js';
import type { ErrorCode, PublishError } from '../errors.js';

/** What is told of a canvas that was not published as a whole while nobody awaited it. */
export interface UnpublishedCanvas {
  /** Of the first call that failed. */
  readonly taskId: string;
  readonly task: string;
  readonly error: PublishError;
  /** How many of its calls failed, and how many there were. */
  readonly failed: number;
  readonly total: number;
}

/** Failures of one call that the rest of its canvas would share, one after the other. */
const FOR_ALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'closed',
  'outbox-full',
  'publish-aborted',
  'publish-timeout',
]);

/** How the publish of a canvas stands: of all the calls that start it. */
export class CanvasPublication {
  readonly #total: number;
  readonly #unobserved: (failure: UnpublishedCanvas) => void;
  #open: number;
  #failures = 0;
  #first: Pick<UnpublishedCanvas, 'taskId' | 'task' | 'error'> | undefined;
  #givenUp: PublishError | undefined;
  #observed = false;
  /** Made when somebody asks. */
  #published: Deferred | undefined;

  /**
   * @param calls how many start it
   * @param unobserved is told once, when all of them have ended, that some have failed and nobody has asked
   */
  constructor(calls: number, unobserved: (failure: UnpublishedCanvas) => void) {
    this.#total = calls;
    this.#open = calls;
    this.#unobserved = unobserved;
  }

  /** Resolves when all calls are confirmed; rejects with the first that failed. */
  get published(): Promise<void> {
    this.#observed = true;
    if (this.#published === undefined) {
      this.#published = createDeferred();
      if (this.#first !== undefined) this.#published.reject(this.#first.error);
      else if (this.#open === 0) this.#published.resolve();
    }
    return this.#published.promise;
  }

  /** Why what is not sent of it yet is not to be sent any more; undefined while it is. */
  get givenUp(): PublishError | undefined {
    return this.#givenUp;
  }

  /** Somebody waits for a result of it, and so hears of what fails. */
  observe(): void {
    this.#observed = true;
  }

  confirmed(): void {
    this.#open--;
    if (this.#open > 0) return;
    if (this.#first === undefined) this.#published?.resolve();
    else this.#ended(this.#first);
  }

  failed(taskId: string, task: string, error: PublishError): void {
    this.#failures++;
    this.#open--;
    this.#first ??= { taskId, task, error };
    if (FOR_ALL.has(error.code)) this.#givenUp ??= error;
    this.#published?.reject(this.#first.error);
    if (this.#open === 0) this.#ended(this.#first);
  }

  /** Whoever got it in this moment may still ask. */
  #ended(first: Pick<UnpublishedCanvas, 'taskId' | 'task' | 'error'>): void {
    queueMicrotask(() => {
      if (!this.#observed) this.#unobserved({ ...first, failed: this.#failures, total: this.#total });
    });
  }
}
