import type { Logger } from '@tq/core/internal';

/** After what a child is replaced; undefined never. */
export interface RecyclingLimits {
  /** Jobs that one child runs. */
  readonly maxTasks: number | undefined;
  /** Bytes that it may hold after a job. */
  readonly maxMemoryBytes: number | undefined;
}

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

  /** There is a limit. */
  get enabled(): boolean {
    return this.#limits.maxTasks !== undefined || this.needsMemory;
  }

  /** Children have to tell their memory. */
  get needsMemory(): boolean {
    return this.#limits.maxMemoryBytes !== undefined;
  }

  /**
   * @param jobs that the child has ended
   * @param memoryBytes that it holds now; undefined when it did not tell
   */
  isDue(jobs: number, memoryBytes: number | undefined): boolean {
    const { maxTasks, maxMemoryBytes } = this.#limits;
    if (maxTasks !== undefined && jobs >= maxTasks) return true;
    if (maxMemoryBytes === undefined || memoryBytes === undefined || memoryBytes <= maxMemoryBytes) return false;
    if (jobs === 1) this.#warnOfFirst(memoryBytes, maxMemoryBytes);
    return true;
  }

  /** It holds so much that it must take no further job, even where nothing can take its place yet. */
  isExhausted(memoryBytes: number | undefined): boolean {
    const { maxMemoryBytes } = this.#limits;
    return maxMemoryBytes !== undefined && memoryBytes !== undefined && memoryBytes > EXHAUSTED * maxMemoryBytes;
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
