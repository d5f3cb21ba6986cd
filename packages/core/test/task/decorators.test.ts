import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Task } from '@tq/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOOLS } from '../../../../scripts/run.js';

const run = promisify(execFile);
const CORE = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const JITI = join(
  dirname(createRequire(import.meta.resolve('@tq/worker/package.json')).resolve('jiti/package.json')),
  'lib/jiti-cli.mjs',
);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tq-decorators-'));
  mkdirSync(join(dir, 'node_modules/@tq'), { recursive: true });
  symlinkSync(CORE, join(dir, 'node_modules/@tq/core'));
  symlinkSync(join(CORE, '../../node_modules/@types'), join(dir, 'node_modules/@types'));
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  for (const name of ['class-tasks.ts', 'misplaced.ts']) {
    writeFileSync(join(dir, name), readFileSync(join(FIXTURES, name)));
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What makes JavaScript of the fixtures: gives the arguments of the node that runs one. */
const LOADERS: Record<string, (name: string) => Promise<string[]>> = {
  'legacy decorators (tsc)': (name) => compile(name, true),
  'standard decorators (tsc)': (name) => compile(name, false),
  jiti: async (name) => [JITI, join(dir, `${name}.ts`)],
};

async function compile(name: string, legacy: boolean): Promise<string[]> {
  const out = join(dir, legacy ? 'legacy' : 'standard');
  const options = ['--ignoreConfig', '--strict', '--types', 'node', '--module', 'nodenext', '--target', 'es2022'];
  const decorators = ['--experimentalDecorators', String(legacy)];
  await run(process.execPath, [TOOLS.tsc, ...options, ...decorators, '--outDir', out, `${name}.ts`], { cwd: dir });
  return [join(out, `${name}.js`)];
}

async function lines(args: readonly string[]): Promise<unknown[][]> {
  const { stdout } = await run(process.execPath, args, { cwd: dir });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown[]);
}

describe.each(Object.entries(LOADERS))('@Task() through %s', (_, load) => {
  let facts: Record<string, unknown>;
  beforeAll(async () => {
    facts = Object.fromEntries(await lines(await load('class-tasks')));
  });

  it('makes tasks of the decorated methods, named after class and method, bound to the instance', () => {
    expect(facts.names).toEqual(['Scaling.hidden', 'Scaling.scale', 'shared']);
    expect(facts.keys).toEqual(['scale', 'shared', 'hidden']);
    expect(facts.run).toBe(42);
  });

  it('leaves other methods alone: reading one throws its name', () => {
    const message = (name: string) => `'${name}' is no task; put @Task() on the method to make it one.`;
    expect(facts.undecorated).toEqual({ code: 'not-a-task', message: message('Scaling.helper') });
    expect(facts.field).toEqual({ code: 'not-a-task', message: message('Scaling.onField') });
    expect(facts['undecorated override']).toEqual({ code: 'not-a-task', message: message('Tripling.hidden') });
  });

  it('refuses a class without a task, and one without a name that its tasks need', () => {
    expect(facts['plain class']).toMatchObject({ code: 'not-a-task', message: expect.stringContaining("'Plain'") });
    expect(facts.nameless).toMatchObject({ code: 'not-a-task', message: expect.stringContaining("method 'work'") });
  });

  it('refuses a name that is taken', () => {
    expect(facts.again).toMatchObject({ code: 'duplicate-task', message: expect.stringContaining("'Scaling.scale'") });
    expect(facts.both).toMatchObject({ code: 'duplicate-task', message: expect.stringContaining("'shared'") });
  });

  it('refuses an option that nobody reads', () => {
    expect(facts['bad option']).toMatchObject({
      code: 'unknown-option',
      message: expect.stringContaining("Did you mean 'queue'?"),
    });
  });

  it('inherits the tasks of base classes, and an override replaces what it overrides', () => {
    expect(facts['derived names']).toEqual(['Tripling.later', 'Tripling.scale', 'shared']);
    expect(facts.inherited).toBe(6);
    expect(facts.override).toEqual([
      'shared',
      { queue: 'math', priority: 4, headers: { team: 'blue' }, ignoreResult: true },
      'derived of base',
    ]);
  });

  it('takes an instance, with the state that it has when the task runs', () => {
    expect(facts.instance).toEqual(['Scaling.scale', 20]);
    expect(facts['same instance']).toBe(22);
  });

  it('keeps what it was told as metadata of the method function', () => {
    const { queue, priority, headers, ignoreResult } = {
      queue: 'math',
      priority: 4,
      headers: { team: 'blue' },
      ignoreResult: true,
    };
    expect(facts.metadata).toEqual([
      {},
      { name: 'shared', queue: 'base' },
      { name: 'shared', queue, priority, headers, ignoreResult },
      null,
    ]);
  });

  it('refuses whatever is no public method of an instance', async () => {
    const refusals = await lines(await load('misplaced'));
    const aMethod = ['not-a-task', '@Task() goes on a method; accessors, fields and classes cannot be tasks.'];
    expect(refusals).toEqual([
      ['class', ...aMethod],
      ['field', ...aMethod],
      ['accessor', ...aMethod],
      ['static', 'not-a-task', expect.stringContaining("'work' is static, private or a symbol")],
      ['no parentheses', 'not-a-task', expect.stringContaining('Expected @Task() with parentheses')],
    ]);
  });
});

it('refuses a method under a symbol in either form, and a private one', () => {
  const method = () => undefined;
  const apply = Task() as (target: unknown, key: unknown, descriptor?: PropertyDescriptor) => void;
  const context = { kind: 'method', static: false, private: false, name: 'work' };
  const refused = (name: string) =>
    expect.objectContaining({ code: 'not-a-task', message: expect.stringContaining(`'${name}' is static, private`) });
  apply(method, context);
  const symbol = Symbol('work');
  expect(() => apply({}, symbol, { value: method })).toThrow(refused('Symbol(work)'));
  expect(() => apply(method, { ...context, name: symbol })).toThrow(refused('Symbol(work)'));
  expect(() => apply(method, { ...context, name: '#work', private: true })).toThrow(refused('#work'));
});

describe('reflect-metadata', () => {
  it('is loaded with the first @Task(), not with @tq/core', async () => {
    const program = `
      import { Task } from '@tq/core';
      const before = typeof Reflect.defineMetadata;
      class Work { run() {} }
      Task()(Work.prototype, 'run', Object.getOwnPropertyDescriptor(Work.prototype, 'run'));
      console.log(JSON.stringify([before, typeof Reflect.defineMetadata]));`;
    expect(await lines(['--input-type=module', '--eval', program])).toEqual([['undefined', 'function']]);
  });
});
