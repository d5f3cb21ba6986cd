import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readApi } from '../../scripts/api-docs.js';

const OPTIONS = join(import.meta.dirname, '../../scripts/api-docs/typedoc.json');
const folder = mkdtempSync(join(tmpdir(), 'tq-api-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

it('fails on a public name without a comment, and names it', () => {
  write({
    'typedoc.json': JSON.stringify({ extends: [OPTIONS], entryPoints: ['index.ts'], tsconfig: 'tsconfig.json' }),
    'package.json': '{ "name": "@tq/core", "type": "module" }',
    'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "types": [] }, "files": ["index.ts"] }',
    'index.ts': '/** Says something. */\nexport const said = 1;\nexport const silent = 2;\n',
  });
  const { code, output } = readApi(undefined, join(folder, 'typedoc.json'));
  expect(output).toMatch(/silent \(Variable\).* does not have any documentation/);
  expect(output).not.toContain('said');
  expect(code).not.toBe(0);
});
