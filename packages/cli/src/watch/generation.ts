import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ProgressMessage, StopKind, StopMessage } from './messages.js';

const PROGRAM = fileURLToPath(new URL('../generation-program.js', import.meta.url));

/** How a worker's process ended. */
export interface GenerationEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a generation is started with. */
export interface GenerationOptions {
  /** 1 for the first. */
  readonly number: number;
  /** What follows `tq worker` on its command line. */
  readonly words: readonly string[];
  /** Beside the environment of this process. */
  readonly env: NodeJS.ProcessEnv;
}

/** Who hears what becomes of a generation. */
export interface GenerationListener<G> {
  ready(generation: G): void;
  detached(generation: G): void;
  ended(generation: G, end: GenerationEnd): void;
}

/**
 * A worker in a process of its own, which has loaded the code as it was when it started.
 *
 *   starting ─> ready ─> detached (takes no more) ─> ended;  every state may end at once
 */
export class Generation {
  readonly number: number;
  readonly #child: ChildProcess;
  #state: 'starting' | 'ready' | 'detached' | 'ended' = 'starting';
  #asked = false;

  constructor({ number, words, env }: GenerationOptions, listener: GenerationListener<Generation>) {
    this.number = number;
    this.#child = fork(PROGRAM, [String(number), ...words], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: ProgressMessage) => {
      this.#state = message;
      if (message === 'ready') listener.ready(this);
      else listener.detached(this);
    });
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#state === 'ended') return;
      this.#state = 'ended';
      listener.ended(this, { code, signal });
    };
    this.#child.once('exit', end);
    // Without a process there is no `exit`.
    this.#child.on('error', () => this.#child.pid === undefined && end(null, null));
  }

  get state(): 'starting' | 'ready' | 'detached' | 'ended' {
    return this.#state;
  }

  /** Somebody has asked for its end. */
  get asked(): boolean {
    return this.#asked;
  }

  stop(stop: StopKind, by: string): void {
    this.#asked = true;
    const message: StopMessage = { stop, by };
    // A process that is gone already has said so, or is about to.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
