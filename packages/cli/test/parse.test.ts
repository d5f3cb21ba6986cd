import { describe, expect, it } from 'vitest';
import type { Arguments } from '../src/arguments.js';
import type { Chosen, Command } from '../src/command.js';
import { parse } from '../src/parse.js';

const command: Command = {
  details: 'Details.',
  options: {
    queue: { kind: 'text', describe: 'A queue' },
    pool: { kind: 'text', choices: ['thread', 'async'], describe: 'A pool' },
    slots: { kind: 'text', describe: 'A number' },
    tag: { kind: 'text', many: true, describe: 'Some tags' },
    'no-wait': { kind: 'flag', describe: 'A flag' },
  },
  examples: [['call fib 30', 'An example']],
  positionals: { min: 1, max: 10 },
  run: async () => 0,
};
const entry = { name: 'call', usage: 'call NAME', summary: 'Call', load: async () => command };
const chosen: Chosen = { entry, command };

async function read(...words: string[]): Promise<Arguments> {
  const parsed = await parse(['call', ...words], { entries: [entry], chosen, version: '1.2.3' });
  if (parsed.kind !== 'run') throw new Error(`expected words to run, found text:\n${parsed.text}`);
  return parsed.arguments;
}

describe('parse', () => {
  it.each([
    ['text', ['"a b"', "'q'", '', 'true', 'null', '__proto__']],
    ['numbers', ['30', '-5', '-0.5', '12345678901234567890', '1e3', '0x10']],
    ['structures', ['[1,2]', '{"a":{"b":1}}']],
  ])('leaves %s as they were typed', async (_, words) => {
    expect((await read('f', ...words)).positionals).toEqual(['f', ...words]);
  });

  it('takes what follows -- as words', async () => {
    const args = await read('f', '--queue', 'mail', '--', '-x', '--no-wait');
    expect(args.positionals).toEqual(['f', '-x', '--no-wait']);
    expect(args.flag('no-wait')).toBe(false);
  });

  it('reads options before, between and after words', async () => {
    const args = await read('--queue=007', 'f', '--no-wait', '1', '--slots', '-3');
    expect(args.positionals).toEqual(['f', '1']);
    expect([args.text('queue'), args.flag('no-wait'), args.integer('slots')]).toEqual(['007', true, -3]);
    expect(args.text('pool')).toBeUndefined();
  });

  it('collects the values of an option that may be given more than once', async () => {
    expect((await read('f', '--tag', 'a:1', '--tag=b')).texts('tag')).toEqual(['a:1', 'b']);
    expect((await read('f', '--tag', 'a')).texts('tag')).toEqual(['a']);
    expect((await read('f')).texts('tag')).toEqual([]);
    await expect(read('f', '--tag', 'a', '--tag')).rejects.toMatchObject({ code: 'usage' });
  });

  it.each([
    [['f', '--quue', 'a'], 'Unknown option --quue. Did you mean --queue?'],
    [['f', '--nowait'], 'Unknown option --nowait. Did you mean --no-wait?'],
    [['f', '-x'], "A word that begins with '-' goes after '--'."],
    [['f', '--pool', 'thred'], "expected thread or async, found 'thred'. Did you mean thread?"],
    [['f', '--queue'], '--queue: expected a value, found none.'],
    [['f', '--queue', 'a', '--queue', 'b'], '--queue: given more than once.'],
    [[], 'Expected tq call NAME, found nothing after call.'],
    [Array(11).fill('w'), "found 'w' as well"],
  ])('refuses %j and says why', async (words, text) => {
    await expect(read(...words)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(text) });
  });

  it.each(['3x', '1.5', '', '99999999999999999999'])('refuses %j as a whole number', async (text) => {
    await expect(read('f', `--slots=${text}`).then((args) => args.integer('slots'))).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it.each([
    [['wrker'], "Unknown command 'wrker'. Known are call."],
    [['cal'], "Unknown command 'cal'. Did you mean call?"],
    [['--queue', 'a', 'call'], 'Expected a command before --queue: call.'],
    [[], 'Expected a command: call.'],
  ])('refuses the command line %j', async (words, text) => {
    const parsed = parse(words, { entries: [entry], chosen: undefined, version: '1.2.3' });
    await expect(parsed).rejects.toMatchObject({ code: 'usage', message: text });
  });

  it('gives help with the options, the examples and the exit codes of the command', async () => {
    const help = await parse(['call', '--help'], { entries: [entry], chosen, version: '1.2.3' });
    if (help.kind !== 'print') throw new Error('expected text');
    for (const text of ['--queue', 'tq call fib 30', 'An example', 'Exit codes:', '"thread", "async"']) {
      expect(help.text).toContain(text);
    }
  });
});
