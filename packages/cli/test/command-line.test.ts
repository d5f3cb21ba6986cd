/** The command line without a broker: what it says, and what it ends with. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProject, type Project } from '../../../test/support/project.js';
import { runInside } from '../../../test/support/run-inside.js';
import { runTq } from '../../../test/support/tq-process.js';

let project: Project;
let empty: Project;
beforeAll(() => {
  empty = createProject({ files: {} });
  project = createProject({
    type: 'module',
    files: {
      'tasks.ts': `import { defineTask } from '@tq/core';
        export const fib = defineTask('fib', (n: number): number => (n < 2 ? n : fib.run(n - 1) + fib.run(n - 2)));
        export const send = defineTask('mail.send', (to: string): string => to, { queue: 'mail' });
        setInterval(() => {}, 1_000);`,
      'broken.ts': "export const x = 1;\nthrow new RangeError('too far: amqp://ada:secret@host');",
      'syntax.ts': 'export const x = ;',
      'bare.ts': 'export const x = 1;',
    },
  });
});
afterAll(() => {
  for (const one of [project, empty]) one[Symbol.dispose]();
});

const tq = (...args: string[]) => runTq(args, { cwd: project.folder });
// A command that closes the default app leaves no task of it to the next one in this process.
const inside = (...args: string[]) => runInside(args, { cwd: args[0] === 'tasks' ? project.folder : empty.folder });

describe('tq', () => {
  it('prints its version without loading yargs, the worker or amqplib', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tq-coverage-'));
    const end = await runTq(['--version'], { env: { NODE_V8_COVERAGE: folder } });
    const loaded = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    rmSync(folder, { recursive: true });
    expect(end).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(loaded.join()).toContain('/cli/dist/main.js');
    expect(loaded.join()).not.toMatch(/yargs|amqplib|pino|@tq\/|packages\/(broker|core|worker)/);
  });

  it.each([
    [
      ['--help'],
      [
        'Commands:',
        'tq worker',
        'tq broker',
        'tq call NAME',
        'tq tasks',
        'tq queues list|show',
        'Exit codes:',
        'TQ_URL',
      ],
    ],
    [['help'], ['Commands:']],
    [
      ['worker', '--help'],
      ['--shutdown-timeout', '--pool async --concurrency 100', 'Exit codes:'],
    ],
    [
      ['help', 'call'],
      ['--no-wait', 'tq call fib 30'],
    ],
    [
      ['broker', '--help'],
      ['--memory-limit', 'tq broker --host 0.0.0.0 --user ada:secret'],
    ],
    [
      ['dev', '--help'],
      ['--memory', '--concurrency', 'tq dev --port 5673'],
    ],
    [
      ['queues', '--help'],
      ['tq queues list ', 'tq queues show NAME', 'tq queues purge NAME…', 'tq queues delete NAME…', 'Exit codes:'],
    ],
    [
      ['help', 'queues', 'delete'],
      ['--if-empty', '--yes', 'tq queues delete NAME… [OPTIONS]'],
    ],
    [
      ['route', '--help'],
      ['--explain', 'tq route mail.send --explain', 'tq route TASK'],
    ],
    [
      ['topology', '--help'],
      ['tq topology show', 'tq topology diff', 'tq topology apply'],
    ],
    [
      ['help', 'topology', 'diff'],
      ['--management', 'Ends with 1', 'tq topology diff [OPTIONS]'],
    ],
    [
      ['completion', '--help'],
      ['tq completion bash', 'source <(tq completion zsh)'],
    ],
    [
      ['init', '--help'],
      ['--force', 'tq init my-tasks'],
    ],
    [
      ['tasks', '--help'],
      ['--json', 'tq tasks --app lib/jobs.ts#app'],
    ],
  ])('answers %j with help on standard output', async (args, texts) => {
    const { code, stdout, stderr } = await inside(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const text of texts) expect(stdout).toContain(text);
  });

  it.each([
    [
      [],
      'Expected a command: worker, broker, dev, call, workflow, publish, subscribe, tasks, route, config, queues, topology, dead, init, completion.',
    ],
    [['--hlp'], 'Unknown option --hlp. Did you mean --help?'],
    [['workr'], "Unknown command 'workr'. Did you mean worker?"],
    [['worker', '--concurency', '2'], 'Unknown option --concurency. Did you mean --concurrency?'],
    [['worker', '--pool', 'asink'], "--pool: expected thread or process or async, found 'asink'. Did you mean async?"],
    [['worker', '--log-level', 'inf'], 'Did you mean info?'],
    [['worker', '--queues', 'a,b=x'], "--queues: expected a number of slots after 'b=', found 'x'."],
    [['worker', '--concurrency', '5000'], '--concurrency: expected a whole number from 1 to 1000, found 5000.'],
    [
      ['worker', '--shutdown-timeout', '3x'],
      "--shutdown-timeout: expected a duration such as 500ms, 10s or 5m, found '3x'.",
    ],
    [['tasks', '--app', 'task.ts'], "Did you mean 'tasks.ts'?"],
    [['tasks', '--app', 'tasks.ts#fob'], "found no such export. Did you mean 'fib'?"],
    [['broker', '--port', '70000'], '--port: expected a port from 1 to 65535'],
    [['dev', '--port', '70000'], '--port: expected a port from 1 to 65535'],
    [['broker', '--memory-limit', 'much'], '--memory-limit: expected a size such as 256mb'],
    [['broker', '--user', 'ada'], '--user: expected NAME:PASSWORD'],
    [['broker', '--memory', '--data', 'x'], '--memory: expected no --data beside it'],
    [['completion'], 'Expected tq completion bash|zsh|fish'],
    [['completion', 'bsh'], "Expected bash or zsh or fish, found 'bsh'. Did you mean bash?"],
    [['call'], 'Expected tq call NAME'],
    [['call', 'fib', '30', 'hello'], `Argument 2: expected JSON, found hello. For text, quote it twice: '"hello"'.`],
    [['call', 'fib', '12345678901234567890'], 'Argument 1: expected a number that JavaScript keeps'],
    [['call', 'fib', '--timeout', '0s'], '--timeout (ms): expected a whole number from 1'],
    [['queues'], 'Expected a word after queues: list, show, purge, delete.'],
    [['topology', 'dif'], "Unknown command 'topology dif'. Did you mean diff?"],
    [['queues', 'prge', 'mail', '--yes'], "Unknown command 'queues prge'. Did you mean purge?"],
    [['queues', 'show'], 'Expected tq queues show NAME, found nothing after queues show.'],
    [['queues', 'list', '--all'], "--all: expected RabbitMQ's management API beside it"],
    [['queues', 'list', '--interval', '1s'], '--interval: expected --watch beside it.'],
    [['queues', 'list', '--watch', '--interval', '1ms'], '--interval (ms): expected a whole number from 100'],
    [['queues', 'list', '--all', '--management', 'amqp://x'], '--management: expected an http:// or https:// address'],
    [['tasks', 'tasks.ts'], "Expected tq tasks, found 'tasks.ts' as well."],
  ])('refuses %j with 2 and says what was expected', async (args, text) => {
    const { code, stdout, stderr } = await inside(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(text);
  });

  it('says so on standard error in a process of its own as well', async () => {
    expect(await tq('workr')).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: "tq: Unknown command 'workr'. Did you mean worker?\nRun 'tq --help' for what there is.\n",
    });
  });

  it('refuses a wrong environment with 2', async () => {
    const env = { TQ_URL: 'http://ada:secret@host' };
    const { code, stderr } = await runInside(['call', 'fib', '1', '--json'], { cwd: empty.folder, env });
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'invalid-option' } });
    expect(stderr).not.toContain('secret');
  });
});

describe('tq tasks', () => {
  it('lists the tasks with their queues and ends, although the task file keeps a timer', async () => {
    expect(await tq('tasks')).toMatchObject({ code: 0, stdout: 'fib        tq\nmail.send  mail\n', stderr: '' });
  });

  it('lists them as JSON', async () => {
    const { stdout } = await inside('tasks', '--app', 'tasks.ts', '--json');
    expect(JSON.parse(stdout)).toEqual([
      { name: 'fib', queue: 'tq' },
      { name: 'mail.send', queue: 'mail' },
    ]);
  });

  it('says where it looked when there is no task file', async () => {
    const { code, stderr } = await runInside(['tasks'], { cwd: empty.folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/No task file: looked for tasks\.ts, .*src\/tasks\.ts.* in '.*Name yours with --app FILE/);
  });

  it.each(['tasks', 'worker'])(
    '%s ends with 1 and shows file and cause when the task file does not load',
    async (name) => {
      const broken = await tq(name, '--app', 'broken.ts');
      expect(broken).toMatchObject({ code: 1, stdout: '' });
      expect(broken.stderr).toMatch(/broken\.ts' did not load: RangeError: too far: amqp:\/\/ada:…@host/);
      expect(broken.stderr).toMatch(/at .*broken\.ts:2:7/);
      expect(broken.stderr).not.toContain('secret');
      const syntax = await tq(name, '--app', 'syntax.ts');
      expect(syntax.code).toBe(1);
      expect(syntax.stderr).toMatch(/syntax\.ts' did not load: .*Unexpected token/);
      const bare = await tq(name, '--app', 'bare.ts');
      expect(bare.code).toBe(1);
      expect(bare.stderr).toContain("bare.ts' loaded and defines no task.");
    },
  );
});
