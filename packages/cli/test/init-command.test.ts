/** `tq init`: what it writes, and what it refuses. `test/packages` installs and runs it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInside } from '../../../test/support/run-inside.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tq-init-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const FILES = ['.gitignore', 'README.md', 'package.json', 'src/call.ts', 'src/tasks.ts', 'tsconfig.json'];
const read = (path: string) => readFileSync(join(cwd, path), 'utf8');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

describe('tq init', () => {
  it('writes a project into a new folder, named after it, and says how to go on', async () => {
    const { code, stdout, stderr } = await runInside(['init', 'sub/My Tasks'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(filesBelow(join(cwd, 'sub/My Tasks'))).toEqual(FILES);
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(JSON.parse(read('sub/My Tasks/package.json'))).toMatchObject({
      name: 'my-tasks',
      dependencies: { '@tq/cli': version, '@tq/core': version },
    });
    for (const step of ["cd 'sub/My Tasks'", 'npm install', 'npm run dev', 'npm start']) expect(stdout).toContain(step);
  });

  it('speaks as the package manager that runs it, in its README too', async () => {
    const env = { npm_config_user_agent: 'pnpm/10.0.0 npm/? node/v22.0.0 linux x64' };
    const { stdout } = await runInside(['init', '--json'], { cwd, env });
    expect(JSON.parse(stdout)).toMatchObject({ folder: cwd, packageManager: 'pnpm' });
    expect(read('README.md')).toContain('pnpm dev --port 5673');
    expect(read('README.md')).not.toMatch(/\bnp[mx] /);
  });

  it('refuses to overwrite, lists what is in the way, and writes nothing then', async () => {
    mkdirSync(join(cwd, 'src'));
    writeFileSync(join(cwd, 'package.json'), 'mine');
    writeFileSync(join(cwd, 'src/tasks.ts'), 'mine');
    const refused = await runInside(['init'], { cwd });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`in the way in '${cwd}', found package.json, src/tasks.ts: choose another folder`);
    expect(existsSync(join(cwd, 'README.md'))).toBe(false);
    expect((await runInside(['init', '--force'], { cwd })).code).toBe(0);
    expect(filesBelow(cwd)).toEqual(FILES);
    expect(read('src/tasks.ts')).toContain('defineTask');
  });

  it('never writes over what is no file, and says so when the folder is one', async () => {
    mkdirSync(join(cwd, 'README.md'));
    const blocked = await runInside(['init', '--force'], { cwd });
    expect(blocked).toMatchObject({ code: 1, stderr: expect.stringContaining('found README.md: move it away') });
    writeFileSync(join(cwd, 'file'), '');
    const misplaced = await runInside(['init', 'file'], { cwd });
    expect(misplaced).toMatchObject({ code: 1, stderr: expect.stringContaining("Expected to write '") });
  });
});
