import { PassThrough } from 'node:stream';
import { TaskFailedError, TqError } from '@tq/core';
import { describe, expect, it } from 'vitest';
import { maskCredentials, Output } from '../src/output.js';

const terminalStream = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });

function createOutput({ json = false, terminal = false, env = {} as Record<string, string> } = {}) {
  const [stdout, stderr] = [terminalStream(terminal), terminalStream(terminal)];
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return {
    output: new Output({ stdout, stderr, env, json }),
    printed: () => ({ stdout: text(stdout), stderr: text(stderr) }),
  };
}

describe('output', () => {
  it('prints text bare and everything else whole, as JavaScript writes it', () => {
    const { output, printed } = createOutput();
    output.printValue('a\nb');
    output.printValue({ big: 2n, a: { b: { c: { d: [1] } } } });
    output.printValue(undefined);
    expect(printed().stdout).toBe('a\nb\n{\n  big: 2n,\n  a: {\n    b: { c: { d: [ 1 ] } }\n  }\n}\n');
  });

  it('makes room for data on a terminal too, and waits for a reader who is slower', async () => {
    const { output, printed } = createOutput({ terminal: true });
    output.live('one');
    output.print('data');
    expect(printed()).toEqual({ stdout: 'data\n', stderr: '\r\u001b[Kone\r\u001b[K' });
    const stdout = new PassThrough({ highWaterMark: 4 });
    const slow = new Output({ stdout, stderr: stdout, env: {}, json: false });
    await slow.printLine('a');
    let written = false;
    const writing = slow.printLine('too much').then(() => {
      written = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    expect(String(stdout.read())).toBe('a\ntoo much\n');
    await writing;
  });

  it('uses colours on a terminal only, and not with NO_COLOR', () => {
    const coloured = (options: Parameters<typeof createOutput>[0]) => {
      const { output, printed } = createOutput(options);
      output.printValue([1]);
      output.error(new Error('bad'));
      const { stdout, stderr } = printed();
      return [stdout, stderr].map((text) => text.includes('\u001b['));
    };
    expect(coloured({ terminal: true })).toEqual([true, true]);
    expect(coloured({ terminal: true, env: { NO_COLOR: '1' } })).toEqual([false, false]);
    expect(coloured({})).toEqual([false, false]);
  });

  it('shows where a task failed, without frames of tq and Node.js and without saying it twice', () => {
    const stack = [
      'TypeError: no good',
      '    at Object.readFileSync (node:fs:449:20)',
      '    at handler (/app/tasks.ts:3:7)',
      '    at runJob (/app/node_modules/@tq/worker/dist/pools/child-runner.js:1:1)',
      '    at AsyncLocalStorage.run (node:async_hooks:346:14)',
      '    at Channel.handleDelivery (/app/node_modules/amqplib/lib/channel.js:489:17)',
    ].join('\n');
    const remote = { name: 'TypeError', message: 'no good', stack, code: undefined, cause: undefined };
    const { output, printed } = createOutput();
    output.error(new TaskFailedError('id', remote));
    expect(printed().stderr).toBe('tq: TypeError: no good\n    at handler (/app/tasks.ts:3:7)\n');
  });

  it('writes errors as one line of JSON when asked for JSON', () => {
    const { output, printed } = createOutput({ json: true });
    output.error(new TqError('queue-missing', 'No queue at amqp://u:p@h.'), 'a hint');
    expect(JSON.parse(printed().stderr)).toEqual({
      error: { code: 'queue-missing', name: 'TqError', message: 'No queue at amqp://u:…@h.' },
    });
  });

  it('says the same note once', () => {
    const { output, printed } = createOutput();
    for (const text of ['one', 'one', 'two', 'one']) output.note(text);
    expect(printed().stderr).toBe('tq: one\ntq: two\ntq: one\n');
  });

  it('draws a live line over itself, makes room for what else is said, and shows it on a terminal only', () => {
    const { output, printed } = createOutput({ terminal: true });
    output.live('one');
    output.live('two'.repeat(100));
    output.block('said');
    output.note('noted');
    const wipe = '\r\u001b[K';
    expect(printed().stderr).toBe(`${wipe}one${wipe}${'two'.repeat(100).slice(0, 79)}${wipe}said\ntq: noted\n`);
    const elsewhere = createOutput();
    elsewhere.output.live('one');
    expect(elsewhere.printed().stderr).toBe('');
  });

  it.each([
    ['amqp://user:secret@host:5672/v', 'amqp://user:…@host:5672/v'],
    ['{"url":"amqps://user:se@cret@host"}', '{"url":"amqps://user:…@host"}'],
    ['a amqp://u:secret@h1/, amqp://:secret@h2 b', 'a amqp://u:…@h1/, amqp://:…@h2 b'],
    ['see https://example.com/a:b@c and amqp://user@host', 'see https://example.com/a:b@c and amqp://user@host'],
    ['no address: a@b', 'no address: a@b'],
  ])('masks the passwords in %j', (text, masked) => {
    expect(maskCredentials(text)).toBe(masked);
  });
});

describe('a state that is drawn again and again', () => {
  function draw(texts: readonly string[], { json = false, terminal = true, rows = 24 } = {}) {
    const stdout = Object.assign(new PassThrough(), { isTTY: terminal, columns: 10, rows });
    const output = new Output({ stdout, stderr: terminalStream(terminal), env: {}, json });
    for (const text of texts) {
      if (text.startsWith('note')) output.note(text);
      else output.redraw(text);
    }
    return String(stdout.read());
  }

  it('goes over itself on a terminal, cut to its width, so that the lines can be counted', () => {
    expect(draw(['one\ntwo', 'a line that is long'])).toBe('\u001b[Jone\ntwo\n\u001b[2A\u001b[Ja line tha\n');
  });

  it('leaves out what does not fit on the screen', () => {
    expect(draw(['1\n2\n3\n4\n5', '1'], { rows: 4 })).toBe('\u001b[J1\n2\n… 3 lines \n\u001b[3A\u001b[J1\n');
  });

  it('begins below what was said meanwhile', () => {
    expect(draw(['one', 'note', 'two'])).toBe('\u001b[Jone\n\u001b[Jtwo\n');
  });

  it('is a block each time elsewhere, and a line of JSON each time with --json', () => {
    expect(draw(['a\nb', 'c'], { terminal: false })).toBe('a\nb\n\nc\n');
    expect(draw(['[1]', '[2]'], { terminal: false, json: true })).toBe('[1]\n[2]\n');
    expect(draw(['[1]', '[2]'], { json: true })).toBe('[1]\n[2]\n');
  });
});
