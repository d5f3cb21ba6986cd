import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EditorError, editorOf, editText } from '../../src/dead/editor.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tq-editors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An editor that is this script, with the file as its last argument. */
function editor(name: string, script: string): string {
  const path = join(folder, `${name}.cjs`);
  writeFileSync(path, `const fs = require('node:fs'); const file = process.argv.at(-1);\n${script}`);
  return `'${process.execPath}' '${path}'`;
}

it('takes $VISUAL before $EDITOR, and says what to set where there is none', () => {
  expect(editorOf({ VISUAL: 'code --wait', EDITOR: 'vi' }, 'dead retry')).toBe('code --wait');
  expect(editorOf({ VISUAL: ' ', EDITOR: 'vi' }, 'dead retry')).toBe('vi');
  expect(() => editorOf({}, 'dead retry')).toThrow(expect.objectContaining({ code: 'usage', command: 'dead retry' }));
});

describe('an edit', () => {
  it('gives the text that the editor has left, of a file that nobody else can read and that is gone afterwards', async () => {
    const report = join(folder, 'report.json');
    const script = `
      const mode = (path) => (fs.statSync(path).mode & 0o777).toString(8);
      const facts = { file, mode: mode(file), folder: mode(require('node:path').dirname(file)), words: process.argv.slice(2, -1) };
      fs.writeFileSync(${JSON.stringify(report)}, JSON.stringify(facts));
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').toUpperCase());`;
    expect(await editText('one', 'fib.json', `${editor('upper', script)} --wait`)).toBe('ONE');
    const facts = (await import(report, { with: { type: 'json' } })).default;
    expect(facts).toMatchObject({
      mode: '600',
      folder: '700',
      words: ['--wait'],
      file: expect.stringMatching(/\/fib\.json$/),
    });
    expect(existsSync(facts.file)).toBe(false);
  });

  it.each([
    ['an exit code', () => editor('quit', 'process.exit(3)'), 'exit code 3'],
    ['a signal', () => `exec ${editor('killed', "process.kill(process.pid, 'SIGKILL')")}`, 'SIGKILL'],
    ['no program', () => join(folder, 'nowhere'), 'exit code 127'],
  ])('fails when the editor ends with %s', async (_, command, end) => {
    const edit = editText('one', 'fib.json', command());
    await expect(edit).rejects.toThrow(EditorError);
    await expect(edit).rejects.toThrow(`ended with ${end}, expected 0`);
  });
});
