import type { Logger } from '@tq/core/internal';

/** After what a child is replaced; undefined never. */
export interface RecyclingLimits {
  /** Jobs that one child runs. */
  readonly maxTasks: number | undefined;
  /** Bytes that it may hold after a job. */
  readonly maxMemoryBytes: number | undefined;
}

/**
 * What is to become of a child after a job: it goes on as before; it goes on until another can take its place; it takes
 * no further job.
 */
export type Condition = 'good' | 'due' | 'exhausted';

/** Times the memory limit. */
const EXHAUSTED = 2;

/** Decides when a child has done enough. */
export class RecyclingRule {
  readonly #limits: RecyclingLimits;
  readonly #logger: Logger;
  #warned = false;

  constructor(limits: RecyclingLimits, logger: Logger) {
    this.#limits = limits;
    this.#logger = logger;
  }

  /** Jobs that a child may run, where there is such a limit. */
  get maxTasks(): number | undefined {
    return this.#limits.maxTasks;
  }

  /** Children have to tell their memory. */
  get needsMemory(): boolean {
    return this.#limits.maxMemoryBytes !== undefined;
  }

  /**
   * The number of tasks is a maximum. Memory is known only after a task has taken it, so that limit cannot be one: a
   * child goes on past it until there is another, up to twice.
   * @param jobs that the child has ended
   * @param memoryBytes that it holds now; undefined when it did not tell
   */
  judge(jobs: number, memoryBytes: number | undefined): Condition {
    const { maxTasks, maxMemoryBytes } = this.#limits;
    if (maxTasks !== undefined && jobs >= maxTasks) return 'exhausted';
    if (maxMemoryBytes === undefined || memoryBytes === undefined || memoryBytes <= maxMemoryBytes) return 'good';
    if (jobs === 1) this.#warnOfFirst(memoryBytes, maxMemoryBytes);
    return memoryBytes > EXHAUSTED * maxMemoryBytes ? 'exhausted' : 'due';
  }

  /** A limit that a child passes with its first job makes the worker start children all the time. */
  #warnOfFirst(memoryBytes: number, maxMemoryBytes: number): void {
    if (this.#warned) return;
    this.#warned = true;
    const text =
      'a child passed maxMemoryPerChild with its first task; raise it above what a child needs to start with';
    this.#logger.warn({ memoryBytes, maxMemoryBytes }, text);
  }
}

/**
 * Whether a child has so few jobs left that its replacement must be started to be there in time.
 * @param left jobs until its limit, the one that starts now included
 * @param jobMs how long one takes; undefined while none has ended
 * @param leadMs how long before it is needed a replacement must be started
 */
export function isLimitNear(left: number, jobMs: number | undefined, leadMs: number): boolean {
  return left <= 1 || (jobMs !== undefined && left * jobMs <= leadMs);
}
