import { ResultWaitInTaskError, TqError } from '../errors.js';
import { refuseUnknownKeys } from '../options-check.js';
import type { GetOptions, ResultServices } from './async-result.js';

/** How a task ended, or what became of its result. */
export type Outcome<T> = { readonly value: T } | { readonly error: Error };

export const NO_OPTIONS: GetOptions = Object.freeze({});
const GET_KEYS = ['timeout', 'signal', 'allowInTask'] as const;

/** Who waits: a `get()` that is not over. */
interface Wait<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** How a wait ends that gets no result. */
export interface WaitEnds {
  /** Its time is up: `reject` ends it, now or later. */
  timedOut(timeoutMs: number, reject: (error: Error) => void): void;
  aborted(signal: AbortSignal | undefined): Error;
}

/**
 * Checks how somebody is to wait, and that it may be done here.
 * @param name of the method, for error texts
 * @throws {TqError} `unknown-option`, `invalid-option`
 * @throws {ResultWaitInTaskError} inside a task
 */
export function checkWait(name: string, options: GetOptions, services: Pick<ResultServices, 'runningTask'>): void {
  if (options !== NO_OPTIONS) {
    refuseUnknownKeys(options, GET_KEYS, name);
    const { timeout } = options;
    if (timeout !== undefined && !Number.isFinite(timeout)) {
      const text = `${name}: timeout (ms): expected a finite number, found ${String(timeout)}.`;
      throw new TqError('invalid-option', text);
    }
  }
  refuseInTask(options.allowInTask, services);
}

/** @throws {ResultWaitInTaskError} inside a task, unless that is allowed */
export function refuseInTask(
  allowInTask: boolean | undefined,
  { runningTask }: Pick<ResultServices, 'runningTask'>,
): void {
  const task = runningTask();
  if (task !== undefined && allowInTask !== true) throw new ResultWaitInTaskError(task);
}

/** All who wait for one thing, each with its timeout and signal. While there is anybody, the process is kept alive. */
export class OpenWaits<T> {
  readonly #services: Pick<ResultServices, 'deadlines' | 'transport' | 'resultTimeoutMs'>;
  readonly #ends: WaitEnds;
  readonly #waits = new Set<Wait<T>>();
  #release: (() => void) | undefined;

  constructor(services: Pick<ResultServices, 'deadlines' | 'transport' | 'resultTimeoutMs'>, ends: WaitEnds) {
    this.#services = services;
    this.#ends = ends;
  }

  get any(): boolean {
    return this.#waits.size > 0;
  }

  /** Waits until `end`, the timeout or the signal. */
  open({ timeout = this.#services.resultTimeoutMs, signal }: GetOptions): Promise<T> {
    const { deadlines, transport } = this.#services;
    this.#release ??= transport.hold();
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        deadlines.cancel(deadline);
        signal?.removeEventListener('abort', onAbort);
        this.#waits.delete(wait);
        if (this.#waits.size === 0) this.#letGo();
      };
      const wait: Wait<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const deadline = deadlines.set(timeout, () => this.#ends.timedOut(timeout, wait.reject));
      const onAbort = () => wait.reject(this.#ends.aborted(signal));
      this.#waits.add(wait);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Ends every wait with this. */
  end(outcome: Outcome<T>): void {
    for (const wait of [...this.#waits]) {
      if ('error' in outcome) wait.reject(outcome.error);
      else wait.resolve(outcome.value);
    }
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
