import type { Keeper } from '../worker/keeper.js';
import type { ProgressMessage, StopMessage } from './messages.js';

/**
 * The worker's end of the channel to the process that watches: that one alone stops it, and when it is gone the worker
 * stops by itself. Signals are ignored, since a terminal sends Ctrl-C to both.
 */
export class Leash implements Keeper {
  readonly showsBanner: boolean;
  readonly #asked: string[] = [];
  #steps: readonly ((by: string) => void)[] = [];
  #taken = 0;

  constructor({ showsBanner }: { readonly showsBanner: boolean }) {
    this.showsBanner = showsBanner;
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
    process.on('message', (message: StopMessage) => this.#ask(message.stop === 'warm' ? 1 : 2, message.by));
    process.once('disconnect', () => this.#ask(1, 'end of the watching process'));
  }

  readonly onStop = (steps: readonly ((by: string) => void)[]): void => {
    this.#steps = steps;
    this.#pump();
  };

  ready(): void {
    this.#tell('ready');
  }

  detached(): void {
    this.#tell('detached');
  }

  /** Takes as many steps as were asked for, each once. */
  #ask(steps: number, by: string): void {
    while (this.#asked.length < steps) this.#asked.push(by);
    this.#pump();
  }

  #pump(): void {
    while (this.#taken < Math.min(this.#asked.length, this.#steps.length)) {
      const index = this.#taken++;
      this.#steps[index]?.(this.#asked[index] ?? '');
    }
  }

  #tell(message: ProgressMessage): void {
    // The other end may be gone: `disconnect` deals with that.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  }
}
