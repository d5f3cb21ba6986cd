import {
  assertNever,
  type Clock,
  createDeferred,
  type Job,
  type JobEnd,
  type TaskFacts,
  type TaskProgress,
  TqError,
} from '@tq/core/internal';
import { CallRelay } from './call-relay.js';
import { type ChildMessage, encodeRun, isTuple, type ParentMessage } from './job-messages.js';
import { decodeLogFields } from './log-fields.js';
import { OneTimer } from './one-timer.js';
import type { PoolServices } from './pool.js';
import { decodePortError } from './port-error.js';

/** A child as its pool sees it: a thread or a process. */
export interface Child {
  post(message: ParentMessage): void;
  /** Ends it at once, whatever it does; `exited` follows. */
  kill(): void;
}

/** What a child tells its pool. */
export interface ChildEvents {
  message(message: ChildMessage): void;
  /** It is gone; called once, after its last message. `how` is its exit code or error. */
  exited(how: string): void;
}

/** Starts a child. */
export type Spawn = (events: ChildEvents) => Child;

/** How a child ended. */
export interface ChildDeath {
  /** What it said before it died, else its exit code or error. */
  readonly reason: string;
  readonly error: Error | undefined;
}

/** Whoever has a child: its slot, or the standby. */
export interface ChildOwner {
  /** It can run jobs. */
  ready(): void;
  /** The running job tells how far it is. */
  progressed(progress: TaskProgress): void;
  /** The running job ended; `memoryBytes` where the child was asked to report it. */
  ended(end: JobEnd, memoryBytes: number | undefined): void;
  /** It is gone; called once, after everything else. */
  exited(death: ChildDeath): void;
}

/** What a child is started with. */
export interface ChildLifeOptions {
  readonly spawn: Spawn;
  readonly services: PoolServices;
  readonly clock: Clock;
  /** How long it may take to load the task modules and to run the slot-start hooks, ms. */
  readonly startTimeoutMs: number;
  /** It is to report its memory with every end. */
  readonly reportMemory: boolean;
}

const NO_FACTS: Readonly<Record<string, TaskFacts>> = Object.freeze(Object.create(null));

/**
 * One child, from its start to its end. It can pass from one owner to another meanwhile.
 *
 *   starting ─ready─▶ ready ─retire─▶ retiring (slot-stop hooks) ─exit─▶ gone
 *       ├───────────── retire ────────────▲                               ▲
 *       └─────────────── kill, or it dies ───────────────────────────────┘
 */
export class ChildLife {
  owner: ChildOwner;
  readonly #options: ChildLifeOptions;
  readonly #child: Child;
  readonly #relay: CallRelay;
  readonly #startedAt: number;
  readonly #gone = createDeferred();
  #state: 'starting' | 'ready' | 'retiring' | 'gone' = 'starting';
  #tasks: readonly string[] = [];
  #facts = NO_FACTS;
  #hasStopHooks = false;
  #startMs: number | undefined;
  /** Its meaning is the state's. */
  readonly #timer: OneTimer;
  /** When its slot-stop hooks must be done, monotonic ms. */
  #retireBy = Number.POSITIVE_INFINITY;
  #lastWords: Error | undefined;

  constructor(options: ChildLifeOptions, owner: ChildOwner) {
    this.#options = options;
    this.owner = owner;
    this.#startedAt = options.clock.monotonic();
    const child = options.spawn({
      message: (message) => this.#receive(message),
      exited: (how) => this.#exited(how),
    });
    this.#child = child;
    this.#relay = new CallRelay(options.services.transport, (answer) => child.post(answer));
    this.#timer = new OneTimer(options.clock);
    this.#timer.set(options.startTimeoutMs, () => {
      this.#lastWords = loadFailed(`they were not done within ${options.startTimeoutMs} ms (a top-level await?)`);
      child.kill();
    });
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Names of the tasks that it can run, known once it is ready. */
  get tasks(): readonly string[] {
    return this.#tasks;
  }

  /** What the definitions of its tasks say, by name, where that is something. */
  get facts(): Readonly<Record<string, TaskFacts>> {
    return this.#facts;
  }

  /** How long it took to be ready, ms; undefined until then. */
  get startMs(): number | undefined {
    return this.#startMs;
  }

  run(job: Job): void {
    this.#child.post(encodeRun(job));
  }

  post(message: ParentMessage): void {
    this.#child.post(message);
  }

  /** Ends it at once. */
  kill(): void {
    this.#timer.clear();
    this.#child.kill();
  }

  /**
   * Ends it in peace, when it has no job: it runs its slot-stop hooks, for at most `graceMs`, and is gone. Without such
   * hooks there is nothing to wait for; one that starts still may have opened something, and knows itself. Called again it
   * can only shorten their time. Resolves when it is gone.
   */
  retire(graceMs: number): Promise<void> {
    switch (this.#state) {
      case 'starting':
      case 'ready':
        if (graceMs === 0 || (this.#state === 'ready' && !this.#hasStopHooks)) {
          this.kill();
          break;
        }
        this.#state = 'retiring';
        this.#child.post({ type: 'retire' });
        this.#limitHooks(graceMs);
        break;
      case 'retiring':
        this.#limitHooks(graceMs);
        break;
      case 'gone':
        break;
      default:
        assertNever(this.#state);
    }
    return this.#gone.promise;
  }

  #limitHooks(graceMs: number): void {
    const { clock, services } = this.#options;
    const by = clock.monotonic() + graceMs;
    if (by >= this.#retireBy) return;
    this.#retireBy = by;
    this.#timer.set(graceMs, () => {
      services.logger.warn({ graceMs }, 'slot-stop hooks took longer than the grace; their child is ended');
      this.kill();
    });
  }

  #receive(message: ChildMessage): void {
    if (isTuple(message)) {
      this.owner.ended({ kind: 'success', resultText: message[1] }, message[2]);
      return;
    }
    switch (message.type) {
      case 'end':
        this.owner.ended(message.end, message.memoryBytes);
        return;
      case 'progress':
        this.owner.progressed(message.progress);
        return;
      case 'ready':
        this.#becomeReady(message);
        return;
      case 'failed-to-load':
      case 'crashed':
        this.#lastWords = decodePortError(message.error);
        return;
      case 'log':
        this.#options.services.logger[message.level](decodeLogFields(message.fieldsText), message.message);
        return;
      default:
        this.#relay.receive(message);
    }
  }

  #becomeReady({ tasks, facts, hasStopHooks }: Extract<ChildMessage, { type: 'ready' }>): void {
    if (this.#state !== 'starting') return;
    this.#timer.clear();
    this.#tasks = tasks;
    this.#facts = Object.assign(Object.create(null), facts);
    this.#hasStopHooks = hasStopHooks;
    this.#startMs = this.#options.clock.monotonic() - this.#startedAt;
    this.#state = 'ready';
    if (this.#options.reportMemory) this.#child.post({ type: 'report-memory' });
    this.owner.ready();
  }

  #exited(how: string): void {
    this.#state = 'gone';
    this.#timer.clear();
    this.#relay.close();
    const error = this.#lastWords;
    this.owner.exited({ reason: error === undefined ? how : `${error.name}: ${error.message}`, error });
    this.#gone.resolve();
  }
}

/** Why a child did not start, where it did not say so itself. */
export function loadFailed(found: string): TqError {
  return new TqError('task-load-failed', `Expected the task modules to load in a child of the pool, but ${found}.`);
}
