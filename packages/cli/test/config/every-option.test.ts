import { APP_OPTIONS, type Option, readText, resolveTable } from '@tq/core/internal';
import { WORKER_OPTIONS } from '@tq/worker/internal';
import { describe, expect, it } from 'vitest';
import { TQ_OPTIONS } from '../../src/config/options.js';

const OPTIONS: readonly (readonly [key: string, option: Option])[] = [
  ...Object.entries<Option>(APP_OPTIONS),
  ...Object.entries<Option>(WORKER_OPTIONS),
  ...Object.entries<Option>(TQ_OPTIONS),
];

/** Two texts that a variable may hold, by kind; a table or an object of a program has none. */
const TEXTS: Readonly<Record<Option['kind'], readonly [string, string] | undefined>> = {
  text: ['one', 'two'],
  integer: ['5', '6'],
  duration: ['1s', '2s'],
  bytes: ['64mb', '65mb'],
  words: undefined,
  list: ['amqp://a', 'amqp://b'],
  flag: ['1', '0'],
  queues: ['mail', 'math=2'],
  record: undefined,
  program: undefined,
};

const settable = OPTIONS.flatMap(([key, option]) => {
  const texts = option.words ?? TEXTS[option.kind];
  return texts === undefined ? [] : [{ key, option, one: String(texts[0]), other: String(texts[1]) }];
});

function nested(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Record<string, unknown>;
}

describe.each(settable)('the option $key', ({ key, option, one, other }) => {
  const env = { [String(option.env)]: one };
  const checked = (text: string) => readText(option, text, key).value;
  const configOf = (text: string) => ({ file: 'tq.config.ts', path: '', values: nested(key, option.read(text, key)) });
  const resolve = (given: object, variables: NodeJS.ProcessEnv, config?: ReturnType<typeof configOf>) => {
    const { values, sources } = resolveTable({ [key]: option }, { given, where: 'test', env: variables, config });
    return { value: values[key], source: sources[key] };
  };

  it('has a variable', () => {
    expect(option.env).toMatch(/^TQ_[A-Z_]+$/);
  });

  it('is what the program says, else the variable, else the config file', () => {
    const given = nested(key, option.read(other, key));
    expect(resolve(given, env, configOf(one))).toEqual({ value: checked(other), source: { kind: 'given' } });
    const variable = { kind: 'environment', name: option.env };
    expect(resolve({}, env, configOf(other))).toEqual({ value: checked(one), source: variable });
    const file = { kind: 'config', name: 'tq.config.ts' };
    expect(resolve({}, {}, configOf(other))).toEqual({ value: checked(other), source: file });
  });

  it('is printed as a text that reads as the same value', () => {
    const printed = option.print(checked(other));
    expect(checked(printed)).toEqual(checked(other));
  });
});

it('every option can be set by a variable, but for tables and objects of programs', () => {
  const without = OPTIONS.filter(([, { env }]) => env === undefined).map(([key]) => key);
  expect(without).toEqual(['queues', 'exchanges', 'logger', 'tasks', 'logger']);
});

it.each(['env', 'flag'] as const)('no two options share a name (%s)', (what) => {
  const names = OPTIONS.flatMap(([, option]) => option[what] ?? []);
  expect(new Set(names).size).toBe(names.length);
});
