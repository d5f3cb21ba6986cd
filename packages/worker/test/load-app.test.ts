import { createApp, defaultApp } from '@tq/core';
import { internalsOf } from '@tq/core/internal';
import { afterEach, describe, expect, it } from 'vitest';
import { createProject, type ProjectOptions } from '../../../test/support/project.js';
import { loadApp } from '../src/load-app.js';

const projects: Disposable[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project[Symbol.dispose]();
});

function project(files: ProjectOptions['files'], type?: ProjectOptions['type']): string {
  const made = createProject({ type, files });
  projects.push(made);
  return made.folder;
}

const appWithQueue = (queue: string, task: string) =>
  `createApp({ queue: '${queue}' }); ${task}.task('${task}', () => 1);`;
const esm = (text: string) => `import { createApp, defineTask } from '@tq/core';\n${text}\n`;

async function queueOfApp(spec: string | undefined, folder: string): Promise<string> {
  return internalsOf((await loadApp(spec, folder)).app).options.queue;
}

describe('loadApp', () => {
  it('takes the export that is named, else one named app, else the default export', async () => {
    const named = `export const app = ${appWithQueue('of-app', 'app')}
      export const other = ${appWithQueue('of-other', 'other')}`;
    const folder = project(
      {
        'named.ts': esm(named),
        'default.mjs': esm(`const d = ${appWithQueue('of-default', 'd')} export default d; export const app = 'none';`),
      },
      'module',
    );
    expect(await queueOfApp('named.ts', folder)).toBe('of-app');
    expect(await queueOfApp('named.ts#other', folder)).toBe('of-other');
    expect(await queueOfApp('default.mjs', folder)).toBe('of-default');
  });

  it('takes the default app of a file that exports none, and lists its tasks with their queues', async () => {
    const text = "defineTask('lone', () => 1); defineTask('mailed', () => 2, { queue: 'mail' });";
    const { app, file, tasks } = await loadApp('jobs.ts', project({ 'jobs.ts': esm(text) }));
    expect(app).toBe(defaultApp());
    expect(file).toMatch(/jobs\.ts$/);
    expect(tasks).toEqual(
      expect.arrayContaining([
        { name: 'lone', queue: 'tq' },
        { name: 'mailed', queue: 'mail' },
      ]),
    );
  });

  it('finds the app that a CommonJS file exports', async () => {
    const text = `const { createApp } = require('@tq/core');
      const made = createApp({ queue: 'of-cjs' }); made.task('of.cjs', () => 1);
      const rest = { jobs: made }; module.exports = { ...rest };`;
    expect(await queueOfApp('jobs.cjs#jobs', project({ 'jobs.cjs': text }))).toBe('of-cjs');
  });

  it('looks for tasks.* and then for src/tasks.* when no file is named', async () => {
    const app = (queue: string) => `export const app = createApp({ queue: '${queue}' }); app.task('found', () => 1);`;
    const both = project({ 'tasks.js': esm(app('outer')), 'src/tasks.ts': esm(app('inner')) }, 'module');
    expect(await queueOfApp(undefined, both)).toBe('outer');
    expect(await queueOfApp(undefined, project({ 'src/tasks.ts': esm(app('inner')) }))).toBe('inner');
  });

  it('says where it looked when there is no task file', async () => {
    await expect(loadApp(undefined, project({}))).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/^No task file: looked for tasks\.ts, .*, src\/tasks\.cjs in '.*--app FILE/),
    });
  });

  it('names the nearest file or export when there is none of that name', async () => {
    const folder = project({ 'tasks.ts': esm("export const app = createApp(); app.task('x', () => 1);") });
    await expect(loadApp('task.ts', folder)).rejects.toThrow("Did you mean 'tasks.ts'?");
    await expect(loadApp('tasks.ts#ap', folder)).rejects.toThrow("found no such export. Did you mean 'app'?");
    await expect(loadApp('tasks.ts#', folder)).rejects.toThrow("the name of an export after '#'");
    await expect(loadApp('.', folder)).rejects.toThrow('found something that is no file');
  });

  it('refuses a named export that is no app', async () => {
    const folder = project({ 'tasks.ts': esm("export const config = {}; defineTask('y', () => 1);") });
    await expect(loadApp('tasks.ts#config', folder)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining("expected the export 'config'"),
    });
  });

  it('tells the file and the cause when the file does not load', async () => {
    const folder = project({ 'tasks.ts': "throw new RangeError('too far');" });
    await expect(loadApp('tasks.ts', folder)).rejects.toMatchObject({
      code: 'task-load-failed',
      message: expect.stringMatching(/tasks\.ts' did not load: RangeError: too far/),
      cause: expect.objectContaining({ name: 'RangeError' }),
    });
  });

  it('recognises an app that another copy of the core package made', async () => {
    const app = createApp({ queue: 'of-copy' });
    app.task('of.copy', () => 1);
    Object.assign(globalThis, { foreignApp: app });
    expect(await queueOfApp('t.mjs', project({ 't.mjs': 'export const app = globalThis.foreignApp;' }))).toBe(
      'of-copy',
    );
  });
});
