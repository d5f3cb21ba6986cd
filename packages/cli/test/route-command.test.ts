/** `tq route`: no broker. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createProject, type Project } from '../../../test/support/project.js';
import { runInside } from '../../../test/support/run-inside.js';
import { runTq } from '../../../test/support/tq-process.js';

let project: Project;
let configured: Project;
let empty: Project;
beforeAll(() => {
  empty = createProject({ files: {} });
  const config = { routes: [{ task: 'fib', to: { queue: 'math', priority: 2 } }] };
  configured = createProject({ files: { 'tq.config.json': JSON.stringify(config) } });
  project = createProject({
    type: 'module',
    files: {
      'tasks.ts': `import { createApp } from '@tq/core';
        const bySize = ({ task, args }: any) => {
          if (task !== 'report') return undefined;
          return args[0].year > 2020 ? 'large' : undefined;
        };
        export const app = createApp({
          routes: [bySize, { task: 'mail.*', to: 'mail' }, { task: /^log/, to: { exchange: 'logs', routingKey: 'a.b' } }, { task: '**', to: { priority: 3 } }],
        });
        app.task('report', () => 1);
        app.task('mail.send', () => 1, { queue: 'own' });
        app.task('log.line', () => 1);`,
      'record.ts': `import { createApp } from '@tq/core';
        export const app = createApp({ routes: { 'mail.*': 'mail', 'mail.send': 'urgent', 'logs.*': { exchange: 'logs', routingKey: 'k' } } });
        app.task('logs.one', () => 1);
        app.task('mail.send', () => 1);
        app.task('other', () => 1);`,
      'tq.config.bad.ts': `export default { routes: [() => 'x'] };`,
    },
  });
});
afterAll(() => {
  for (const one of [project, configured, empty]) one[Symbol.dispose]();
});

const at = ({ folder }: Project, words: readonly string[], env = {}) =>
  runInside(['route', ...words], { cwd: folder, env });

it.each([
  [['log.line'], 'exchange logs, key a.b\n'],
  [['mail.send'], 'queue own\n'],
  [['report', '--args', '[{"year": 2026}]'], 'queue large\n'],
  [['report', '--args', '[{"year": 2019}]'], 'queue tq, priority 3\n'],
  [['report', '--args', '[{"year": 2026}]', '--exchange', 'mine', '--routing-key', 'k'], 'exchange mine, key k\n'],
])('says where a call of %j goes', async (words, stdout) => {
  expect(await at(project, words)).toEqual({ code: 0, stdout, stderr: '' });
});

it('explains every step: what was looked at, what held, and why', async () => {
  const { stdout } = await at(project, ['mail.send', '--explain', '--priority', '9']);
  expect(stdout).toBe(
    [
      'mail.send goes to the queue own, priority 9.',
      '',
      'WHO                         SAYS        TAKEN     WHY',
      'the call                    priority 9  priority',
      'the task                    queue own   queue',
      'route routes[0] (bySize)    -           -         has nothing to say of this call',
      "route routes[1] ('mail.*')  queue mail  -         the call and its task come first",
      "route routes[3] ('**')      -           -         not asked: routes[1] ('mail.*') comes before it",
      "the app's queue             queue tq    -         not needed",
      '',
      'The routes are those of createApp. 1 more is for other tasks.',
      '',
    ].join('\n'),
  );
});

it('explains as JSON', async () => {
  const { stdout } = await at(project, ['mail.send', '--app', 'record.ts', '--explain', '--json']);
  expect(JSON.parse(stdout)).toEqual({
    ...{ task: 'mail.send', queue: 'urgent', origin: 'createApp' },
    steps: [
      { source: 'call', fits: true, taken: [], why: 'says nothing' },
      { source: 'task', fits: true, taken: [], why: 'says nothing' },
      { source: 'route', route: "'mail.send'", fits: true, says: { queue: 'urgent' }, taken: ['queue'] },
      { source: 'route', route: "'mail.*'", fits: true, taken: [], why: "not asked: 'mail.send' comes before it" },
      { source: 'route', route: "'logs.*'", fits: false, taken: [], why: 'for other tasks' },
      { source: 'default', fits: true, says: { queue: 'tq' }, taken: [], why: 'not needed' },
    ],
  });
});

it('tells where the routes are written: the config file, the variable, or nowhere', async () => {
  const from = async (one: Project, env = {}) => (await at(one, ['fib', '--explain'], env)).stdout;
  const inFile = await from(configured);
  expect(inFile).toContain('fib goes to the queue math, priority 2.');
  expect(inFile).toContain('The routes are those of tq.config.json.');
  const inVariable = await from(configured, { TQ_ROUTES: '[{"task": "/^FI/i", "to": "other"}]' });
  expect(inVariable).toContain('fib goes to the queue other.');
  expect(inVariable).toContain('The routes are those of TQ_ROUTES.');
  expect(await from(empty)).toContain('The app has no routes.');
});

it('routes a task that the task file does not have by its name, and says so', async () => {
  const { code, stdout, stderr } = await at(project, ['log.other']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'exchange logs, key a.b\n' });
  expect(stderr).toBe("tq: the task file has no task 'log.other': routed by its name alone.\n");
});

it('ends with 1 where a function fails, having explained how far it came', async () => {
  const { code, stdout, stderr } = await at(project, ['report', '--explain']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^report goes nowhere\.\n/);
  expect(stderr).toMatch(
    /^tq: The call of task 'report' has no way: routes\[0\] \(bySize\) was asked .* it threw TypeError/,
  );
  const json = await at(project, ['report', '--json']);
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'route-failed' } });
});

it.each([
  [['fib', '--args', '{"a":1}'], {}, `--args: expected a list in JSON, such as '[30, "text"]', found '{"a":1}'.`],
  [['fib'], { TQ_ROUTES: '{"fib": 3}' }, "TQ_ROUTES: 'fib': expected a queue's name"],
  [['fib', '--config', 'tq.config.bad.ts'], {}, 'tq.config.bad.ts: routes: expected names, patterns'],
])('ends with 2 for %j, %j', async (words, env, text) => {
  const { code, stderr } = await at(words.includes('--config') ? project : empty, words, env);
  expect(stderr).toContain(text);
  expect(code).toBe(2);
});

it('lists of tasks show where their calls go', async () => {
  const { stdout } = await runTq(['tasks'], { cwd: project.folder });
  expect(stdout).toBe('log.line   (a function decides)\nmail.send  own\nreport     (a function decides)\n');
  const { stdout: json } = await runTq(['tasks', '--app', 'record.ts', '--json'], { cwd: project.folder });
  expect(JSON.parse(json)).toEqual([
    { name: 'logs.one', route: '(exchange logs, key k)' },
    { name: 'mail.send', queue: 'urgent' },
    { name: 'other', queue: 'tq' },
  ]);
});
