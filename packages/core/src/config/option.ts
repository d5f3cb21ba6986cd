/** What kind of value an option takes; `program` is one that no text can say, such as a logger. */
export type OptionKind =
  | 'text'
  | 'integer'
  | 'duration'
  | 'bytes'
  | 'words'
  | 'list'
  | 'flag'
  | 'queues'
  | 'record'
  | 'program';

/** A default that follows from what the options before it, or the caller, came to. */
export type DerivedDefault<T> = (values: Readonly<Record<string, unknown>>) => T;

/** What is said of an option, whatever its kind. */
export interface OptionSpec<T> {
  /** What it is for, as a clause without a full stop: help texts, docs and doc comments show it. */
  readonly describe: string;
  /** Variable that sets it. */
  readonly env?: string | undefined;
  /** Flag of `tq worker` that sets it, without the dashes. */
  readonly flag?: string | undefined;
  /** Without one the option may be undefined. */
  readonly default?: T | DerivedDefault<T> | undefined;
  /** The default as texts show it, where its value does not say it: `the app's queue`. */
  readonly defaultText?: string | undefined;
  /** What is hidden wherever the value is shown: the passwords of URLs, a key but not its path, or all of it. */
  readonly secret?: 'url' | 'pem' | 'whole' | undefined;
  /** It names a file, which a config file names from its own folder. A text of several lines is no name. */
  readonly path?: boolean | undefined;
  /** Children of a pool get the value of their worker's app, since it decides what their calls do. */
  readonly child?: boolean | undefined;
}

/** One row of a table of options: all that is known of it, for resolving, checking, help texts and docs. */
export interface Option<T = unknown> extends OptionSpec<T> {
  readonly kind: OptionKind;
  /** The values that it takes, for texts: `1 to 1,000`; empty where the kind says it all. */
  readonly range: string;
  /** The only words that it takes, where it is one of a few. */
  readonly words?: readonly string[] | undefined;
  /**
   * Turns the text of a variable or a flag into what a program would pass.
   * @throws {TqError} `invalid-option`
   */
  read(text: string, name: string): unknown;
  /**
   * Checks what a program passed or a file says.
   * @throws {TqError} `invalid-option`, beginning with `name`: expected, found, what to do
   */
  check(value: unknown, name: string): T;
  /** The value as a text that `read` understands. */
  print(value: T): string;
}

/** Which of its sources a value came from; a variable or a file has a name. */
export type OptionSource =
  | { readonly kind: 'given' }
  | { readonly kind: 'environment' | 'config'; readonly name: string }
  | { readonly kind: 'default' };

/** Options by their key; `tls.ca` is the key `ca` of the object `tls`. */
export type OptionTable = Readonly<Record<string, Option>>;

/** What the options of a table come to. */
export type OptionValues<Table extends OptionTable> = {
  readonly [K in keyof Table]: Table[K] extends Option<infer T> ? T : never;
};

/** Whether text can say it: in a variable, in a file, on a command line. */
export function isSettable({ kind }: Option): boolean {
  return kind !== 'program';
}
