import { formatDuration } from '@tq/core/internal';
import type { Worker } from '@tq/worker';
import type { Logger } from 'pino';
import { EXIT } from '../exit-codes.js';
import type { Keeper } from './keeper.js';

/**
 * Stops a worker by signals, or by what stands for them: the first warm, the second cold, the third ends the process.
 *
 *   waiting ─ control() ─> controlling ─ 1st signal ─> stopping warm ─ 2nd ─> stopping cold ─ 3rd ─> exit
 *   waiting ─ 1st signal ─> exit, since nothing has started
 */
export class StopControl {
  /** Resolves when the worker has stopped. */
  readonly ended: Promise<void>;
  readonly #log: Logger;
  readonly #keeper: Keeper;
  #worker: Worker | undefined;
  #asked = false;
  #end: (stopped: Promise<void>) => void = () => undefined;

  constructor(log: Logger, keeper: Keeper) {
    this.#log = log;
    this.#keeper = keeper;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    keeper.onStop([(signal) => this.#warm(signal), (signal) => this.#cold(signal)]);
  }

  /** Somebody has asked for an end. */
  get asked(): boolean {
    return this.#asked;
  }

  /** From now on signals stop this worker. */
  control(worker: Worker): void {
    this.#worker = worker;
  }

  #warm(signal: string): void {
    if (this.#worker === undefined) {
      this.#log.info({ signal }, 'stopped before it had started');
      process.exit(EXIT.ok);
    }
    this.#asked = true;
    const { running } = this.#worker.health();
    const limit = formatDuration(this.#worker.settings.shutdownTimeout);
    this.#log.info({ signal, running }, `stopping: waits up to ${limit} for what runs; signal again to abort it`);
    this.#end(this.#worker.stop({ onDetached: () => this.#keeper.detached() }));
  }

  #cold(signal: string): void {
    this.#log.warn({ signal }, 'stopping now: aborts what runs and gives it back; signal again to end at once');
    void this.#worker?.stop({ cold: true });
  }
}
