import type { Logger } from '@tq/core/internal';
import type { ChildLife, ChildOwner } from './child-life.js';

export interface DeparturesOptions {
  readonly logger: Logger;
  /** How long the slot-stop hooks of a recycled child may take, ms. */
  readonly graceMs: number;
  /** Called when one is gone. */
  readonly onGone: () => void;
}

/** Children that have no slot any more and are not gone yet: their memory is still taken, and a stop waits for them. */
export class Departures {
  readonly #options: DeparturesOptions;
  readonly #lives = new Set<ChildLife>();

  constructor(options: DeparturesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#lives.size;
  }

  /** Ends one that has done enough, after its slot-stop hooks. */
  retire(life: ChildLife): void {
    const { logger, graceMs } = this.#options;
    this.#add(life, {
      ready: () => undefined,
      progressed: () => undefined,
      ended: () => undefined,
      exited: ({ error }) => {
        if (error !== undefined) logger.error({ err: error }, 'A recycled child of the pool died.');
      },
    });
    void life.retire(graceMs);
  }

  /** Ends one at once; `heir` hears what it still tells. */
  kill(life: ChildLife, heir: ChildOwner): void {
    this.#add(life, heir);
    life.kill();
  }

  /** Resolves when all are gone; slot-stop hooks have `graceMs` from now on at most. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.#lives].map((life) => life.retire(graceMs)));
  }

  #add(life: ChildLife, heir: ChildOwner): void {
    this.#lives.add(life);
    life.owner = {
      ready: () => heir.ready(),
      progressed: (progress) => heir.progressed(progress),
      ended: (end, memoryBytes) => heir.ended(end, memoryBytes),
      exited: (death) => {
        this.#lives.delete(life);
        heir.exited(death);
        this.#options.onGone();
      },
    };
  }
}
