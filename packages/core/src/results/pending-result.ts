import { createDeferred, type Deferred } from '../deferred.js';
import {
  assertNever,
  isPublishError,
  type PublishError,
  type RemoteError,
  ResultTimeoutError,
  TaskFailedError,
} from '../errors.js';
import { refuseUnknownKeys } from '../options-check.js';
import type { TaskProgress } from '../protocol/progress.js';
import type { Reply } from '../protocol/reply.js';
import { formatDuration } from '../time/duration.js';
import { printIsoTime } from '../time/iso-time.js';
import type { AnyResult, AsyncResult, CallFacts, GetOptions, ResultServices } from './async-result.js';
import { ExpiryWatch } from './expiry-watch.js';
import { checkWait, NO_OPTIONS, OpenWaits, type Outcome, refuseInTask } from './open-waits.js';
import { ProgressFeed, type ProgressOptions } from './progress-feed.js';
import * as errors from './result-errors.js';
import type { ResultState } from './result-state.js';
import {
  type Forgettable,
  forgetAll,
  type LaterStep,
  type MemberWatcher,
  nextToEnd,
  type ResultPart,
  type StepPlace,
} from './step-place.js';
import type { CallListener, QueueStatus } from './transport.js';
import type { WorkflowTree } from './workflow-tree.js';

const NO_PROGRESS_OPTIONS: ProgressOptions = Object.freeze({});
const PROGRESS_KEYS = ['signal', 'allowInTask'] as const;

/** The one implementation of {@link AsyncResult}; the transport tells it what becomes of the call. */
export class PendingResult<T> implements AsyncResult<T>, CallListener, ResultPart, LaterStep {
  readonly #facts: CallFacts;
  readonly #services: ResultServices;
  #state: ResultState = 'pending';
  #outcome: Outcome<T> | undefined;
  #dropped = false;
  /** How the publish stands, apart from the result: a result may be given up while its call is on its way. */
  #publish: 'pending' | 'confirmed' | PublishError = 'pending';
  #published: Deferred | undefined;
  /** Made with the first `get()` that has to wait: most calls of a burst have none. */
  #waits: OpenWaits<T> | undefined;
  /** What the last try failed with, of a task that is tried again. */
  #lastTry: RemoteError | undefined;
  /** Made with the first word of it, or the first reader. */
  #feed: ProgressFeed | undefined;
  /** Of a call that expires and whose result is awaited. */
  readonly #expiry: ExpiryWatch | undefined;
  /** Of a step of a canvas. */
  readonly #place: StepPlace | undefined;

  constructor(facts: CallFacts, services: ResultServices, place?: StepPlace) {
    this.#facts = facts;
    this.#services = services;
    this.#place = place;
    const { expires, ignoreResult } = facts;
    if (expires !== undefined && !ignoreResult) this.#expiry = this.#watch(expires);
  }

  get id(): string {
    return this.#facts.id;
  }

  get state(): ResultState {
    return this.#state;
  }

  get parent(): AnyResult | undefined {
    return this.#place?.parent;
  }

  get outcome(): Outcome<T> | undefined {
    return this.#outcome;
  }

  get awaits(): ResultPart | undefined {
    if (this.#state !== 'pending' || this.#place?.follows !== true) return undefined;
    const { parent } = this.#place;
    return parent?.outcome === undefined ? parent : undefined;
  }

  get published(): Promise<void> {
    this.#place?.canvas.observe();
    if (this.#place?.follows) return this.#place.canvas.published;
    if (this.#published === undefined) {
      this.#published = createDeferred();
      if (this.#publish === 'confirmed') this.#published.resolve();
      else if (this.#publish !== 'pending') this.#published.reject(this.#publish);
    }
    return this.#published.promise;
  }

  async get(options: GetOptions = NO_OPTIONS): Promise<T> {
    checkWait('get', options, this.#services);
    this.#place?.canvas.observe();
    if (this.#outcome === undefined && this.#facts.ignoreResult) throw errors.ignored(this.#facts);
    if (this.#outcome !== undefined) {
      if ('error' in this.#outcome) throw this.#outcome.error;
      return this.#outcome.value;
    }
    this.#waits ??= this.#openWaits();
    return this.#waits.open(options);
  }

  progress(options: ProgressOptions = NO_PROGRESS_OPTIONS): AsyncIterable<TaskProgress> {
    if (options !== NO_PROGRESS_OPTIONS) refuseUnknownKeys(options, PROGRESS_KEYS, 'progress');
    refuseInTask(options.allowInTask, this.#services);
    if (this.#outcome === undefined && this.#facts.ignoreResult) throw errors.ignored(this.#facts);
    const { signal } = options;
    const { transport } = this.#services;
    return this.#feedOf().read({
      signal,
      hold: () => transport.hold(),
      aborted: () => errors.aborted(this.#facts, signal),
    });
  }

  tree(): WorkflowTree {
    const { id, task } = this.#facts;
    return this.#place?.workflow.tree() ?? { kind: 'task', id, task, state: this.#state };
  }

  forget(): void {
    forgetAll(this);
  }

  drop(): readonly Forgettable[] {
    if (this.#dropped) return [];
    this.#dropped = true;
    this.#services.transport.forget(this.id);
    this.#end({ error: errors.forgotten(this.#facts) });
    return this.#place?.around() ?? [];
  }

  skip(state: 'skipped' | 'unknown', error: Error): readonly LaterStep[] {
    if (this.#outcome !== undefined) return [];
    this.#services.transport.forget(this.id);
    this.#become(state);
    this.#end({ error });
    return this.#place?.later() ?? [];
  }

  watch(watcher: MemberWatcher, index: number): void {
    this.#place?.watch(watcher, index);
  }

  confirmed(): void {
    if (this.#publish !== 'pending') return;
    this.#publish = 'confirmed';
    if (this.#state === 'pending') this.#become('published');
    this.#published?.resolve();
  }

  failed(error: Error): void {
    if (this.#publish === 'pending' && isPublishError(error)) {
      this.#publish = error;
      if (this.#published !== undefined) this.#published.reject(error);
      else if (!this.#waits?.any) this.#services.unobservedFailure(this.id, this.#facts.task, error);
    }
    if (this.#outcome !== undefined) return;
    this.#become('unknown');
    this.#end({ error });
  }

  replied(reply: Reply): void {
    // A reply can be quicker than the confirm, and says as much.
    this.confirmed();
    switch (reply.status) {
      case 'SUCCESS':
        this.#become('success');
        this.#end({ value: reply.value as T });
        return;
      case 'FAILURE':
        this.#become('failure');
        // A canvas has many tasks, so that its error says which one.
        this.#end({ error: new TaskFailedError(this.id, reply.error, this.#place && this.#facts.task) });
        return;
      case 'REVOKED': {
        const again = this.#state === 'started' || this.#state === 'retry';
        const error = errors.revoked(this.#facts, reply.error, again, this.#lastTry);
        this.#become('revoked');
        this.#end({ error });
        return;
      }
      case 'RETRY':
        this.#become('retry');
        this.#lastTry = reply.error;
        this.#feed?.restart();
        this.#expiry?.cancel();
        return;
      case 'RECEIVED':
        this.#become('received');
        return;
      case 'STARTED':
        this.#become('started');
        this.#expiry?.cancel();
        return;
      case 'PROGRESS':
        if (this.#state !== 'started') this.#become('started');
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

  #unstarted(status: QueueStatus): void {
    this.#services.transport.forget(this.id);
    this.#become('revoked');
    this.#end({ error: errors.unstarted(this.#facts, status) });
  }

  #become(state: ResultState): void {
    this.#state = state;
    this.#place?.became(this.id, state);
  }

  #openWaits(): OpenWaits<T> {
    return new OpenWaits<T>(this.#services, {
      timedOut: (timeoutMs, reject) => this.#timedOut(timeoutMs, reject),
      aborted: (signal) => errors.aborted(this.#facts, signal),
    });
  }

  #end(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#expiry?.cancel();
    this.#feed?.end();
    this.#waits?.end(outcome);
    this.#place?.ended(this.#facts, this.#state, outcome);
  }

  #feedOf(): ProgressFeed {
    if (this.#feed === undefined) {
      this.#feed = new ProgressFeed();
      if (this.#outcome !== undefined) this.#feed.end();
    }
    return this.#feed;
  }

  #timedOut(timeoutMs: number, reject: (error: Error) => void): void {
    const { task, queue, id } = this.#facts;
    const head = `No result of task '${task}' within ${formatDuration(timeoutMs)}`;
    const end = (known: string) =>
      reject(new ResultTimeoutError(`${head}: ${known}`, { taskId: id, queue, timeoutMs }));
    const next = nextToEnd(this);
    void Promise.resolve(next === this ? this.#known() : next.standing()).then((known) =>
      end(next === this ? known : `it follows ${known}`),
    );
  }

  async standing(): Promise<string> {
    const { task, id } = this.#facts;
    return `task '${task}' (${id}): ${await this.#known()}`;
  }

  #known(): string | Promise<string> {
    const { queue, exchange, eta } = this.#facts;
    const later = this.#state === 'pending' && this.#place?.follows === true;
    if (!later && this.#state !== 'published') {
      return this.#state === 'pending' ? 'the call is not confirmed yet.' : `its state is '${this.#state}'.`;
    }
    if (eta !== undefined && eta > this.#services.wallTime()) {
      return `it waits in the broker and is not to start before ${printIsoTime(eta)}.`;
    }
    if (exchange !== undefined) return errors.describeExchange(exchange);
    return this.#services.transport.queueStatus(queue).then(
      (status) => (status === undefined ? 'it is published.' : errors.describeQueue(queue, status)),
      () => 'it is published; the broker could not be asked for its queue.',
    );
  }
}
