import { assertNever, type Clock, fullJitter, type Job, type JobEnd, type Timer, TqError } from '@tq/core/internal';
import { CallRelay } from './call-relay.js';
import { type ChildMessage, encodeRun, isTuple, type ParentMessage } from './job-messages.js';
import { decodeLogFields } from './log-fields.js';
import type { PoolServices } from './pool.js';
import { decodePortError } from './port-error.js';

/** A child as its slot sees it: a thread or a process. */
export interface Child {
  post(message: ParentMessage): void;
  /** Ends it at once, whatever it does; `exited` follows. */
  kill(): void;
}

/** What a child tells its slot. */
export interface ChildEvents {
  message(message: ChildMessage): void;
  /** It is gone; called once, after its last message. `how` is its exit code or error. */
  exited(how: string): void;
}

/** Starts a child. */
export type Spawn = (events: ChildEvents) => Child;

/** What a slot is made of. */
export interface ChildSlotOptions {
  readonly spawn: Spawn;
  readonly services: PoolServices;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How long a child may take to load the task modules, ms. */
  readonly startTimeoutMs: number;
  /** Called when the replacement of a dead child is ready. */
  readonly onReplaced: () => void;
}

type State = 'created' | 'starting' | 'idle' | 'busy' | 'waiting' | 'draining' | 'killed' | 'stopped';

interface RunningJob {
  readonly job: Job;
  readonly done: (end: JobEnd) => void;
}

/** Delay before a child is replaced that died without having done anything; the first replacement comes at once. */
const REPLACE = { baseMs: 200, maxMs: 10_000 };

/**
 * One slot: a child, its job, and its replacement when it dies.
 *
 *   created ─start─▶ starting ─ready─▶ idle ◀─run / end─▶ busy
 *                     ▲    │            │                  │
 *                     │    └────────────┴── child dies ────┤ (the job ends as lost)
 *                     └──── delay ── waiting ◀─────────────┘
 *   stop: starting, idle ──▶ killed ─exit─▶ stopped;  created, waiting ──▶ stopped
 *         busy ──▶ draining ── job ends, or the grace is over ──▶ killed ─exit─▶ stopped
 */
export class ChildSlot {
  readonly #options: ChildSlotOptions;
  #state: State = 'created';
  #child: Child | undefined;
  #relay: CallRelay | undefined;
  #running: RunningJob | undefined;
  #tasks: readonly string[] = [];
  /** Set until the first child is ready. */
  #starting: Deferred | undefined;
  #timer: Timer | undefined;
  /** What the child said before it died. */
  #lastWords: Error | undefined;
  /** Children in a row that died before they had ended a job. */
  #idleDeaths = 0;
  readonly #firstAttempt = createDeferred();
  readonly #stopped = createDeferred();

  constructor(options: ChildSlotOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Names of the tasks that the child can run. */
  get tasks(): readonly string[] {
    return this.#tasks;
  }

  /** Resolves when the first child is ready. Rejects with `task-load-failed`, after which the slot is stopped. */
  start(): Promise<void> {
    if (this.#state !== 'created') return Promise.reject(stoppedEarly());
    this.#starting = createDeferred();
    this.#spawn();
    return this.#starting.promise;
  }

  /**
   * Starts the child as if it replaced one that died: when it does not load, it is logged and tried again. Resolves
   * when the first attempt is over, whichever way.
   */
  startBehind(): Promise<void> {
    if (this.#state === 'created') this.#spawn();
    return this.#firstAttempt.promise;
  }

  /** Runs a job; the slot must be idle. */
  run(job: Job, done: (end: JobEnd) => void): void {
    this.#child?.post(encodeRun(job));
    this.#running = { job, done };
    this.#state = 'busy';
  }

  /** Ends the child: at once, or after `graceMs` when it has a job. Resolves when it is gone. */
  stop(graceMs: number): Promise<void> {
    switch (this.#state) {
      case 'created':
      case 'waiting':
        this.#finish();
        break;
      case 'starting':
      case 'idle':
        this.#kill();
        break;
      case 'busy':
        this.#state = 'draining';
        this.#child?.post({ type: 'abort' });
        this.#setTimer(graceMs, () => this.#kill());
        break;
      case 'draining':
      case 'killed':
      case 'stopped':
        break;
      default:
        assertNever(this.#state);
    }
    return this.#stopped.promise;
  }

  #spawn(): void {
    this.#state = 'starting';
    this.#lastWords = undefined;
    const child = this.#options.spawn({
      message: (message) => this.#receive(message),
      exited: (how) => this.#exited(how),
    });
    this.#child = child;
    this.#relay = new CallRelay(this.#options.services.transport, (answer) => child.post(answer));
    this.#setTimer(this.#options.startTimeoutMs, () => {
      this.#lastWords = loadFailed(`they were not done within ${this.#options.startTimeoutMs} ms (a top-level await?)`);
      child.kill();
    });
  }

  #receive(message: ChildMessage): void {
    if (isTuple(message)) {
      this.#end({ kind: 'success', resultText: message[1] });
      return;
    }
    switch (message.type) {
      case 'end':
        this.#end(message.end);
        return;
      case 'ready':
        this.#ready(message.tasks);
        return;
      case 'failed-to-load':
      case 'crashed':
        this.#lastWords = decodePortError(message.error);
        return;
      case 'log':
        this.#options.services.logger[message.level](decodeLogFields(message.fieldsText), message.message);
        return;
      default:
        this.#relay?.receive(message);
    }
  }

  #ready(tasks: readonly string[]): void {
    if (this.#state !== 'starting') return;
    this.#clearTimer();
    this.#tasks = tasks;
    this.#state = 'idle';
    this.#firstAttempt.resolve();
    const starting = this.#starting;
    this.#starting = undefined;
    if (starting === undefined) this.#options.onReplaced();
    else starting.resolve();
  }

  #end(end: JobEnd): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#idleDeaths = 0;
    if (this.#state === 'busy') this.#state = 'idle';
    else this.#kill();
    running.done(end);
  }

  #kill(): void {
    this.#clearTimer();
    this.#state = 'killed';
    this.#child?.kill();
  }

  #exited(how: string): void {
    const state = this.#state;
    const running = this.#running;
    this.#running = undefined;
    this.#child = undefined;
    this.#relay?.close();
    this.#clearTimer();
    this.#firstAttempt.resolve();
    const reason = this.#lastWords === undefined ? how : `${this.#lastWords.name}: ${this.#lastWords.message}`;
    if (state !== 'killed' && this.#starting === undefined) this.#logDeath(reason, running?.job);
    if (state === 'killed' || state === 'draining') this.#finish();
    else this.#replace(state, reason);
    running?.done(state === 'killed' ? { kind: 'stopped' } : { kind: 'lost', how: reason });
  }

  #replace(state: State, reason: string): void {
    if (this.#starting !== undefined) {
      this.#starting.reject(this.#lastWords ?? loadFailed(`the child ended while it loaded them (${reason})`));
      this.#starting = undefined;
      this.#finish();
      return;
    }
    if (state === 'busy') {
      this.#spawn();
      return;
    }
    // Nothing was achieved since the last start, so it may well happen again: no hot loop.
    const delay = this.#idleDeaths === 0 ? 0 : fullJitter(this.#idleDeaths - 1, REPLACE, this.#options.random());
    this.#idleDeaths++;
    this.#state = 'waiting';
    this.#setTimer(delay, () => this.#spawn());
  }

  #logDeath(how: string, job: Job | undefined): void {
    const fields = { how, id: job?.id, task: job?.task, err: this.#lastWords };
    const text = job === undefined ? 'A child of the pool died.' : 'A child of the pool died under a task.';
    this.#options.services.logger.error(fields, `${text} It is replaced unless the pool stops.`);
  }

  #finish(): void {
    this.#clearTimer();
    this.#state = 'stopped';
    this.#firstAttempt.resolve();
    this.#starting?.reject(stoppedEarly());
    this.#starting = undefined;
    this.#stopped.resolve();
  }

  /** The slot has one timer, whose meaning is the state's. */
  #setTimer(delayMs: number, callback: () => void): void {
    this.#clearTimer();
    this.#timer = this.#options.clock.setTimer(callback, delayMs);
  }

  #clearTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function createDeferred(): Deferred {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

function loadFailed(found: string): TqError {
  return new TqError('task-load-failed', `Expected the task modules to load in a child of the pool, but ${found}.`);
}

function stoppedEarly(): TqError {
  return new TqError('worker-stopped', 'The pool was stopped before it had started.');
}
