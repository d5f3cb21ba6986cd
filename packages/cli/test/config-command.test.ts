/** Config files and `tq config`, as users have them: real projects, real processes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createProject, type ProjectOptions } from '../../../test/support/project.js';
import { runInside } from '../../../test/support/run-inside.js';

const projects: Disposable[] = [];
afterAll(() => {
  for (const project of projects) project[Symbol.dispose]();
});

function folderOf(files: ProjectOptions['files'], type?: ProjectOptions['type']): string {
  const project = createProject({ files, type });
  projects.push(project);
  return project.folder;
}

const TYPED = `import { defineConfig } from '@tq/core';
export default defineConfig({ prefix: 'file.', worker: { concurrency: 7, queues: { mail: 2 }, shutdownTimeout: '10s' } });`;
const COMMONJS = `module.exports = { prefix: 'file.', worker: { concurrency: 7, queues: 'mail=2', shutdownTimeout: 10_000 } };`;

describe('a config file', () => {
  it.each<[string, ProjectOptions['type'], string]>([
    ['tq.config.ts', 'module', TYPED],
    ['tq.config.ts', 'commonjs', TYPED],
    ['tq.config.ts', undefined, TYPED.replace(/defineConfig\((.*)\)/, 'defineConfig(async () => ($1))')],
    ['tq.config.mts', 'commonjs', TYPED],
    ['tq.config.js', 'module', TYPED],
    ['tq.config.js', 'commonjs', COMMONJS],
    [
      'tq.config.cjs',
      'module',
      COMMONJS.replace(/module.exports = (.*);/, '$&\nmodule.exports = Promise.resolve($1);'),
    ],
    ['tq.config.mjs', undefined, TYPED],
    [
      'tq.config.json',
      'module',
      '{"prefix":"file.","worker":{"concurrency":7,"queues":{"mail":2},"shutdownTimeout":"10s"}}',
    ],
  ])('named %s is read in a project of type %s', async (name, type, text) => {
    const { code, stdout, stderr } = await runInside(['config', '--json'], { cwd: folderOf({ [name]: text }, type) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { file, options } = JSON.parse(stdout);
    expect(file).toBe(name);
    expect(options.prefix).toEqual({ value: 'file.', source: name });
    expect(options['worker.concurrency']).toEqual({ value: 7, source: name });
    expect(options['worker.queues'].value).toEqual([{ name: 'mail', slots: 2 }]);
    expect(options['worker.shutdownTimeout'].value).toBe(10_000);
    expect(options['worker.pool']).toEqual({ value: 'thread', source: 'default' });
  });

  it('is found above, up to the folder of the nearest package.json and no further', async () => {
    const text = '{"prefix":"above."}';
    const folder = folderOf({ 'tq.config.json': text, 'a/b/x.txt': '', 'own/package.json': '{}', 'own/c/x.txt': '' });
    const prefix = async (cwd: string, ...args: string[]) =>
      (await runInside(['config', 'prefix', ...args], { cwd: join(folder, cwd) })).stdout;
    expect(await prefix('a/b')).toBe('above.\n');
    expect(await prefix('own/c')).toBe('\n');
    expect(await prefix('own/c', '--config', '../../tq.config.json')).toBe('above.\n');
  });

  it('is one that TQ_CONFIG names', async () => {
    const folder = folderOf({ 'other.json': '{"prefix":"other."}', 'tq.config.json': '{"prefix":"own."}' });
    const env = { TQ_CONFIG: 'other.json' };
    expect((await runInside(['config', 'prefix'], { cwd: folder, env })).stdout).toBe('other.\n');
    const missing = await runInside(['config'], { cwd: folder, env: { TQ_CONFIG: 'none.json' } });
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('TQ_CONFIG: expected a config file, found no such file');
  });

  it.each([
    ['{"prefx":"x"}', "tq.config.json: unknown option 'prefx'. Did you mean 'prefix'?"],
    ['{"worker":{"concurency":2}}', "tq.config.json: worker: unknown option 'concurency'. Did you mean 'concurrency'?"],
    ['{"tls":{"cafile":"x"}}', "tq.config.json: tls: unknown option 'cafile'."],
    ['{"worker":{"concurrency":"2"}}', 'tq.config.json: worker.concurrency: expected a whole number from 1 to 1000'],
    ['{"worker":{"shutdownTimeout":"10y"}}', 'tq.config.json: worker.shutdownTimeout: expected a duration such as'],
    ['{"preset":"selery"}', "preset: expected tq or celery, found 'selery'. Did you mean 'celery'?"],
    ['{"worker":3}', 'tq.config.json: worker: expected an object'],
    ['[]', 'tq.config.json: expected options as its default export'],
    [
      '{\n  "url": "amqp://ada:secret@host",\n  "prefix": x\n}',
      'tq.config.json:3:13: expected JSON, found a syntax error',
    ],
    ['{\n  "url": "amqp://ada:secret@host"', 'tq.config.json:2:34: expected JSON'],
    ['{"url":"amqp://ada:secret@host",}', 'tq.config.json:1:33: expected JSON'],
  ])('that says %j is refused with 2, and shows no password', async (text, message) => {
    const { code, stdout, stderr } = await runInside(['config'], { cwd: folderOf({ 'tq.config.json': text }) });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret');
  });

  it('that throws is named with the cause', async () => {
    const folder = folderOf({ 'tq.config.ts': "throw new RangeError('too far');" });
    const { code, stderr } = await runInside(['config'], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Config file '.*tq\.config\.ts' did not load: RangeError: too far/);
  });

  it('names the task file from its own folder', async () => {
    const tasks = `import { defineTask } from '@tq/core'; export const add = defineTask('add', (n: number): number => n);`;
    const folder = folderOf({ 'tq.config.json': '{"app":"lib/jobs.ts","queue":"jobs"}', 'lib/jobs.ts': tasks });
    mkdirSync(join(folder, 'deep'));
    const { stdout, stderr } = await runInside(['tasks'], { cwd: join(folder, 'deep') });
    expect({ stdout, stderr }).toEqual({ stdout: 'add  jobs\n', stderr: '' });
  });
});

describe('tq config', () => {
  it('prints each value with its source: a flag beats a variable, that the file, that the default', async () => {
    const cwd = folderOf({ 'tq.config.json': '{"worker":{"concurrency":2,"pool":"async","lostLimit":5}}' });
    const env = { TQ_CONCURRENCY: '3', TQ_POOL: 'process' };
    const { stdout } = await runInside(['config', '--concurrency', '4'], { cwd, env });
    expect(stdout).toMatch(/^config file: tq\.config\.json\n/);
    expect(stdout).toMatch(/worker\.concurrency +4 +--concurrency\n/);
    expect(stdout).toMatch(/worker\.pool +process +TQ_POOL\n/);
    expect(stdout).toMatch(/worker\.lostLimit +5 +tq\.config\.json\n/);
    expect(stdout).toMatch(/worker\.shutdownTimeout +25s +default\n/);
  });

  it.each([[['config']], [['config', '--json']], [['config', 'url']], [['config', 'password']]])(
    'shows no password: %j',
    async (args) => {
      const cwd = folderOf({ 'tq.config.json': '{"url":"amqps://ada:secret@host","tls":{"passphrase":"secret"}}' });
      const { code, stdout, stderr } = await runInside(args, {
        cwd,
        env: { TQ_PASSWORD: 'secret', TQ_MANAGEMENT_URL: 'http://ada:secret@host' },
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/amqps:\/\/ada@host|hidden/);
      expect(stdout).not.toContain('secret');
    },
  );

  it('prints one value, and names the nearest option where there is none such', async () => {
    const cwd = folderOf({});
    expect((await runInside(['config', 'resultTimeout'], { cwd })).stdout).toBe('1m\n');
    expect((await runInside(['config', 'resultTimeout', '--json'], { cwd })).stdout).toBe('60000\n');
    const { code, stderr } = await runInside(['config', 'worker.concurency'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("Unknown option 'worker.concurency'. Did you mean worker.concurrency?");
  });
});
