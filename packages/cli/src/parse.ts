import yargs, { type Argv } from 'yargs';
import { Arguments, type OptionValue } from './arguments.js';
import type { Chosen, Command, CommandEntry, OptionSpec } from './command.js';
import { EXIT_CODES_TEXT } from './exit-codes.js';
import { formatRows } from './rows.js';
import { suggest, UsageError } from './usage.js';

/** What the words on the command line come to. */
export type Parsed =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'run'; readonly arguments: Arguments };

type RawValues = Readonly<Record<string, unknown>> & { readonly _: readonly (string | number)[] };

const WIDTH = 100;
const GLOBAL = ['help', 'version'];

/**
 * Reads the command line with yargs. Only the chosen command brings its options; the others are listed.
 * @throws {UsageError} with the nearest known word where there is one
 */
export async function parse(
  words: readonly string[],
  { entries, chosen, version }: { entries: readonly CommandEntry[]; chosen: Chosen | undefined; version: string },
): Promise<Parsed> {
  const parser = createParser(version);
  if (chosen === undefined) describeAll(parser, entries);
  else describeOne(parser, chosen);
  const { values, text } = runParser(parser, words);
  if (text !== '') return { kind: 'print', text };
  const plain = values._.map(String);
  if (chosen === undefined) throw await unknownCommand(plain[0], words[0], entries);
  const positionals = plain.slice(chosen.entry.name.split(' ').length);
  return { kind: 'run', arguments: await checkOne(chosen, positionals, values) };
}

function createParser(version: string): Argv {
  return (
    yargs()
      .scriptName('tq')
      .detectLocale(false)
      .updateStrings({ string: 'value', boolean: 'flag' })
      .version(version)
      .help()
      .exitProcess(false)
      .wrap(Math.min(process.stdout.columns ?? WIDTH, WIDTH))
      // Words stay text, so that JSON arguments arrive as they were typed.
      .parserConfiguration({
        'parse-numbers': false,
        'parse-positional-numbers': false,
        'dot-notation': false,
        'camel-case-expansion': false,
        'boolean-negation': false,
      })
  );
}

function describeAll(parser: Argv, entries: readonly CommandEntry[]): void {
  parser.usage('Usage: $0 COMMAND [OPTIONS]\n\nA distributed task queue on RabbitMQ, or on a broker of its own.');
  for (const { usage, summary } of entries) parser.command(usage, summary);
  parser.example([
    ['$0 worker --concurrency 4', 'Run the tasks of tasks.ts in four threads'],
    ['$0 call fib 30', 'Call a task and print its result'],
    ['$0 broker', 'Run a broker where there is no RabbitMQ'],
    ['$0 tasks --json', 'List the tasks of tasks.ts as JSON'],
  ]);
  const env =
    'The broker comes from TQ_URL (default amqp://guest:guest@127.0.0.1:5672), other options of the app from TQ_* variables.';
  parser.epilogue(`Run 'tq COMMAND --help' for the options of a command.\n\n${env}\n\n${EXIT_CODES_TEXT}`);
}

function describeOne(parser: Argv, { entry, command }: Chosen): void {
  const verbs = entry.verbs?.map(({ usage, summary }) => [`tq ${usage}`, summary] as const);
  const list = verbs === undefined ? '' : `\n\n${formatRows('Commands:', verbs)}`;
  parser.usage(`Usage: $0 ${entry.usage} [OPTIONS]\n\n${entry.summary}.\n\n${command.details}${list}`);
  for (const [name, { kind, describe, choices }] of Object.entries(command.options)) {
    const type = kind === 'text' ? 'string' : 'boolean';
    parser.option(name, { type, describe, ...(choices === undefined ? {} : { choices }) });
  }
  parser.example(command.examples.map(([line, what]) => [`$0 ${line}`, what]));
  parser.epilogue(EXIT_CODES_TEXT);
}

/** With a callback, yargs prints nothing, ends nothing and gives what it would have printed. */
function runParser(parser: Argv, words: readonly string[]): { readonly values: RawValues; readonly text: string } {
  let text = '';
  const values = parser.parse([...words], {}, (_error: unknown, _values: unknown, output: string) => {
    text = output;
  }) as RawValues;
  // What yargs finds wrong is a value outside of the choices, which `checkOne` says better; its text is for help only.
  return { values, text: values.help === true || values.version === true ? text : '' };
}

async function unknownCommand(
  name: string | undefined,
  first: string | undefined,
  entries: readonly CommandEntry[],
): Promise<UsageError> {
  const names = entries.map((entry) => entry.name);
  if (name === undefined && first?.startsWith('-')) {
    return new UsageError(`Unknown option ${first}. ${await suggest(first, GLOBAL.map(dashed))}`);
  }
  if (first?.startsWith('-')) return new UsageError(`Expected a command before ${first}: ${names.join(', ')}.`);
  if (name === undefined) return new UsageError(`Expected a command: ${names.join(', ')}.`);
  return new UsageError(`Unknown command '${name}'. ${await suggest(name, names)}`);
}

async function unknownVerb(
  name: string,
  found: string | undefined,
  entries: readonly CommandEntry[],
): Promise<UsageError> {
  const verbs = entries.map((entry) => entry.name.slice(name.length + 1));
  if (found === undefined) return new UsageError(`Expected a word after ${name}: ${verbs.join(', ')}.`, name);
  return new UsageError(`Unknown command '${name} ${found}'. ${await suggest(found, verbs)}`, name);
}

async function checkOne({ entry, command }: Chosen, words: readonly string[], values: RawValues): Promise<Arguments> {
  if (entry.verbs !== undefined) throw await unknownVerb(entry.name, words[0], entry.verbs);
  const checked: Record<string, OptionValue> = {};
  for (const [option, value] of Object.entries(values)) {
    if (option === '_' || option === '$0' || GLOBAL.includes(option)) continue;
    const spec = Object.hasOwn(command.options, option) ? command.options[option] : undefined;
    if (spec === undefined) throw await unknownOption(option, entry, command);
    const known = await checkValue(option, value, spec, entry.name);
    if (known !== undefined) checked[option] = known;
  }
  checkCount(words, entry, command);
  return new Arguments(entry.name, words, checked);
}

async function unknownOption(option: string, entry: CommandEntry, command: Command): Promise<UsageError> {
  const known = [...Object.keys(command.options), ...GLOBAL].map(dashed);
  const hint = await suggest(dashed(option), known);
  const dashes =
    command.positionals.max > 0 && option.length === 1 ? " A word that begins with '-' goes after '--'." : '';
  return new UsageError(`Unknown option ${dashed(option)}. ${hint}${dashes}`, entry.name);
}

async function checkValue(
  option: string,
  value: unknown,
  { kind, choices, many }: OptionSpec,
  command: string,
): Promise<OptionValue | undefined> {
  const fail = (text: string) => new UsageError(`${dashed(option)}: ${text}`, command);
  if (Array.isArray(value) && !many) throw fail('given more than once.');
  if (kind === 'flag') return value === true ? true : undefined;
  const texts: readonly unknown[] = [value].flat();
  for (const text of texts) {
    if (typeof text !== 'string' || text === '') throw fail('expected a value, found none.');
    if (choices !== undefined && !choices.includes(text)) {
      throw fail(`expected ${choices.join(' or ')}, found '${text}'. ${await suggest(text, choices)}`);
    }
  }
  return many ? (texts as string[]) : (texts[0] as string);
}

function checkCount(words: readonly string[], { name, usage }: CommandEntry, { positionals }: Command): void {
  if (words.length < positionals.min) throw new UsageError(`Expected tq ${usage}, found nothing after ${name}.`, name);
  const extra = words[positionals.max];
  if (extra !== undefined) throw new UsageError(`Expected tq ${usage}, found '${extra}' as well.`, name);
}

function dashed(option: string): string {
  return option.length === 1 ? `-${option}` : `--${option}`;
}
