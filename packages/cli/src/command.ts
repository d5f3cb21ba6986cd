import type { Arguments } from './arguments.js';
import type { Output } from './output.js';

/** An option of a command. */
export interface OptionSpec {
  /** `text` takes a value, a `flag` takes none. */
  readonly kind: 'text' | 'flag';
  /** What it is for, its range and default. */
  readonly describe: string;
  /** The only values that it takes. */
  readonly choices?: readonly string[] | undefined;
  /** A text that may be given more than once. */
  readonly many?: boolean | undefined;
  /** Whose names a shell offers as its value. */
  readonly complete?: NameKind | undefined;
}

/** Names that only the app knows: of tasks, of all its queues, or of those that tasks go to. */
export type NameKind = 'task' | 'queue' | 'task-queue';

/** One command of `tq`: what its help says, what it takes, and what it does. */
export interface Command {
  /** Below the summary in its help. */
  readonly details: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** False for a command that reads no config file; the others have `--config`. */
  readonly config?: false | undefined;
  /** How many words may follow the command's name. */
  readonly positionals: {
    readonly min: number;
    readonly max: number;
    /** What a shell offers for them: names (those of tasks for the first alone), or these words. */
    readonly complete?: NameKind | readonly string[] | undefined;
  };
  /**
   * @returns the exit code
   * @throws what `exitCodeOf` has a code for
   */
  run(args: Arguments, output: Output): Promise<number>;
}

/** A command before it is loaded: enough to list it. */
export interface CommandEntry {
  /** The word that chooses it; for a verb its command's word before it, `queues list`. */
  readonly name: string;
  /** Its name and the words after it, `call NAME [ARGS…]`. */
  readonly usage: string;
  readonly summary: string;
  load(): Promise<Command>;
  /** Commands of their own, one of which has to follow; what is loaded then only explains them. */
  readonly verbs?: readonly CommandEntry[] | undefined;
}

/** The command that was chosen, loaded. */
export interface Chosen {
  readonly entry: CommandEntry;
  readonly command: Command;
}
