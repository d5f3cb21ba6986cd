import { AsyncResource } from 'node:async_hooks';
import type { Runtime } from '../runtime.js';
import type { Timer } from '../time/clock.js';

/** Work that may go on after it returns: it says when it is done. */
export type EagerWork = (done: () => void) => void;

/**
 * When the tasks of an eager app start: after the code that called them, outside of its asynchronous context, or at their
 * time, which they wait for in this process.
 */
export class EagerSchedule {
  readonly #runtime: Runtime;
  /** The context that tasks start in: the app's, and not their caller's. */
  readonly #outside = new AsyncResource('tq.eager');
  readonly #waiting = new Set<Timer>();
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** @param startsAt ms since the epoch; undefined for at once */
  add(work: EagerWork, startsAt: number | undefined): void {
    const delayMs = startsAt === undefined ? 0 : startsAt - this.#runtime.clock.wallTime();
    if (delayMs > 0) this.#wait(work, delayMs);
    else this.#start(work);
  }

  /** Resolves when no work goes on and none is about to; what waits for its time is not. */
  async whenIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Forgets what waits for its time; what goes on goes on. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#waiting) timer.cancel();
    this.#forget(this.#waiting.size);
    this.#waiting.clear();
  }

  #wait(work: EagerWork, delayMs: number): void {
    if (this.#closed) {
      this.#forget(1);
      return;
    }
    const timer = this.#runtime.clock.setTimer(() => {
      this.#waiting.delete(timer);
      this.#start(work);
    }, delayMs);
    this.#waiting.add(timer);
  }

  #forget(tasks: number): void {
    if (tasks === 0) return;
    this.#runtime.logger.warn({ tasks }, 'the eager app was closed while tasks waited for their time: they do not run');
  }

  #start(work: EagerWork): void {
    this.#running++;
    // A promise and no timer: what fakes timers in a test does not reach it.
    void this.#outside.runInAsyncScope(() => Promise.resolve().then(() => work(this.#done)));
  }

  readonly #done = (): void => {
    if (--this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  };
}
