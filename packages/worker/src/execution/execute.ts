import {
  type AppInternals,
  isDirectReply,
  type JobEnd,
  type Lease,
  limitsFor,
  maxDelayMs,
  ProgressPacer,
  type TaskProgress,
  type TimeLimits,
  type TqError,
  toJob,
} from '@tq/core/internal';
import type { FreezeWatch } from '../freeze-watch.js';
import type { Pool } from '../pools/pool.js';
import type { Run } from '../run.js';
import type { Companions } from './companions.js';
import { EXPIRED, isLate } from './gates.js';
import { type LossLimits, type Outcome, outcomeOf, withinReach } from './outcome.js';
import { replyAddress } from './reply-address.js';
import type { RunEvents } from './run-events.js';
import type { Settler } from './settle.js';
import type { SlotGroup } from './slots.js';
import type { Tally } from './tally.js';

export interface ExecutorOptions {
  readonly app: AppInternals;
  readonly pool: Pool;
  readonly settler: Settler;
  readonly companions: Companions;
  readonly limits: LossLimits;
  readonly tally: Tally;
  readonly freezeWatch: FreezeWatch;
  readonly events: RunEvents;
  /** Of runs whose call and task have none. */
  readonly timeLimits: TimeLimits;
}

/**
 * Takes runs from intake to their end: waits for a slot, runs the job, settles, frees the slot.
 * The steps: `#start`, `#finish`, `#conclude`, `#settle`, `#leave`.
 */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #groups = new Set<SlotGroup>();
  /** The longest delay that the broker holds. */
  readonly #maxDelayMs: number;
  /** Runs that wait or go on, by task and try. */
  readonly #runs = new Map<string, Run>();
  #idle: (() => void)[] = [];
  #running = 0;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#maxDelayMs = maxDelayMs(options.app.options.delayUnit);
    options.pool.onFree(() => this.pump());
  }

  /** Runs that hold a slot. */
  get running(): number {
    return this.#running;
  }

  /** The run of this try of this task that waits or goes on here. */
  find(key: string): Run | undefined {
    return this.#runs.get(key);
  }

  /** Runs that go on and have a delivery of this lease. */
  heldBy(lease: Lease): Run[] {
    return [...this.#runs.values()].filter((run) => run.state === 'running' && run.heldBy(lease));
  }

  /** A run whose deliveries are all lost and that fits: what it ran for may be delivered once more. */
  findLost(fits: (run: Run) => boolean): Run | undefined {
    for (const run of this.#runs.values()) if (!run.alive && fits(run)) return run;
    return undefined;
  }

  /** Ends a run that goes on; where its pool cannot, it is told to. */
  giveUp(run: Run, error: TqError): void {
    this.#options.pool.giveUp({ id: run.task.id, attempt: run.task.retries + 1, queue: run.queue }, error);
  }

  /** Runs as soon as its group has a slot and the broker takes what the run will publish. */
  submit(run: Run, group: SlotGroup): void {
    this.#groups.add(group);
    this.#runs.set(run.key, run);
    this.#options.companions.add(run);
    group.wait(run);
    this.#pumpGroup(group);
  }

  /** Starts what waits, after something that held it up has changed. */
  pump(): void {
    for (const group of this.#groups) this.#pumpGroup(group);
  }

  /** Forgets waiting runs whose deliveries are lost: the broker gives them to somebody else. */
  dropLost(): void {
    this.#removeWaiting((run) => !run.alive);
  }

  /** Gives back every run that has not started. */
  giveBackWaiting(): void {
    for (const run of this.#removeWaiting(() => true)) run.requeue();
  }

  /** Resolves when no run holds a slot. */
  async whenIdle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #removeWaiting(fits: (run: Run) => boolean): Run[] {
    const removed = [...this.#groups].flatMap((group) => group.removeWaiting(fits));
    for (const run of removed) this.#forget(run);
    return removed;
  }

  /** While children are being replaced the pool has fewer slots than the groups: who had one comes last. */
  #pumpOthersFirst(group: SlotGroup): void {
    if (this.#groups.delete(group)) this.#groups.add(group);
    this.pump();
  }

  #pumpGroup(group: SlotGroup): void {
    const { pool, app } = this.#options;
    // A settled run cannot publish while the broker is blocked; starting more would only fill the slots with such.
    const blocked = app.broker().publisher.blocked;
    while (pool.free() > 0) {
      const run = group.take((candidate) => !blocked || !candidate.publishes);
      if (run === undefined) return;
      if (run.task.expires !== undefined && isLate(run.task, app.runtime.clock.wallTime())) this.#expire(run, group);
      else this.#start(run, group);
    }
  }

  #start(run: Run, group: SlotGroup): void {
    this.#running++;
    run.state = 'running';
    const { pool, timeLimits, events, settler } = this.#options;
    events.started(run);
    const reply = run.task.expires === undefined ? undefined : replyAddress(run.task);
    if (reply !== undefined) settler.started(run, reply);
    const limits = limitsFor(run.task.limits, pool.factsOf(run.task.task)?.limits, timeLimits);
    pool.run(
      toJob(run.task, run.queue, limits),
      (end) => this.#finish(run, group, end),
      (progress) => this.#progressed(run, progress),
    );
  }

  /**
   * A plain program is told of the end alone, and so is who listens without a queue: RabbitMQ closes the connection over a
   * malformed address of that kind, which once is enough.
   */
  #progressed(run: Run, progress: TaskProgress): void {
    if (run.state !== 'running') return;
    const reply = replyAddress(run.task);
    if (reply === undefined || reply.plain !== undefined || isDirectReply(reply.replyTo)) return;
    const { app, settler } = this.#options;
    run.progress ??= new ProgressPacer({
      clock: app.runtime.clock,
      send: (newest) => settler.progressed(run, reply, newest),
    });
    run.progress.push(progress);
  }

  #finish(run: Run, group: SlotGroup, ended: JobEnd): void {
    const { app, limits, tally, events } = this.#options;
    const end = withinReach(ended, this.#maxDelayMs);
    run.deadline?.cancel();
    tally.ended(run, end);
    events.ended(run, end);
    this.#conclude(run, group, outcomeOf(end, run.task, limits, app.runtime.clock));
  }

  /** It expired while it waited for a slot. */
  #expire(run: Run, group: SlotGroup): void {
    const { tally, events } = this.#options;
    this.#running++;
    tally.expired(run.queue, run.task);
    events.expired(run.queue, run.task);
    this.#conclude(run, group, EXPIRED);
  }

  #conclude(run: Run, group: SlotGroup, outcome: Outcome): void {
    run.state = 'settling';
    const verifying = this.#options.freezeWatch.verifying();
    if (verifying === undefined) this.#settle(run, group, outcome);
    else void verifying.then(() => this.#settle(run, group, outcome));
  }

  /** A run whose deliveries are all lost publishes nothing; whoever has the task now ends it. */
  #settle(run: Run, group: SlotGroup, outcome: Outcome): void {
    // Before the reply, on the same channel.
    run.progress?.end();
    // Whoever comes in its place may reply, and ask who is left, before this one has left.
    if (outcome.kind !== 'done' && outcome.kind !== 'dead') this.#options.companions.remove(run);
    const settling = run.alive ? this.#options.settler.settle(run, outcome, replyAddress(run.task)) : undefined;
    if (settling === undefined) this.#leave(run, group);
    else void settling.then(() => this.#leave(run, group));
  }

  #forget(run: Run): void {
    this.#runs.delete(run.key);
    this.#options.companions.remove(run);
  }

  #leave(run: Run, group: SlotGroup): void {
    this.#forget(run);
    this.#running--;
    group.release();
    this.#pumpOthersFirst(group);
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
