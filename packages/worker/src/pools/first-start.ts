import { createDeferred, type Deferred, TqError } from '@tq/core/internal';
import { type ChildDeath, loadFailed } from './child-life.js';

/** The first start of a slot's child: somebody may wait for it to be ready, somebody else for the attempt to be over. */
export class FirstStart {
  readonly #over = createDeferred();
  #ready: Deferred | undefined;

  /** Resolves when the child is ready; rejects when it will not be. From now on the slot stands or falls with it. */
  demand(): Promise<void> {
    this.#ready = createDeferred();
    return this.#ready.promise;
  }

  /** Resolves when the attempt is over, whichever way. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** A child is ready. Tells whether that was awaited. */
  succeed(): boolean {
    this.#over.resolve();
    return this.#take((ready) => ready.resolve());
  }

  /** The child died. Tells whether somebody awaited that it is ready, and has heard of it. */
  fail({ reason, error }: ChildDeath): boolean {
    this.#over.resolve();
    return this.#take((ready) => ready.reject(error ?? loadFailed(`the child ended while it loaded them (${reason})`)));
  }

  /** The slot is stopped. */
  stop(): void {
    this.#over.resolve();
    this.#take((ready) => ready.reject(stoppedEarly()));
  }

  #take(tell: (ready: Deferred) => void): boolean {
    const ready = this.#ready;
    if (ready === undefined) return false;
    this.#ready = undefined;
    tell(ready);
    return true;
  }
}

/** What a start hears that comes too late, or is overtaken by the stop. */
export function stoppedEarly(): TqError {
  return new TqError('worker-stopped', 'The pool was stopped before it had started.');
}
