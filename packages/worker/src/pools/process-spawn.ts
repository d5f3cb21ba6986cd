import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TqError, toError } from '@tq/core/internal';
import { childExecArgv, withoutDebugPorts } from './child-argv.js';
import type { Child, ChildEvents, Spawn } from './child-life.js';
import { FrameDecoder } from './frames.js';
import type { ChildMessage, ParentMessage } from './job-messages.js';
import { decodeMessage, encodeMessage } from './message-codec.js';
import { OrphanGuard } from './orphan-guard.js';
import { FROM_PARENT, TO_PARENT } from './pipe-link.js';
import type { PoolServices } from './pool.js';

const ENTRY = fileURLToPath(new URL('./process-child.js', import.meta.url));

/** Ending a process that does not read is better than to fill the worker's memory. */
const MAX_WAITING_BYTES = 2 ** 28;

/** What often is behind an end that nobody asked for. */
const HINTS: Readonly<Record<string, string>> = {
  SIGKILL: 'by hand, or by the system for want of memory',
  SIGABRT: 'Node.js aborts so when its heap is full; see --max-old-space-size',
  '134': 'that of an abort, as when the heap of Node.js is full; see --max-old-space-size',
  '137': 'that of SIGKILL: by hand, or by the system for want of memory',
};

/**
 * Starts processes that run the tasks of these modules, with this process's environment, folder and Node.js options.
 * @param modules file URLs or absolute paths
 * @param maxWaitingBytes what may wait for a process that does not read; with more it is ended
 * @throws {TqError} `invalid-option` for a variable that is too long to hand on
 */
export function createProcessSpawn(
  modules: readonly string[],
  { childEnv, logger }: Pick<PoolServices, 'childEnv' | 'logger'>,
  maxWaitingBytes = MAX_WAITING_BYTES,
): Spawn {
  for (const [name, value] of Object.entries(childEnv)) requireShort(name, value);
  const guard = new OrphanGuard(logger);
  return (events) => new ProcessChild(startProcess(modules, childEnv), { guard, events, maxWaitingBytes });
}

/** Linux starts no process with a variable of 128 KiB (E2BIG); a thread takes it. */
function requireShort(name: string, value: string): void {
  const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(value);
  if (bytes <= MAX_VARIABLE_BYTES) return;
  const text = `${name}: expected at most ${MAX_VARIABLE_BYTES} bytes with its name, which is what a process takes, found ${bytes}. Say it in fewer words (patterns for names), or take the pool of threads.`;
  throw new TqError('invalid-option', text);
}

const MAX_VARIABLE_BYTES = 131_071;

function startProcess(modules: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [...childExecArgv(process.execArgv), ENTRY, ...modules], {
    env: { ...withoutDebugPorts(process.env), ...env },
    // What a task prints is seen where the worker's own output is.
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
}

interface ProcessChildOptions {
  readonly guard: OrphanGuard;
  readonly events: ChildEvents;
  readonly maxWaitingBytes: number;
}

/** A process of the pool as its parent holds it. */
class ProcessChild implements Child {
  readonly #process: ChildProcess;
  readonly #guard: OrphanGuard;
  readonly #events: ChildEvents;
  readonly #maxWaitingBytes: number;
  readonly #input: Writable | undefined;
  readonly #output: Readable | undefined;
  readonly #decoder = new FrameDecoder();
  readonly #uncork = () => this.#input?.uncork();
  /** Why this side has given the process up. */
  #givenUp: string | undefined;
  /** How it ended, once it has. */
  #how: string | undefined;
  #receivedBytes = 0;

  constructor(child: ChildProcess, { guard, events, maxWaitingBytes }: ProcessChildOptions) {
    this.#process = child;
    this.#guard = guard;
    this.#events = events;
    this.#maxWaitingBytes = maxWaitingBytes;
    // Without a free file descriptor there are no pipes, in spite of the declared type; the error follows.
    const stdio = (child.stdio ?? []) as readonly unknown[];
    this.#input = stdio[FROM_PARENT] as Writable | undefined;
    this.#output = stdio[TO_PARENT] as Readable | undefined;
    if (child.pid !== undefined) guard.add(child.pid);
    this.#listen();
  }

  /** What is posted in one turn leaves in one write. */
  post(message: ParentMessage): void {
    const input = this.#input;
    if (input === undefined || this.#givenUp !== undefined) return;
    const frame = encodeMessage(message);
    if (input.writableLength > this.#maxWaitingBytes) {
      this.#giveUp(`it has not read for so long that more than ${this.#maxWaitingBytes} bytes wait for it`);
      return;
    }
    if (input.writableCorked === 0) {
      input.cork();
      process.nextTick(this.#uncork);
    }
    input.write(frame);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #listen(): void {
    this.#input?.on('error', () => undefined);
    this.#output?.on('error', () => undefined);
    this.#output?.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#output?.once('close', () => this.#gone());
    this.#process.once('exit', (code, signal) => {
      this.#how = this.#givenUp ?? describeExit(code, signal);
      if (this.#output?.closed) this.#gone();
      else this.#drain();
    });
    this.#process.on('error', (error) => {
      if (this.#process.pid !== undefined) return;
      this.#how = `it could not be started: ${error.message}`;
      this.#gone();
    });
  }

  #receive(bytes: Buffer): void {
    this.#receivedBytes += bytes.length;
    if (this.#givenUp !== undefined) return;
    let messages: readonly ChildMessage[];
    try {
      messages = this.#decoder.push(bytes).map((payload) => decodeMessage(payload) as ChildMessage);
    } catch (thrown) {
      this.#giveUp(`it sent what is no message: ${toError(thrown).message}`);
      return;
    }
    for (const message of messages) this.#events.message(message);
  }

  #giveUp(why: string): void {
    this.#givenUp = why;
    this.kill();
  }

  /**
   * The pipe closes with the process, unless a program that a task has started holds it too. All that the process wrote
   * has been read once a whole turn of the loop brings nothing more.
   */
  #drain(): void {
    setImmediate(() => {
      const before = this.#receivedBytes;
      setImmediate(() => {
        if (this.#receivedBytes === before) this.#output?.destroy();
        else this.#drain();
      });
    });
  }

  /** Tells the slot once both have happened: the process has ended, and its last message is read. */
  #gone(): void {
    if (this.#how === undefined) return;
    const how = this.#how;
    this.#how = undefined;
    this.#input?.destroy();
    this.#events.exited(how);
    // A replacement has begun by now, so that the guard need not end and start again.
    if (this.#process.pid !== undefined) this.#guard.remove(this.#process.pid);
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  const hint = HINTS[signal ?? String(code)];
  const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
  return hint === undefined ? how : `${how} (${hint})`;
}
