// Longer than most files: one run is one course of steps, each of which is short and leads to the next.

import { declare, lookAtQueue, onThrowawayChannel, type QueueLook } from '../broker/declare.js';
import { connectionLost } from '../broker/held-queue.js';
import type { QueueSession } from '../broker/queue-session.js';
import type { QueueSwap, SwapEnd } from '../broker/queue-swap.js';
import { swapAfterLook } from '../broker/queue-swap.js';
import type { Topology } from '../broker/topology.js';
import { assertNever, TqError } from '../errors.js';
import type { Clock } from '../time/clock.js';
import { Pace } from '../time/pace.js';
import { MessageMover } from './message-mover.js';
import type { MigrationReport, MigrationStage, ResolvedMigrateOptions } from './migrate-options.js';
import type { MigrationPlan } from './migration-plan.js';
import { consumed, publishedTo, undeletableInUse } from './migration-refusal.js';

/** What a migration does its work with. */
export interface MigrationTools {
  readonly clock: Clock;
  /** Holds the lock. */
  readonly session: QueueSession;
  /** Does it over a connection of its own, which the broker may close. */
  swapIfEmpty(swap: QueueSwap): Promise<SwapEnd>;
  /** @throws {TqError} `queue-not-empty` */
  deleteIfEmpty(queue: string): Promise<unknown>;
}

/** Between two looks at a queue, ms. */
const LOOK_EVERY_MS = 100;
const NOTHING: Topology = { exchanges: [], queues: [], bindings: [] };

type Quiet = 'quiet' | 'aborted' | 'gone';

interface QuietCourse {
  /** Messages that were there when exchanges began to lead past the queue, and are there still. */
  left: number;
  /** When it has to be quiet, once those are away. */
  until: number | undefined;
}

/**
 * One run of declaring a queue anew. What there is to do, the broker says, so that a run goes on where another one ended:
 *
 *   the queue is other than wanted: workers leave ─> around it is declared ─> its messages are moved to hold ─> exchanges
 *     lead to hold ─> the rest is moved ─> nothing comes any more ─> deleted and declared anew, in one write
 *   the queue is as wanted, and hold is there: exchanges lead to the queue ─> messages are moved back ─> around is deleted
 */
export class Migration {
  readonly #plan: MigrationPlan;
  readonly #options: ResolvedMigrateOptions;
  readonly #tools: MigrationTools;
  readonly #mover: MessageMover;
  readonly #pace: Pace;
  readonly #counts = { moved: 0, returned: 0, lost: 0 };
  #stage: MigrationStage = 'waiting';

  constructor(plan: MigrationPlan, options: ResolvedMigrateOptions, tools: MigrationTools) {
    this.#plan = plan;
    this.#options = options;
    this.#tools = tools;
    this.#pace = new Pace(tools.clock, 0, options.signal);
    this.#mover = new MessageMover(tools.session, plan, options.signal, (count, direction) => {
      this.#counts[direction === 'out' ? 'moved' : 'returned'] += count;
      this.#tell(this.#stage);
    });
  }

  /** @returns what came of it, but for the queue's name */
  async run(): Promise<Omit<MigrationReport, 'queue'>> {
    const begun = (await this.#look(this.#plan.hold.name)).kind !== 'missing';
    if (await this.#isAsWanted()) {
      if (!begun) return this.#report('unchanged');
    } else if (!(await this.#replace())) {
      return this.#report('aborted');
    }
    const done = await this.#restore(this.#plan.topology);
    if (done) this.#tell('done');
    return this.#report(done ? 'migrated' : 'aborted');
  }

  /** Declares it where it is missing: another run may have ended between its deletion and that. */
  async #isAsWanted(): Promise<boolean> {
    try {
      await this.#declare({ ...NOTHING, queues: [this.#plan.queue] });
      return true;
    } catch (error) {
      if (error instanceof TqError && error.code === 'declaration-conflict') return false;
      throw error;
    }
  }

  /** @returns false when it was aborted */
  async #replace(): Promise<boolean> {
    if (!(await this.#othersLeave())) return false;
    await this.#prepare();
    try {
      await this.#moveBacklog();
      if (!this.#aborted) await this.#leadPast();
      if (await this.#swapWhenQuiet()) return true;
    } catch (error) {
      await this.#giveUp(error);
      throw error;
    }
    // What exchanges bring is not to pile up until another run.
    await this.#leadBack();
    return false;
  }

  /** Before anything is changed, so that a migration which nobody makes room for has changed nothing. */
  async #othersLeave(): Promise<boolean> {
    const { settleMs, waitMs, evenInUse } = this.#options;
    if (evenInUse) return !this.#aborted;
    this.#tell('waiting');
    const { clock } = this.#tools;
    const until = clock.monotonic() + waitMs;
    for (let unusedSince = clock.monotonic(); !this.#aborted; await this.#pause()) {
      const look = await this.#look(this.#plan.queue.name);
      const now = clock.monotonic();
      if (look.kind === 'there' && look.consumers > 0) {
        if (now >= until) throw consumed(this.#plan.queue.name, look.consumers, waitMs);
        unusedSince = now;
      } else if (now - unusedSince >= settleMs) return true;
    }
    return false;
  }

  /** Proves, before anything is moved, that the broker takes the declaration, and builds what stands around the queue. */
  async #prepare(): Promise<void> {
    const { topology, queue, hold, around } = this.#plan;
    const probe = { ...queue, name: `${hold.name}.probe` };
    await this.#declare({ ...NOTHING, exchanges: topology.exchanges });
    await this.#declare({ ...NOTHING, queues: [probe] });
    await this.#tools.session.use(probe.name, (model) =>
      onThrowawayChannel(model, (channel) => channel.deleteQueue(probe.name)),
    );
    // One of an earlier run, whatever its type, is as good.
    if ((await this.#look(hold.name)).kind === 'missing') await this.#declare({ ...NOTHING, queues: [hold] });
    await this.#declare(around);
  }

  /** As many as there are now, so that those which come meanwhile stay behind them; there is an end to them. */
  async #moveBacklog(): Promise<void> {
    this.#tell('moving');
    let left = await this.#countReady();
    while (left > 0 && !this.#aborted) {
      const moved = await this.#mover.pass('out');
      if (moved === 0) return;
      left -= moved;
    }
  }

  /** From here on exchanges bring to hold what they brought to the queue: the last binding that goes is what switches. */
  async #leadPast(): Promise<void> {
    const { queue, sources, via } = this.#plan;
    await this.#tools.session.use(queue.name, (model) =>
      onThrowawayChannel(model, async (channel) => {
        for (const { exchange, routingKey, arguments: own } of sources) {
          await channel.unbindQueue(queue.name, exchange, routingKey, own ?? {});
        }
        await channel.unbindQueue(queue.name, via, '');
      }),
    );
  }

  /** The first binding that comes is what switches. */
  async #leadBack(): Promise<void> {
    await this.#declare({ ...NOTHING, bindings: [this.#plan.viaToQueue] });
    await this.#declare({ ...NOTHING, bindings: this.#plan.sources });
  }

  /** @returns false when it was aborted */
  async #swapWhenQuiet(): Promise<boolean> {
    const { queue, sources, viaToQueue } = this.#plan;
    const swap = { queue, bindings: [viaToQueue, ...sources], evenInUse: this.#options.evenInUse };
    const course: QuietCourse = { left: await this.#countReady(), until: undefined };
    for (;;) {
      const quiet = await this.#becomesQuiet(course);
      if (quiet === 'aborted') return false;
      if (quiet === 'gone') {
        if (await this.#isAsWanted()) return true;
        continue;
      }
      this.#tools.session.requireLock(queue.name);
      if (await this.#swap(swap)) return true;
    }
  }

  /** @returns false when something has come in between */
  async #swap(swap: QueueSwap): Promise<boolean> {
    const { name } = swap.queue;
    const first = await this.#tools.swapIfEmpty(swap);
    const end =
      first.kind === 'unsupported' ? await this.#tools.session.use(name, (model) => swapAfterLook(model, swap)) : first;
    switch (end.kind) {
      case 'swapped':
        this.#counts.lost += end.lost;
        return true;
      case 'in-use':
        throw this.#options.evenInUse ? undeletableInUse(name) : consumed(name, end.consumers);
      case 'busy':
      case 'unsupported':
        return false;
      default:
        return assertNever(end);
    }
  }

  /**
   * Moves what is still there, until for a while nothing has come.
   * @throws {TqError} `queue-in-use` when that does not end, or somebody consumes it again
   */
  async #becomesQuiet(course: QuietCourse): Promise<Quiet> {
    const { clock } = this.#tools;
    const { quietMs, waitMs, evenInUse } = this.#options;
    const { name } = this.#plan.queue;
    let quietSince = clock.monotonic();
    while (!this.#aborted) {
      const look = await this.#look(name);
      const now = clock.monotonic();
      if (look.kind !== 'there') return 'gone';
      if (look.consumers > 0 && !evenInUse) throw consumed(name, look.consumers);
      if (course.left <= 0) course.until ??= now + waitMs;
      if (look.messages > 0) {
        if (course.until !== undefined && now >= course.until) throw publishedTo(name, quietMs, waitMs);
        course.left -= await this.#mover.pass('out');
        quietSince = clock.monotonic();
        continue;
      }
      course.left = 0;
      if (now - quietSince >= quietMs) return 'quiet';
      this.#tell('quieting');
      // A worker with the old configuration that starts, or a first call with a delay, has bound the queue again.
      await this.#leadPast();
      await this.#pace.pause(Math.min(LOOK_EVERY_MS, quietMs - (now - quietSince)));
    }
    return 'aborted';
  }

  /** Puts all back where it was, if there is still a way to: else another run finds it. */
  async #giveUp(reason: unknown): Promise<void> {
    const mends = reason instanceof TqError && GIVES_UP.has(reason.code);
    if (mends) await this.#restore({ ...NOTHING, bindings: this.#plan.sources }).catch(() => undefined);
  }

  /**
   * Messages that were held come back to the queue, whichever it is now, and what stood around it goes.
   * @returns false when it was aborted
   */
  async #restore(topology: Topology): Promise<boolean> {
    const { hold, around, via, into } = this.#plan;
    this.#tell('returning');
    for (;;) {
      if ((await this.#look(hold.name)).kind === 'missing') await this.#declare({ ...NOTHING, queues: [hold] });
      // First what leads to the queue, and then what leads there beside.
      await this.#declare(around);
      await this.#declare(topology);
      while (!this.#aborted && (await this.#mover.pass('in')) > 0);
      if (this.#aborted) return false;
      await this.#tools.session.use(hold.name, (model) =>
        onThrowawayChannel(model, async (channel) => {
          await channel.deleteExchange(via);
          await channel.deleteExchange(into);
        }),
      );
      if (await this.#deleteHold()) return true;
    }
  }

  /** @returns false when something was on its way to it still */
  async #deleteHold(): Promise<boolean> {
    try {
      await this.#tools.deleteIfEmpty(this.#plan.hold.name);
      return true;
    } catch (error) {
      if (error instanceof TqError && error.code === 'queue-not-empty') return false;
      throw error;
    }
  }

  async #countReady(): Promise<number> {
    const look = await this.#look(this.#plan.queue.name);
    return look.kind === 'there' ? look.messages : 0;
  }

  async #look(queue: string): Promise<QueueLook> {
    const look = await this.#tools.session.use(queue, (model) => lookAtQueue(model, queue));
    if (look.kind === 'away') throw connectionLost(queue, look.error);
    return look;
  }

  #declare(topology: Topology): Promise<void> {
    return this.#tools.session.use(this.#plan.queue.name, (model) => declare(model, topology));
  }

  #pause(): Promise<void> {
    return this.#pace.pause(LOOK_EVERY_MS);
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #tell(stage: MigrationStage): void {
    this.#stage = stage;
    const { moved, returned } = this.#counts;
    this.#options.onProgress?.({ stage, moved, returned });
  }

  #report(outcome: MigrationReport['outcome']): Omit<MigrationReport, 'queue'> {
    return { outcome, ...this.#counts };
  }
}

/** Reasons not to go on that leave the broker as able as before to take everything back. */
const GIVES_UP: ReadonlySet<string> = new Set([
  'queue-in-use',
  'message-too-large',
  'publish-nacked',
  'access-refused',
]);
