import type { OutboxLimits } from '../broker/outbox.js';
import { asPublishError, isPublishError, PublishError, TqError, toError } from '../errors.js';
import type { Clock } from '../time/clock.js';
import type { Deadlines } from '../time/deadlines.js';
import { formatDuration } from '../time/duration.js';

/** A call that waits to be sent: for its queue to be looked at, for the reply queue to be consumed, for its validation. */
export interface Staged {
  readonly ready: Promise<void>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Why it is not ready, for the error text. */
  readonly lastError: () => Error | undefined;
  /** Called with what is left of the timeout. */
  readonly onReady: (remainingMs: number) => void;
  readonly onFailed: (error: Error) => void;
}

/** Calls before their first publish, each with its deadline and signal; bounded like the outbox that they go to. */
export class Staging {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #limits: OutboxLimits;
  readonly #entries = new Set<{ fail(error: Error): void }>();
  readonly #roomWaiters: (() => void)[] = [];
  readonly #drained: (() => void)[] = [];
  readonly #hold: () => () => void;
  #release: (() => void) | undefined;

  /** @param hold keeps the process alive while something is staged */
  constructor(options: { clock: Clock; deadlines: Deadlines; limits: OutboxLimits; hold: () => () => void }) {
    this.#clock = options.clock;
    this.#deadlines = options.deadlines;
    this.#limits = options.limits;
    this.#hold = options.hold;
  }

  get size(): number {
    return this.#entries.size;
  }

  room(): Promise<void> | undefined {
    if (this.#entries.size < this.#limits.messages) return undefined;
    return new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  add(staged: Staged): void {
    if (this.#entries.size >= this.#limits.messages) {
      const text = `${this.#entries.size} calls wait to be sent, ${this.#limits.messages} are allowed. Await result.published, or use task.bulk, which waits for room.`;
      // Whatever it would have waited for may still fail, which is nobody's news now.
      staged.ready.catch(() => undefined);
      queueMicrotask(() => staged.onFailed(new PublishError('outbox-full', text)));
      return;
    }
    const startedAt = this.#clock.monotonic();
    const { signal, timeoutMs } = staged;
    const leave = (): boolean => {
      if (!this.#entries.delete(entry)) return false;
      this.#deadlines.cancel(deadline);
      signal?.removeEventListener('abort', onAbort);
      for (const wake of this.#roomWaiters.splice(0)) wake();
      if (this.#entries.size === 0) this.#letGo();
      return true;
    };
    const fail = (error: Error): void => {
      if (leave()) staged.onFailed(error);
    };
    const onAbort = () =>
      fail(new PublishError('publish-aborted', 'The publish was aborted by its signal.', { cause: signal?.reason }));
    const deadline = this.#deadlines.set(timeoutMs, () => fail(timedOut(staged)));
    const entry = { fail };
    this.#entries.add(entry);
    this.#release ??= this.#hold();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) queueMicrotask(onAbort);
    staged.ready.then(
      () => {
        if (leave()) goOn(staged, timeoutMs - (this.#clock.monotonic() - startedAt));
      },
      (error: unknown) => fail(notReady(error)),
    );
  }

  /** Resolves when nothing is staged; the deadlines bound how long that can take. */
  async drain(): Promise<void> {
    if (this.#entries.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** A call that breaks here would end in an unhandled rejection, and its caller would wait. */
function goOn(staged: Staged, remainingMs: number): void {
  try {
    staged.onReady(Math.max(1, remainingMs));
  } catch (thrown) {
    staged.onFailed(asPublishError(thrown));
  }
}

/** What kept the queue from being ready, as the error of a call that was never written. */
function notReady(thrown: unknown): PublishError {
  if (isPublishError(thrown)) return thrown;
  const error = toError(thrown);
  const { code, fields } = error instanceof TqError ? error : { code: 'connection-lost' as const, fields: {} };
  return new PublishError(code, error.message, { fields, cause: error.cause ?? error });
}

function timedOut({ timeoutMs, lastError }: Staged): PublishError {
  const cause = lastError();
  const why = cause?.message ?? 'the queue could not be looked at';
  return new PublishError('publish-timeout', `Not published within ${formatDuration(timeoutMs)}: ${why}`, { cause });
}
