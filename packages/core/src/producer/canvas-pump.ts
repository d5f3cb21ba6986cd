import { PublishError } from '../errors.js';
import type { StartCall, StepSender } from './step-sender.js';

export interface CanvasPumpOptions {
  readonly steps: StepSender;
  /** Resolves when one more call fits into the outbox; undefined when it fits now. */
  readonly room: () => Promise<void> | undefined;
}

/** Calls that are sent in one turn of the event loop, since thousands would hold up the heartbeats. */
const BURST = 1_000;

/** Sends the calls that start a canvas: at once as many as the outbox takes, and the rest as there is room. */
export class CanvasPump {
  readonly #options: CanvasPumpOptions;
  readonly #open = new Set<Promise<void>>();

  constructor(options: CanvasPumpOptions) {
    this.#options = options;
  }

  /**
   * Never throws; how each call ends reaches its listener, and never before this returns.
   * @param givenUp why what is not sent yet is not to be sent any more
   */
  send(starts: readonly StartCall[], givenUp: () => PublishError | undefined): void {
    const pumping: Promise<void> = this.#pump(starts, givenUp).finally(() => this.#open.delete(pumping));
    this.#open.add(pumping);
  }

  /** Resolves when all calls are on their way that are to be sent now; undefined when they are. */
  waiting(): Promise<unknown> | undefined {
    return this.#open.size === 0 ? undefined : Promise.all(this.#open);
  }

  async #pump(starts: readonly StartCall[], givenUp: () => PublishError | undefined): Promise<void> {
    const { steps, room } = this.#options;
    let sent = 0;
    for (const start of starts) {
      if (sent > 0 && sent % BURST === 0) await new Promise((resolve) => setImmediate(resolve));
      for (let wait = room(); wait !== undefined && givenUp() === undefined; wait = room()) await wait;
      const error = givenUp();
      if (error === undefined) steps.send(start);
      else start.listener.failed(unsent(error));
      sent++;
    }
  }
}

function unsent(error: PublishError): PublishError {
  const text = `Not sent, since another call of its canvas was not published: ${error.message}`;
  return new PublishError(error.code, text, { fields: error.fields, cause: error });
}
