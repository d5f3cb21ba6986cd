import {
  assertNever,
  isPublishError,
  type PublishError,
  type RemoteError,
  ResultTimeoutError,
  ResultWaitInTaskError,
  TaskFailedError,
  TaskRevokedError,
  TqError,
} from '../errors.js';
import { refuseUnknownKeys } from '../options-check.js';
import type { TaskProgress } from '../protocol/progress.js';
import type { Reply } from '../protocol/reply.js';
import { formatDuration } from '../time/duration.js';
import { printIsoTime } from '../time/iso-time.js';
import type { AsyncResult, CallFacts, GetOptions, ResultServices, ResultState } from './async-result.js';
import { EXPIRY_GRACE_MS, ExpiryWatch } from './expiry-watch.js';
import { ProgressFeed, type ProgressOptions } from './progress-feed.js';
import type { CallListener, QueueStatus } from './transport.js';

type Outcome<T> = { readonly value: T } | { readonly error: Error };
interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

const NO_OPTIONS: GetOptions = Object.freeze({});
const NO_PROGRESS_OPTIONS: ProgressOptions = Object.freeze({});
const PROGRESS_KEYS = ['signal', 'allowInTask'] as const;
const GET_KEYS = ['timeout', 'signal', 'allowInTask'] as const;

function checkGet(options: GetOptions): void {
  refuseUnknownKeys(options, GET_KEYS, 'get');
  const { timeout } = options;
  if (timeout === undefined || Number.isFinite(timeout)) return;
  throw new TqError('invalid-option', `get: timeout (ms): expected a finite number, found ${String(timeout)}.`);
}

/** The one implementation of {@link AsyncResult}; the transport tells it what becomes of the call. */
export class PendingResult<T> implements AsyncResult<T>, CallListener {
  readonly #facts: CallFacts;
  readonly #services: ResultServices;
  #state: ResultState = 'pending';
  #outcome: Outcome<T> | undefined;
  /** How the publish stands, apart from the result: a result may be given up while its call is on its way. */
  #publish: 'pending' | 'confirmed' | PublishError = 'pending';
  #published: { readonly promise: Promise<void>; resolve(): void; reject(error: Error): void } | undefined;
  /** Made with the first `get()` that has to wait: most calls of a burst have none. */
  #waiters: Set<Waiter<T>> | undefined;
  #release: (() => void) | undefined;
  /** What the last try failed with, of a task that is tried again. */
  #lastTry: RemoteError | undefined;
  /** Made with the first word of it, or the first reader. */
  #feed: ProgressFeed | undefined;
  /** Of a call that expires and whose result is awaited. */
  readonly #expiry: ExpiryWatch | undefined;

  constructor(facts: CallFacts, services: ResultServices) {
    this.#facts = facts;
    this.#services = services;
    const { expires, ignoreResult } = facts;
    if (expires !== undefined && !ignoreResult) this.#expiry = this.#watch(expires);
  }

  get id(): string {
    return this.#facts.id;
  }

  get state(): ResultState {
    return this.#state;
  }

  get published(): Promise<void> {
    if (this.#published === undefined) {
      let resolve: () => void = () => undefined;
      let reject: (error: Error) => void = () => undefined;
      const promise = new Promise<void>((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      this.#published = { promise, resolve, reject };
      if (this.#publish === 'confirmed') resolve();
      else if (this.#publish !== 'pending') reject(this.#publish);
    }
    return this.#published.promise;
  }

  async get(options: GetOptions = NO_OPTIONS): Promise<T> {
    if (options !== NO_OPTIONS) checkGet(options);
    this.#refuseWait(options.allowInTask);
    if (this.#outcome !== undefined) {
      if ('error' in this.#outcome) throw this.#outcome.error;
      return this.#outcome.value;
    }
    return this.#wait(options);
  }

  progress(options: ProgressOptions = NO_PROGRESS_OPTIONS): AsyncIterable<TaskProgress> {
    if (options !== NO_PROGRESS_OPTIONS) refuseUnknownKeys(options, PROGRESS_KEYS, 'progress');
    this.#refuseWait(options.allowInTask);
    const { signal } = options;
    const { transport } = this.#services;
    return this.#feedOf().read({ signal, hold: () => transport.hold(), aborted: () => this.#aborted(signal) });
  }

  forget(): void {
    this.#services.transport.forget(this.id);
    const text = `The result of task '${this.#facts.task}' was forgotten.`;
    this.#end({ error: new TqError('result-forgotten', text, { fields: { taskId: this.id } }) });
  }

  confirmed(): void {
    if (this.#publish !== 'pending') return;
    this.#publish = 'confirmed';
    if (this.#state === 'pending') this.#state = 'published';
    this.#published?.resolve();
  }

  failed(error: Error): void {
    if (this.#publish === 'pending' && isPublishError(error)) {
      this.#publish = error;
      if (this.#published !== undefined) this.#published.reject(error);
      else if (!this.#waiters?.size) this.#services.unobservedFailure(this.id, this.#facts.task, error);
    }
    if (this.#outcome !== undefined) return;
    this.#state = 'unknown';
    this.#end({ error });
  }

  replied(reply: Reply): void {
    // A reply can be quicker than the confirm, and says as much.
    this.confirmed();
    switch (reply.status) {
      case 'SUCCESS':
        this.#state = 'success';
        this.#end({ value: reply.value as T });
        return;
      case 'FAILURE':
        this.#state = 'failure';
        this.#end({ error: new TaskFailedError(this.id, reply.error) });
        return;
      case 'REVOKED': {
        const error = this.#revoked(reply.error);
        this.#state = 'revoked';
        this.#end({ error });
        return;
      }
      case 'RETRY':
        this.#state = 'retry';
        this.#lastTry = reply.error;
        this.#feed?.restart();
        this.#expiry?.cancel();
        return;
      case 'RECEIVED':
        this.#state = 'received';
        return;
      case 'STARTED':
        this.#state = 'started';
        this.#expiry?.cancel();
        return;
      case 'PROGRESS':
        this.#state = 'started';
        this.#expiry?.cancel();
        this.#feedOf().push(reply.progress);
        return;
      default:
        assertNever(reply);
    }
  }

  #watch(expires: number): ExpiryWatch {
    const { expiries, transport, wallTime } = this.#services;
    return new ExpiryWatch({
      expires,
      wallTime,
      deadlines: expiries,
      isPublished: () => this.#publish === 'confirmed',
      ask: () => transport.queueStatus(this.#facts.queue),
      onUnstarted: (status) => this.#unstarted(status),
    });
  }

  #unstarted({ messages, consumers }: QueueStatus): void {
    const { id, task, queue, exchange } = this.#facts;
    const text =
      `No worker had started task '${task}' ${formatDuration(EXPIRY_GRACE_MS)} after it expired, so it will not run: ` +
      (exchange === undefined ? describeQueue(queue, messages, consumers) : describeExchange(exchange));
    this.#services.transport.forget(id);
    this.#state = 'revoked';
    this.#end({ error: new TaskRevokedError(id, 'expired', text) });
  }

  #wait({ timeout = this.#services.resultTimeoutMs, signal }: GetOptions): Promise<T> {
    const { deadlines, transport } = this.#services;
    this.#release ??= transport.hold();
    this.#waiters ??= new Set();
    const waiters = this.#waiters;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        deadlines.cancel(deadline);
        signal?.removeEventListener('abort', onAbort);
        waiters.delete(waiter);
        if (waiters.size === 0) this.#letGo();
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const deadline = deadlines.set(timeout, () => this.#timedOut(waiter, timeout));
      const onAbort = () => waiter.reject(this.#aborted(signal));
      waiters.add(waiter);
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #end(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#expiry?.cancel();
    this.#feed?.end();
    for (const waiter of [...(this.#waiters ?? [])]) {
      if ('error' in outcome) waiter.reject(outcome.error);
      else waiter.resolve(outcome.value);
    }
  }

  #feedOf(): ProgressFeed {
    if (this.#feed === undefined) {
      this.#feed = new ProgressFeed();
      if (this.#outcome !== undefined) this.#feed.end();
    }
    return this.#feed;
  }

  /** Where a wait could harm, and where nothing would ever come. */
  #refuseWait(allowInTask: boolean | undefined): void {
    const task = this.#services.runningTask();
    if (task !== undefined && allowInTask !== true) throw new ResultWaitInTaskError(task);
    if (this.#outcome === undefined && this.#facts.ignoreResult) throw this.#ignored();
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #timedOut(waiter: Waiter<T>, timeoutMs: number): void {
    const { task, queue, exchange, id, eta } = this.#facts;
    const head = `No result of task '${task}' within ${formatDuration(timeoutMs)}`;
    const reject = (known: string) =>
      waiter.reject(new ResultTimeoutError(`${head}: ${known}`, { taskId: id, queue, timeoutMs }));
    if (this.#state !== 'published') {
      reject(this.#state === 'pending' ? 'the call is not confirmed yet.' : `its state is '${this.#state}'.`);
      return;
    }
    if (eta !== undefined && eta > this.#services.wallTime()) {
      reject(`it waits in the broker and is not to start before ${printIsoTime(eta)}.`);
      return;
    }
    if (exchange !== undefined) {
      reject(describeExchange(exchange));
      return;
    }
    this.#services.transport.queueStatus(queue).then(
      (status) =>
        reject(status === undefined ? 'it is published.' : describeQueue(queue, status.messages, status.consumers)),
      () => reject('it is published; the broker could not be asked for its queue.'),
    );
  }

  #aborted(signal: AbortSignal | undefined): TqError {
    const text = `The wait for task '${this.#facts.task}' was aborted by its signal; the task goes on.`;
    return new TqError('result-aborted', text, { fields: { taskId: this.id }, cause: signal?.reason });
  }

  #revoked({ message: reason, cause: why }: RemoteError): TaskRevokedError {
    const { task } = this.#facts;
    const before = this.#state === 'started' || this.#state === 'retry' ? ' once more' : '';
    const text =
      reason === 'expired'
        ? `Task '${task}' expired before a worker started it${before}, so it was not run${before}.`
        : `Task '${task}' was revoked: ${reason}${why === undefined ? '' : ` (${why.message})`}.`;
    const lastTry = this.#lastTry && new TaskFailedError(this.id, this.#lastTry);
    return new TaskRevokedError(this.id, reason, text, lastTry);
  }

  #ignored(): TqError {
    const text = `Task '${this.#facts.task}' was called with ignoreResult, so no result will come. Leave the option out to get one.`;
    return new TqError('result-forgotten', text, { fields: { taskId: this.id } });
  }
}

function describeExchange(exchange: string): string {
  return `it was published to the exchange '${exchange}': is a worker running on a queue that it goes to from there?`;
}

function describeQueue(queue: string, messages: number, consumers: number): string {
  const count = `${messages} message${messages === 1 ? '' : 's'}`;
  if (consumers > 0) return `'${queue}' has ${count} waiting and ${consumers} consumer${consumers === 1 ? '' : 's'}.`;
  return `'${queue}' has ${count} and no consumer: is a worker running on it?`;
}
