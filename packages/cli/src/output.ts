import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type InspectOptions, inspect, stripVTControlCharacters } from 'node:util';

/** A stream that may be a terminal. */
export type Terminal = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export interface OutputOptions {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data and errors as one line of JSON each. */
  readonly json: boolean;
}

const BOLD_RED = '\u001b[1;31m';
const RESET = '\u001b[0m';
/** Back to the start of the line, which is empty then. */
const WIPE = '\r\u001b[K';
/** Columns of a terminal that tells none. */
const WIDTH = 80;
/** Its lines. */
const HEIGHT = 24;
/** Everything from the cursor on. */
const ERASE_BELOW = '\u001b[J';

/** How long readers may take for what is left once the end is wanted, ms. */
const FLUSH_LIMIT_MS = 500;

/** How results are shown: whole, whatever their size. */
const WHOLE: InspectOptions = { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: 100 };

/** Where a command says things: data on standard output, everything else on standard error. Never a password. */
export class Output {
  readonly #options: OutputOptions;
  #lastNote = '';
  #isLive = false;
  #isHastened = false;
  /** Lines that the next `redraw` goes over. */
  #drawn = 0;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  get json(): boolean {
    return this.#options.json;
  }

  /** Standard error is read by a person. */
  get interactive(): boolean {
    return this.#options.stderr.isTTY === true;
  }

  /** Standard error takes colours. */
  get colours(): boolean {
    return this.interactive && this.#mayColour;
  }

  /** Columns of the terminal that standard error is. */
  get width(): number {
    return this.#options.stderr.columns || WIDTH;
  }

  /** Prints data as it is. */
  print(text: string): void {
    this.#wipe();
    this.#options.stdout.write(`${text}\n`);
  }

  /** Prints data as it is, and resolves when more can be taken: for more of it than fits into memory. */
  async printLine(text: string): Promise<void> {
    this.#wipe();
    const { stdout } = this.#options;
    if (!stdout.write(`${text}\n`)) await once(stdout, 'drain');
  }

  /**
   * Prints data that is the newest state of what was printed this way before: over it on a terminal, and below it, with a
   * line between, anywhere else. As JSON it is one line more.
   */
  redraw(text: string): void {
    const { stdout } = this.#options;
    if (stdout.isTTY !== true || this.json) {
      this.print(this.#drawn === 0 || this.json ? text : `\n${text}`);
      this.#drawn = 1;
      return;
    }
    const width = stdout.columns || WIDTH;
    const lines = fitted(text.split('\n'), (stdout.rows || HEIGHT) - 1).map((line) => line.slice(0, width));
    stdout.write(`${this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`}${ERASE_BELOW}${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  /** Prints a value for a person: text bare, all else as JavaScript writes it. */
  printValue(value: unknown): void {
    if (value === undefined) return;
    const colors = this.#options.stdout.isTTY === true && this.#mayColour;
    this.print(typeof value === 'string' ? value : inspect(value, { ...WHOLE, colors }));
  }

  /** Says something beside the data; the same text again is said once. */
  note(text: string): void {
    if (text === this.#lastNote) return;
    this.#lastNote = text;
    this.#say(`tq: ${maskCredentials(text)}`);
  }

  /** Shows a block of text beside the data, as it is. */
  block(text: string): void {
    this.#say(maskCredentials(text));
  }

  /** Shows a line on a terminal that the next one replaces, and that makes room for whatever else is said. */
  live(text: string): void {
    if (!this.interactive) return;
    this.#options.stderr.write(WIPE + text.slice(0, this.width - 1));
    this.#isLive = true;
  }

  /** Takes that line away, if there is one. */
  clear(): void {
    this.#wipe();
  }

  /** Says why the command failed. */
  error(error: Error, hint?: string): void {
    const { code } = error as { code?: unknown };
    if (this.json) {
      const message = maskCredentials(error.message);
      this.#say(JSON.stringify({ error: { code, name: error.name, message } }));
      return;
    }
    const text = maskCredentials([error.message, ...details(error), ...(hint === undefined ? [] : [hint])].join('\n'));
    const label = this.colours ? `${BOLD_RED}tq:${RESET}` : 'tq:';
    this.#say(`${label} ${text}`);
  }

  /** The end is wanted now: from here on a reader who has stopped reading is not waited for. */
  hasten(): void {
    this.#isHastened = true;
  }

  /**
   * Resolves when both streams have taken all that was written: an exit before that loses what is in a pipe. Hastened, it
   * gives the readers a moment for that and no more.
   */
  async flush(): Promise<void> {
    const { stdout, stderr } = this.#options;
    const taken = Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))));
    await (this.#isHastened ? Promise.race([taken, delay(FLUSH_LIMIT_MS)]) : taken);
  }

  #say(text: string): void {
    // What is said stays where it is; the next drawing begins below it.
    if (this.#options.stdout.isTTY === true && this.interactive) this.#drawn = 0;
    this.#wipe();
    this.#options.stderr.write(`${text}\n`);
  }

  #wipe(): void {
    if (this.#isLive) this.#options.stderr.write(WIPE);
    this.#isLive = false;
  }

  get #mayColour(): boolean {
    return !this.#options.env.NO_COLOR;
  }
}

/** What does not fit on the screen could not be drawn over. */
function fitted(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = lines.slice(0, Math.max(1, rows - 1));
  return [...shown, `… ${lines.length - shown.length} lines more`];
}

const FRAMES_SHOWN = 8;
/** Frames that tell the user nothing: Node's, the loader's and tq's own. */
const FOREIGN_FRAME = /node:internal|\(node:|[\\/]jiti[\\/]|[\\/](?:@tq|packages)[\\/](?:core|worker)[\\/]dist[\\/]/;

/** What helps beyond the message: where a task failed remotely, or where a task file did not load. */
function details(error: Error): string[] {
  const stack = stackOf(error);
  if (stack === undefined) return [];
  const lines = stripVTControlCharacters(stack).split('\n');
  const text = lines.filter((line) => !isFrame(line) && !error.message.includes(line));
  return [...text, ...usersFrames(lines.filter(isFrame)).slice(0, FRAMES_SHOWN)];
}

/** The stack that leads into the user's code; other errors of tq say all in their message. */
function stackOf(error: Error): string | undefined {
  const { code, remote, cause } = error as { code?: unknown; remote?: { stack?: string | undefined }; cause?: unknown };
  if (remote !== undefined) return remote.stack;
  return code === 'task-load-failed' && cause instanceof Error ? cause.stack : undefined;
}

/** The frames between what Node.js threw from and what called the user's code. */
function usersFrames(frames: readonly string[]): readonly string[] {
  const start = frames.findIndex((frame) => !FOREIGN_FRAME.test(frame));
  if (start === -1) return [];
  const own = frames.slice(start);
  const end = own.findIndex((frame) => FOREIGN_FRAME.test(frame));
  return end === -1 ? own : own.slice(0, end);
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line);
}

/** A text without the passwords of the URLs in it. */
export function maskCredentials(text: string): string {
  return text.includes('://') ? text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^:@/\s'"]*):[^/\s'"]*@/gi, '$1:…@') : text;
}
