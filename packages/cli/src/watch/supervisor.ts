import { relative } from 'node:path';
import type { Logger } from '@tq/core/internal';
import { EXIT } from '../exit-codes.js';
import type { Generation, GenerationEnd, GenerationListener } from './generation.js';
import type { StopKind } from './messages.js';

/** What a supervisor needs of a worker's process. */
export type Supervised = Pick<Generation, 'number' | 'state' | 'asked' | 'stop' | 'kill'>;

/** What a supervisor runs, and where it says so. */
export interface SupervisorOptions {
  /** Starts a worker on the code as it is now. */
  readonly launch: (number: number, listener: GenerationListener<Supervised>) => Supervised;
  /** From which paths in the log are relative. */
  readonly folder: string;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

/** The wait before a worker that ended by itself is started again; it doubles with each that follows, ms. */
const RESTART_MS = 1_000;
/** The longest one, ms. */
const RESTART_LIMIT_MS = 30_000;
/** After so long without an end the wait is the first one again, ms. */
const CALM_MS = 60_000;

/** A worker that is out of date before it was ready ends at once, unless its loading hangs; so long it may hang, ms. */
const STALE_LIMIT_MS = 2_000;

/**
 * Keeps one worker running on the newest code that loads. Modules cannot be unloaded, so every change gets a new
 * process; the worker before it goes on until the new one consumes, and then stops warm: nothing is lost, and nobody
 * waits. A change that does not load leaves the worker before it in place.
 *
 *   current: takes tasks ──────── next is ready ──> stops warm, and ends when what it runs has
 *   next:    starting ── ready ─> becomes current;  ── fails ──> the next change tries again
 *                     ── changed again ─> stale: is stopped, then another one starts
 *   a current that ends by itself starts again after a wait, which a change cuts short
 */
export class Supervisor implements GenerationListener<Supervised> {
  /** Resolves with an exit code when all is over. */
  readonly finished: Promise<number>;
  readonly #options: SupervisorOptions;
  readonly #alive = new Set<Supervised>();
  #current: Supervised | undefined;
  #next: Supervised | undefined;
  /** Those that `current` has taken over from, until they take no more. */
  readonly #leaving = new Set<Supervised>();
  #stale = false;
  #stopping = false;
  #count = 0;
  /** Ends of workers by themselves since the last change, or since one has run for long. */
  #falls = 0;
  #readyAt = 0;
  #restart: NodeJS.Timeout | undefined;
  #exitCode: number = EXIT.ok;
  #end: (exitCode: number) => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.finished = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Starts the first worker. */
  start(): void {
    this.#startNext();
  }

  /** Some files are not what the newest worker has loaded. */
  changed(files: readonly string[]): void {
    if (this.#stopping) return;
    const { log, folder } = this.#options;
    log.info({ files: files.map((file) => relative(folder, file)) }, 'changed: reloading');
    this.#falls = 0;
    if (this.#next === undefined) this.#startNext();
    else this.#replaceNext(this.#next);
  }

  /** Ends every worker; `warm` first, `cold` hastens it. */
  stop(stop: StopKind, by: string): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
    for (const generation of this.#alive) generation.stop(stop, by);
    this.#endWhenAlone();
  }

  /** Ends every worker's process at once. */
  kill(): void {
    for (const generation of this.#alive) generation.kill();
  }

  ready(generation: Supervised): void {
    // Asked to end since: it is on its way.
    if (generation !== this.#next || generation.asked) return;
    const before = this.#current;
    this.#current = generation;
    this.#next = undefined;
    this.#readyAt = performance.now();
    if (before === undefined) {
      this.#sayReloaded();
      return;
    }
    this.#leaving.add(before);
    before.stop('warm', 'reload');
  }

  detached(generation: Supervised): void {
    if (generation === this.#next && this.#stale) this.#startNext();
    this.#left(generation);
  }

  ended(generation: Supervised, end: GenerationEnd): void {
    this.#alive.delete(generation);
    this.#left(generation);
    if (this.#stopping) this.#endedOnStop(end);
    else if (generation === this.#next) this.#nextEnded(generation, end);
    else if (generation === this.#current) this.#currentEnded(end);
  }

  #startNext(): void {
    if (this.#stopping) return;
    clearTimeout(this.#restart);
    this.#stale = false;
    this.#count += 1;
    this.#next = this.#options.launch(this.#count, this);
    this.#alive.add(this.#next);
  }

  /** One starts at a time, so that a hundred changes in a row do not make a hundred processes. */
  #replaceNext(next: Supervised): void {
    if (this.#stale) return;
    this.#stale = true;
    next.stop('warm', 'reload');
    setTimeout(() => next.state === 'starting' && next.kill(), STALE_LIMIT_MS).unref();
  }

  #nextEnded(next: Supervised, end: GenerationEnd): void {
    if (this.#stale) {
      this.#startNext();
      return;
    }
    this.#next = undefined;
    // No change of a file mends a command line.
    if (next.number === 1 && end.code === EXIT.usage) {
      this.#end(EXIT.usage);
      return;
    }
    const meanwhile = this.#current === undefined ? 'no worker runs' : 'the worker before it goes on';
    this.#options.log.error(end, `the code as it is now does not start; ${meanwhile}: the next change tries again`);
  }

  #currentEnded(end: GenerationEnd): void {
    this.#current = undefined;
    if (this.#next !== undefined) return;
    if (performance.now() - this.#readyAt > CALM_MS) this.#falls = 0;
    const wait = Math.min(RESTART_MS * 2 ** this.#falls, RESTART_LIMIT_MS);
    this.#falls += 1;
    this.#options.log.error(end, `the worker ended by itself: starts again in ${wait / 1_000} s, or at a change`);
    this.#restart = setTimeout(() => this.#startNext(), wait);
  }

  #left(generation: Supervised): void {
    if (this.#leaving.delete(generation) && this.#leaving.size === 0) this.#sayReloaded();
  }

  #sayReloaded(): void {
    if (this.#count === 1 || this.#stopping) return;
    this.#options.log.info({}, this.#falls === 0 ? 'reloaded: new tasks run the new code' : 'started again');
  }

  #endedOnStop({ code }: GenerationEnd): void {
    if (code !== EXIT.ok) this.#exitCode = EXIT.failed;
    this.#endWhenAlone();
  }

  #endWhenAlone(): void {
    if (this.#alive.size === 0) this.#end(this.#exitCode);
  }
}
