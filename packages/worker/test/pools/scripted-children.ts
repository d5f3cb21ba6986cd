import { type Job, type JobEnd, Registry, type TimeLimits } from '@tq/core/internal';
import { ManualClock } from '../../../core/src/testing/manual-clock.js';
import type { ChildEvents } from '../../src/pools/child-life.js';
import { ChildPool } from '../../src/pools/child-pool.js';
import type { ParentMessage } from '../../src/pools/job-messages.js';
import type { RecyclingLimits } from '../../src/pools/recycling.js';
import { createJob, LogRecorder, ScriptedTransport } from './pool-fixture.js';

/** A child that does what the test says. */
export class ScriptedChild {
  readonly posted: ParentMessage[] = [];
  readonly #events: ChildEvents;
  killed = false;
  gone = false;

  constructor(events: ChildEvents) {
    this.#events = events;
  }

  post(message: ParentMessage): void {
    this.posted.push(message);
  }

  kill(): void {
    this.killed = true;
  }

  /** It has loaded its tasks. */
  ready({
    hasStopHooks = false,
    limits = {},
  }: {
    hasStopHooks?: boolean;
    limits?: Record<string, TimeLimits>;
  } = {}): void {
    const facts = Object.fromEntries(Object.entries(limits).map(([name, own]) => [name, { limits: own }]));
    this.#events.message({ type: 'ready', tasks: ['task'], facts, hasStopHooks });
  }

  /** It ends its job well. */
  succeed(memoryBytes?: number): void {
    this.#events.message(memoryBytes === undefined ? ['success', '1'] : ['success', '1', memoryBytes]);
  }

  exit(how = 'exit code 0'): void {
    this.gone = true;
    this.#events.exited(how);
  }

  /** Types of what it was told, without the jobs. */
  get told(): string[] {
    return this.posted.flatMap((message) => ('type' in message ? [message.type] : []));
  }

  /** Jobs that it was given. */
  get jobs(): number {
    return this.posted.filter((message) => Array.isArray(message)).length;
  }
}

/** How long the first children take to start. */
const START_MS = 50;

export interface ScriptedPoolOptions {
  readonly slots?: number;
  readonly recycling?: Partial<RecyclingLimits>;
  readonly hasStopHooks?: boolean;
  readonly timeLimitMs?: number;
  readonly startsAtOnce?: number;
  /** Of the tasks' definitions. */
  readonly limits?: Readonly<Record<string, TimeLimits>>;
}

/** A pool of scripted children on a clock that the test turns; its first children are ready. */
export async function startScripted(options: ScriptedPoolOptions = {}) {
  const { slots = 1, recycling = {}, hasStopHooks = false, timeLimitMs, startsAtOnce = 2, limits: own = {} } = options;
  const clock = new ManualClock();
  const log = new LogRecorder();
  const children: ScriptedChild[] = [];
  let freed = 0;
  const pool = new ChildPool({
    kind: 'thread',
    slots,
    spawn: (events) => {
      const child = new ScriptedChild(events);
      children.push(child);
      return child;
    },
    services: { logger: log.logger, transport: new ScriptedTransport(), registry: new Registry(), childEnv: {} },
    clock,
    random: () => 0.5,
    startTimeoutMs: 60_000,
    recycling: { maxTasks: undefined, maxMemoryBytes: undefined, ...recycling },
    graceMs: 2_000,
    timeLimitMs,
    startsAtOnce,
  });
  pool.onFree(() => freed++);
  const starting = pool.start();
  for (let slot = 0; slot < slots; slot++) {
    clock.advance(START_MS);
    child(slot).ready({ hasStopHooks, limits: own });
    // The next one is started once this one is there.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await starting;
  await new Promise((resolve) => setImmediate(resolve));
  freed = 0;

  function child(index: number): ScriptedChild {
    const found = children[index];
    if (found === undefined) throw new Error(`expected child ${index}, found ${children.length} children`);
    return found;
  }
  /** Starts a job; its end is in the list that this returns. */
  const run = (limits?: Partial<TimeLimits>, job: Partial<Job> = {}): JobEnd[] => {
    const ends: JobEnd[] = [];
    const given = limits && { timeLimit: undefined, softTimeLimit: undefined, ...limits };
    pool.run(createJob('task', [], { limits: given, ...job }), (end) => ends.push(end));
    return ends;
  };
  const alive = () => children.filter(({ gone }) => !gone).length;
  return { pool, clock, log, children, child, run, alive, freed: () => freed };
}
