import { type Clock, fullJitter, type Logger, type Timer } from '@tq/core/internal';
import type { ChildDeath, ChildLife, ChildOwner } from './child-life.js';

/** A slot whose child has done enough, as the standby sees it. */
export interface Recyclable {
  /** Its child runs nothing. */
  readonly swappable: boolean;
  /** Its child takes no more jobs. */
  readonly exhausted: boolean;
  /** Goes on with this child from now on; returns the one that it had. */
  swap(next: ChildLife): ChildLife;
}

export interface StandbyOptions {
  readonly createChild: (owner: ChildOwner) => ChildLife;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How long the slot-stop hooks of a recycled child may take, ms. */
  readonly graceMs: number;
}

const RETRY = { baseMs: 200, maxMs: 10_000 };
/** The spare is started this many of its usual starts before it is needed: the machine may be busy by then. */
const LEAD_STARTS = 2;
/** How long a start takes at least, ms. */
const LEAST_START_MS = 25;

/**
 * The one child of a pool beside those of its slots: started before it is needed, so that no slot is missed. It goes to
 * a slot whose child was killed or died, else to one whose child has done enough, at a moment when that one is idle. A pool that recycles keeps it ready all the time.
 * Slots are recycled one after the other: the next spare is started when the last old child is gone.
 */
export class Standby implements ChildOwner {
  readonly #options: StandbyOptions;
  /** Starting or ready. */
  #life: ChildLife | undefined;
  /** A recycled child that is on its way out. */
  #retiring: ChildLife | undefined;
  readonly #due = new Set<Recyclable>();
  #startMs = LEAST_START_MS;
  #failures = 0;
  /** A spare is kept ready, needed or not. */
  #kept = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: StandbyOptions) {
    this.#options = options;
  }

  /** How long before it is needed a child has to be started, ms; learnt from those that started. */
  get leadMs(): number {
    return LEAD_STARTS * Math.max(this.#startMs, LEAST_START_MS);
  }

  /** A child of a slot is ready. */
  learn(startMs: number | undefined): void {
    if (startMs !== undefined) this.#startMs = startMs;
    if (this.#kept) this.#refill();
  }

  /** Starts a spare unless there is one: somebody may need it soon. */
  prepare(): void {
    if (this.#stopped || this.#life !== undefined || this.#timer !== undefined) return;
    this.#life = this.#options.createChild(this);
  }

  /** Gives the spare away, ready or not, to a slot whose child died. */
  take(): ChildLife | undefined {
    const life = this.#life;
    this.#life = undefined;
    this.#refill();
    return life;
  }

  /** Keeps a spare ready from now on, needed or not. */
  keep(): void {
    this.#kept = true;
    this.#refill();
  }

  /** Gives it to one whose child was ended at its limit, and from now on keeps one ready: the next may be near. */
  takeAtLimit(): ChildLife | undefined {
    const life = this.#life;
    this.#life = undefined;
    this.#kept = true;
    // While that one starts nothing else does; `learn` tells when it has.
    if (life?.ready) this.#refill();
    return life;
  }

  /** This slot's child has done enough: it is replaced, now or once a spare is ready and the slot is idle. */
  recycle(slot: Recyclable): void {
    this.#due.add(slot);
    this.offer(slot);
    this.#refill();
  }

  /** A slot has become idle. */
  offer(slot: Recyclable): void {
    const next = this.#life;
    if (next === undefined || !next.ready || !this.#due.delete(slot)) return;
    this.#life = undefined;
    this.#retire(slot.swap(next));
  }

  /** This slot needs no recycling any more. */
  forget(slot: Recyclable): void {
    this.#due.delete(slot);
  }

  /** Ends the spare, and waits for what is on its way out. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#due.clear();
    await Promise.all([this.#life?.retire(graceMs), this.#retiring?.retire(graceMs)]);
  }

  /** The spare is ready. */
  ready(): void {
    this.#failures = 0;
    this.learn(this.#life?.startMs);
    const swappable = [...this.#due].filter((slot) => slot.swappable);
    const next = swappable.find((slot) => slot.exhausted) ?? swappable[0];
    if (next !== undefined) this.offer(next);
  }

  /** The spare has no jobs. */
  ended(): void {}

  /** The spare is gone before anybody needed it. */
  exited({ reason, error }: ChildDeath): void {
    this.#life = undefined;
    if (this.#stopped) return;
    this.#options.logger.error({ how: reason, err: error }, 'A replacement for a child of the pool did not start.');
    const delay = fullJitter(this.#failures, RETRY, this.#options.random());
    this.#failures++;
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      this.#refill();
    }, delay);
  }

  #refill(): void {
    if ((this.#kept || this.#due.size > 0) && this.#retiring === undefined) this.prepare();
  }

  #retire(old: ChildLife): void {
    this.#retiring = old;
    old.owner = {
      ready: () => undefined,
      ended: () => undefined,
      exited: ({ error }) => {
        this.#retiring = undefined;
        if (error !== undefined) this.#options.logger.error({ err: error }, 'A recycled child of the pool died.');
        this.#refill();
      },
    };
    void old.retire(this.#options.graceMs);
  }
}
