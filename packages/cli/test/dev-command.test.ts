/** `tq dev`: a broker and a worker in one process group. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, HOST } from '../../../scripts/ports.js';
import { createProject, type Project } from '../../../test/support/project.js';
import { runTq, startTq, type TqProcess } from '../../../test/support/tq-process.js';

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project[Symbol.dispose]();
});

const task = (version: string) =>
  `import { defineTask } from '@tq/core'; export const tell = defineTask('tell', async () => '${version}');`;

function createFolder(): string {
  const project = createProject({ type: 'module', files: { 'src/tasks.mjs': task('one'), 'src/lib/notes.txt': '' } });
  projects.push(project);
  return project.folder;
}

/** Calls `tell` on the broker that the log names. */
async function tell(dev: TqProcess): Promise<string> {
  const { url } = JSON.parse(await dev.line(/"name":"broker".*ready/)) as { url: string };
  const { stdout, stderr } = await runTq(['call', 'tell'], { env: { TQ_URL: url } });
  return stdout + stderr;
}

const POOL = ['--pool', 'async'];

describe('tq dev', () => {
  it('runs broker and worker, reloads, and at Ctrl-C ends the worker first, then the broker, with 0', async () => {
    const cwd = createFolder();
    await using dev = startTq(['dev', '--memory', '--port', '0', ...POOL], { cwd, leadsGroup: true });
    await dev.line(/ready: consuming/);
    expect(await tell(dev)).toBe('one\n');
    writeFileSync(join(cwd, 'src/tasks.mjs'), task('two'));
    await dev.line(/reloaded/);
    expect(await tell(dev)).toBe('two\n');
    dev.interruptGroup();
    const { code, stdout, stderr } = await dev.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const ends = stderr.split('\n').filter((line) => line.includes('"msg":"stopped"'));
    expect(ends.at(-1)).toContain('"name":"broker"');
    expect(ends.at(-2)).not.toContain('"name"');
    expect(existsSync(join(cwd, '.tq'))).toBe(false);
  });

  it('keeps the data in .tq/broker of the project, wherever in it it is started', async () => {
    const cwd = createFolder();
    const args = ['dev', '--port', '0', '--app', '../tasks.mjs', ...POOL];
    await using dev = startTq(args, { cwd: join(cwd, 'src/lib') });
    await dev.line(/ready: consuming/);
    expect(JSON.parse(await dev.line(/"name":"broker".*ready/)).data).toBe(join(cwd, '.tq', 'broker'));
    dev.kill('SIGTERM');
    expect((await dev.ended).code).toBe(0);
    expect(existsSync(join(cwd, '.tq', 'broker'))).toBe(true);
    expect(existsSync(join(cwd, 'src/lib/.tq'))).toBe(false);
  });

  it('uses a broker that answers on the port, and leaves it running', async () => {
    const port = String(await freePort());
    await using broker = startTq(['broker', '--memory', '--port', port]);
    await broker.line(/ready/);
    await using dev = startTq(['dev', '--port', port, ...POOL], { cwd: createFolder() });
    await dev.line(new RegExp(`uses the broker that answers on port ${port} already`));
    await dev.line(/ready: consuming/);
    dev.kill('SIGINT');
    expect((await dev.ended).code).toBe(0);
    expect(broker.process.exitCode).toBeNull();
  });

  it('uses the broker of TQ_URL without showing its password', async () => {
    const port = String(await freePort());
    await using broker = startTq(['broker', '--memory', '--port', port, '--user', 'ada:secret']);
    await broker.line(/ready/);
    const env = { TQ_URL: `amqp://ada:secret@${HOST}:${port}` };
    await using dev = startTq(['dev', ...POOL], { cwd: createFolder(), env });
    await dev.line(/uses the broker of TQ_URL and starts none/);
    await dev.line(/ready: consuming/);
    dev.kill('SIGINT');
    const { code, stderr } = await dev.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain('secret');
  });

  it('ends with 1 and says what to do when something that is no broker has the port', async () => {
    const port = await freePort();
    const server = createServer((socket) => socket.on('error', () => undefined).end('hello')).listen(port, HOST);
    const { code, stderr } = await runTq(['dev', '--memory', '--port', String(port)], { cwd: createFolder() });
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} is in use`);
    expect(stderr).toContain(`tq dev --port ${port + 1}`);
  });

  it('takes every option of tq worker but the health port, and ends with 2 and without a broker when one is wrong', async () => {
    const cwd = createFolder();
    const [dev, worker] = await Promise.all([runTq(['dev', '--help']), runTq(['worker', '--help'])]);
    const options = (text: string) => text.match(/^ +--[a-z-]+/gm)?.map((option) => option.trim()) ?? [];
    const expected = options(worker.stdout).filter((option) => !/^--(watch|health)/.test(option));
    expect(options(dev.stdout)).toEqual(expect.arrayContaining([...expected, '--port', '--memory']));
    const wrong = await runTq(['dev', '--memory', '--port', '0', '--queues', 'a=x'], { cwd });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("--queues: expected a number of slots after 'a=', found 'x'.");
    expect(wrong.stderr).toMatch(/"name":"broker","msg":"stopped"/);
  });
});
