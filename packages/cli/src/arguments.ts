import { UsageError } from './usage.js';

/** What an option came to: a text, all texts of an option that may be given more than once, or a flag that is set. */
export type OptionValue = string | readonly string[] | true;

/** What followed a command's name, checked against its options. */
export class Arguments {
  readonly command: string;
  /** Words that are no options, in their order. */
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, OptionValue>>;

  constructor(command: string, positionals: readonly string[], values: Readonly<Record<string, OptionValue>>) {
    this.command = command;
    this.positionals = positionals;
    this.#values = values;
  }

  /** The value of an option that takes text; undefined when it was not given. */
  text(option: string): string | undefined {
    const value = this.#values[option];
    return typeof value === 'string' ? value : undefined;
  }

  /** The values of an option that may be given more than once; none when it was not given. */
  texts(option: string): readonly string[] {
    const value = this.#values[option];
    return Array.isArray(value) ? value : [];
  }

  flag(option: string): boolean {
    return this.#values[option] === true;
  }

  /**
   * The value of an option that takes a whole number; its range is checked by whoever uses it.
   * @throws {UsageError} when it is none
   */
  integer(option: string): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw new UsageError(`--${option}: expected a whole number, found '${text}'.`, this.command);
  }

  /** The options that were given, as words of a command line, without some of them. */
  words(without: readonly string[]): readonly string[] {
    const given = Object.entries(this.#values).filter(([option]) => !without.includes(option));
    return given.flatMap(([option, value]) =>
      value === true ? [`--${option}`] : [value].flat().map((text) => `--${option}=${text}`),
    );
  }
}
