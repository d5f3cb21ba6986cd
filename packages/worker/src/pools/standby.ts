import { type Clock, fullJitter, type Logger } from '@tq/core/internal';
import type { ChildDeath, ChildLife, ChildOwner } from './child-life.js';
import { Departures } from './departures.js';
import { OneTimer } from './one-timer.js';

/** A slot, as the standby sees it. */
export interface Recyclable {
  /** Its child runs nothing. */
  readonly idle: boolean;
  /** Goes on with this child from now on. */
  adopt(next: ChildLife): void;
  /** The same, where it has one; returns that. */
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
  /** Children beside one for each slot, from 1 on. */
  readonly spares: number;
  /** Spares that may be starting at a time, from 1 on. */
  readonly startsAtOnce: number;
}

const RETRY = { baseMs: 200, maxMs: 10_000 };
/** A spare is started this many of its usual starts before it is needed: the machine may be busy by then. */
const LEAD_STARTS = 4;
/** How long a start takes at least, ms. */
const LEAST_START_MS = 25;

/**
 * The spare children of a pool: started before they are needed, as many as will be, so that no slot is missed. A slot
 * without a child comes first, then one whose child has done enough and goes on meanwhile, when that one is idle.
 *
 * A pool never has more children than slots and `spares`, those that are on their way out included: where a slot waits
 * for a child, the spare that starts takes that one's room.
 */
export class Standby {
  readonly #options: StandbyOptions;
  readonly #departures: Departures;
  /** Starting or ready. */
  readonly #spares = new Set<ChildLife>();
  /** Slots without a child. */
  readonly #vacant = new Set<Recyclable>();
  /** Slots whose child has done enough, and goes on. */
  readonly #due = new Set<Recyclable>();
  /** Slots that may soon be without a child. */
  readonly #near = new Set<Recyclable>();
  #startMs = LEAST_START_MS;
  #failures = 0;
  /** A spare is kept ready, needed or not. */
  #kept = false;
  /** Set while it pauses after a spare that did not start. */
  readonly #pause: OneTimer;
  #stopped = false;

  constructor(options: StandbyOptions) {
    this.#options = options;
    const { logger, graceMs, clock } = options;
    this.#pause = new OneTimer(clock);
    this.#departures = new Departures({ logger, graceMs, onGone: () => this.#refill() });
  }

  /** How long before it is needed a child has to be started, ms; learnt from those that started. */
  get leadMs(): number {
    return LEAD_STARTS * Math.max(this.#startMs, LEAST_START_MS);
  }

  /** The last spare did not start. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** A child is ready. */
  learn(startMs: number | undefined): void {
    if (startMs !== undefined) this.#startMs = startMs;
  }

  /** Keeps a spare ready from now on, needed or not. */
  keep(): void {
    this.#kept = true;
    this.#refill();
  }

  /** This slot may be without a child in `leadMs`. */
  expect(slot: Recyclable): void {
    if (this.#due.has(slot)) return;
    this.#near.add(slot);
    this.#refill();
  }

  /** It needs no other child for now. */
  relax(slot: Recyclable): void {
    this.#near.delete(slot);
  }

  /** This slot's child has done enough: it is replaced, now or once a spare is ready and the slot is idle. */
  recycle(slot: Recyclable): void {
    this.#near.delete(slot);
    this.#due.add(slot);
    this.offer(slot);
    this.#refill();
  }

  /** A slot has become idle. */
  offer(slot: Recyclable): void {
    const next = this.#ready();
    if (next === undefined || !this.#due.delete(slot)) return;
    this.#spares.delete(next);
    this.#departures.retire(slot.swap(next));
    this.#refill();
  }

  /** This slot's child takes no more jobs. The slot gets another, returned or by `adopt`. */
  retire(slot: Recyclable, life: ChildLife): ChildLife | undefined {
    this.#departures.retire(life);
    return this.#replace(slot);
  }

  /** The same for a child that is killed at the hard limit of its job; from now on a spare is kept: the next may be near. */
  kill(slot: Recyclable, life: ChildLife, heir: ChildOwner): ChildLife | undefined {
    this.#kept = true;
    this.#departures.kill(life, heir);
    return this.#replace(slot);
  }

  /** Gives a spare away, ready or not, to a slot whose child died. */
  take(): ChildLife | undefined {
    const [first] = this.#spares;
    const life = this.#ready() ?? first;
    if (life !== undefined) this.#spares.delete(life);
    this.#refill();
    return life;
  }

  /** This slot needs no child any more, or no other. */
  forget(slot: Recyclable): void {
    this.#vacant.delete(slot);
    this.#due.delete(slot);
    this.#near.delete(slot);
  }

  /** Ends the spares, and waits for what is on its way out. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#pause.clear();
    await Promise.all([this.#departures.stop(graceMs), ...[...this.#spares].map((life) => life.retire(graceMs))]);
  }

  #ready(): ChildLife | undefined {
    for (const life of this.#spares) if (life.ready) return life;
    return undefined;
  }

  #replace(slot: Recyclable): ChildLife | undefined {
    this.forget(slot);
    const life = this.#ready();
    if (life === undefined) this.#vacant.add(slot);
    else this.#spares.delete(life);
    this.#refill();
    return life;
  }

  /** Starts what is needed, as far as there is room. */
  #refill(): void {
    if (this.#stopped || this.#pause.pending) return;
    const { spares, startsAtOnce } = this.#options;
    const needed = this.#vacant.size + this.#due.size + this.#near.size + (this.#kept ? 1 : 0);
    const room = spares + this.#vacant.size - this.#departures.size;
    let starting = 0;
    for (const life of this.#spares) if (!life.ready) starting++;
    while (this.#spares.size < Math.min(needed, room) && starting < startsAtOnce) {
      this.#start();
      starting++;
    }
  }

  #start(): void {
    const life = this.#options.createChild({
      ready: () => this.#becameReady(life),
      progressed: () => undefined,
      ended: () => undefined,
      exited: (death) => this.#died(life, death),
    });
    this.#spares.add(life);
  }

  #becameReady(life: ChildLife): void {
    this.#failures = 0;
    this.learn(life.startMs);
    const [vacant] = this.#vacant;
    if (vacant !== undefined) {
      this.#spares.delete(life);
      this.#vacant.delete(vacant);
      vacant.adopt(life);
    } else {
      const due = [...this.#due].find(({ idle }) => idle);
      if (due !== undefined) this.offer(due);
    }
    this.#refill();
  }

  /** A spare is gone before anybody needed it. */
  #died(life: ChildLife, { reason, error }: ChildDeath): void {
    this.#spares.delete(life);
    if (this.#stopped) return;
    this.#options.logger.error({ how: reason, err: error }, 'A replacement for a child of the pool did not start.');
    const delay = fullJitter(this.#failures, RETRY, this.#options.random());
    this.#failures++;
    this.#pause.set(delay, () => this.#refill());
  }
}

/**
 * How many children a pool may have beside one for each slot: one for every four slots, and one at least. So recycling
 * takes a quarter more memory at most, or one child.
 */
export function sparesFor(slots: number): number {
  return Math.ceil(slots / 4);
}
