import {
  type Clock,
  type Logger,
  Observers,
  runReadyHooks,
  runStartHooks,
  runStopHooks,
  type WorkerEvents,
  type WorkerIdentity,
  type WorkerInfo,
  type WorkerReady,
  within,
} from '@tq/core/internal';

export interface WorkerLifeOptions {
  readonly identity: WorkerIdentity;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long a whole stop may take, ms; its hooks get what is left. */
  readonly shutdownTimeout: number;
  /** What the hooks of a stop get at least, ms. */
  readonly abortGrace: number;
}

/** What a worker's life is to others: its observers, and the hooks that start and stop with it. One that never starts has none. */
export class WorkerLife {
  readonly observers: Observers<WorkerEvents>;
  readonly #options: WorkerLifeOptions;
  readonly #info: WorkerInfo;
  #blocked = false;
  #begun = false;
  #stoppingSince = 0;

  constructor(options: WorkerLifeOptions) {
    const { identity, logger } = options;
    this.#options = options;
    this.observers = new Observers((err, event) => logger.error({ err, event }, 'an observer of the worker failed'));
    this.#info = { ...identity, on: (name, listener) => this.observers.on(name, listener) };
  }

  starting(): void {
    this.#begun = true;
    this.observers.emit('worker:starting', this.#options.identity);
  }

  /** Runs what begins with the worker; rejects with what the first hook threw that failed. */
  beginning(): Promise<void> {
    return runStartHooks('workerStart', this.#info);
  }

  async ready(facts: Omit<WorkerReady, keyof WorkerIdentity>): Promise<void> {
    this.observers.emit('worker:ready', { ...this.#options.identity, ...facts });
    this.#logFailures('onWorkerReady', await runReadyHooks(this.#info));
  }

  /** The broker takes publishes no more, or again; told when it changes. */
  brokerBlocked(blocked: boolean): void {
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    this.observers.emit(blocked ? 'worker:blocked' : 'worker:unblocked', this.#options.identity);
  }

  stopping(): void {
    if (!this.#begun) return;
    this.#stoppingSince = this.#options.clock.monotonic();
    this.observers.emit('worker:stopping', this.#options.identity);
  }

  /** Runs what ends with the worker, where its start has begun. */
  async ending(): Promise<void> {
    if (!this.#begun) return;
    const { clock, shutdownTimeout, abortGrace, logger } = this.#options;
    const limitMs = Math.max(abortGrace, shutdownTimeout - (clock.monotonic() - this.#stoppingSince));
    const hooks = runStopHooks('workerStop', this.#info).then((failed) => this.#logFailures('onWorkerStop', failed));
    if (await within(clock, limitMs, hooks)) return;
    logger.warn({ limitMs }, 'hooks of onWorkerStop are not done in time; the worker stops without them');
  }

  stopped(): void {
    if (!this.#begun) return;
    this.observers.emit('worker:stopped', this.#options.identity);
  }

  #logFailures(moment: string, failures: readonly Error[]): void {
    for (const err of failures) this.#options.logger.error({ err }, `a hook of ${moment} failed`);
  }
}
