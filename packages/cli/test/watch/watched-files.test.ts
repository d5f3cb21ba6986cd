import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createProject } from '../../../../test/support/project.js';
import { projectFolder, watchedFolders } from '../../src/watch/project-folder.js';
import { isIgnored } from '../../src/watch/watch-files.js';

const FOLDERS = ['/home/ada/.work/project'];
const file = { isFile: () => true };
const folder = { isFile: () => false };
const at = (path: string) => `/home/ada/.work/project/${path}`;

describe('watched files', () => {
  it.each(['tasks.ts', 'src/deep/a.mts', 'a.cjs', 'data.json', 'view.tsx'])('%s is one', (path) => {
    expect(isIgnored(at(path), file, FOLDERS, undefined)).toBe(false);
  });

  it.each(['README.md', 'src/.hidden.ts', 'tasks.ts~', 'photo.png'])('%s is none', (path) => {
    expect(isIgnored(at(path), file, FOLDERS, undefined)).toBe(true);
  });

  it.each(['node_modules', 'src/node_modules', '.git', '.tq', 'dist', 'coverage'])('%s is not looked into', (path) => {
    expect(isIgnored(at(path), folder, FOLDERS, undefined)).toBe(true);
    expect(isIgnored(at(path), undefined, FOLDERS, undefined)).toBe(true);
  });

  it('are looked for in dist when the task file is there', () => {
    expect(isIgnored(at('dist'), folder, FOLDERS, at('dist/lib/tasks.js'))).toBe(false);
    expect(isIgnored(at('build'), folder, FOLDERS, at('dist/lib/tasks.js'))).toBe(true);
  });
});

describe('watched folders', () => {
  let done: () => void = () => undefined;
  afterEach(() => done());

  it('are that of the project, and that of a task file in another one', () => {
    const [one, other] = [createProject({ files: { 'src/a/b.ts': '' } }), createProject({ files: { 'jobs.ts': '' } })];
    done = () => {
      for (const project of [one, other]) project[Symbol.dispose]();
    };
    const inside = join(one.folder, 'src', 'a');
    expect(watchedFolders(inside, undefined)).toEqual([one.folder]);
    expect(watchedFolders(inside, 'b.ts#app')).toEqual([one.folder]);
    expect(watchedFolders(inside, join(other.folder, 'jobs.ts'))).toEqual([one.folder, other.folder]);
  });

  it('without a package.json are the folder itself', () => {
    const bare = realpathSync(mkdtempSync(join(tmpdir(), 'tq-bare-')));
    done = () => rmSync(bare, { recursive: true });
    expect(projectFolder(bare)).toBe(bare);
  });
});
