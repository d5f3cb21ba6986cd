/** `tq call` against a real worker and the real broker. */
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/ports.js';
import { brokerUrl, freshPrefix, openPeer, receive } from '../support/broker.js';
import { createProject, type Project } from '../support/project.js';
import { runInside } from '../support/run-inside.js';
import { runTq, startTq, type TqProcess } from '../support/tq-process.js';

const TASKS = `import { currentTask, defineTask } from '@tq/core';
export const add = defineTask('add', (a: number, b: number): number => a + b);
export const text = defineTask('text', (s: string): string => '<' + s + '>');
export const rich = defineTask('rich', () => ({ when: new Date(0), big: 2n }));
export const nothing = defineTask('nothing', () => undefined);
export const boom = defineTask('boom', (): never => { throw new TypeError('no good'); });
const email = { version: 1, vendor: 'test', validate: (args: any) =>
  /@/.test(args[0]) ? { value: args } : { issues: [{ message: 'Expected an address', path: [0] }] } };
export const mail = defineTask('mail', (to: string): string => to, { args: { '~standard': email } as any });
export const count = defineTask('count', (n: number): number => {
  const { progress } = currentTask();
  for (let done = 0; done <= n; done++) progress(done, n, 'line ' + done);
  if (n > 100) throw new RangeError('too many');
  return n;
});
export const hold = defineTask('hold', () => {
  const { log, progress, signal } = currentTask();
  progress(1, undefined, 'held');
  log.info({}, 'holding');
  return new Promise((resolve) => signal.addEventListener('abort', resolve));
});`;

let project: Project;
let worker: TqProcess;
const env = { TQ_URL: '', TQ_PREFIX: '' };
// What needs no process of its own runs here; signals, ends without a broker and the like do.
const call = (...args: string[]) => runInside(['call', ...args], { cwd: tmpdir(), env });

beforeAll(async () => {
  env.TQ_URL = brokerUrl();
  env.TQ_PREFIX = freshPrefix();
  project = createProject({ files: { 'tasks.ts': TASKS } });
  worker = startTq(['worker', '--pool', 'async'], { cwd: project.folder, env });
  await worker.line(/ready/);
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  project[Symbol.dispose]();
});

describe('tq call', () => {
  it.each([
    [['add', '1', '-3'], '-2\n'],
    [['text', '"a b"'], '<a b>\n'],
    [['rich'], '{ when: 1970-01-01T00:00:00.000Z, big: 2n }\n'],
    [['nothing'], ''],
  ])('prints the result of %j for a person', async (args, stdout) => {
    expect(await call(...args)).toEqual({ code: 0, stdout, stderr: '' });
  });

  it('ends by itself as a process, with the result on standard output', async () => {
    expect(await runTq(['call', 'add', '1', '2'], { env })).toEqual({
      code: 0,
      signal: null,
      stdout: '3\n',
      stderr: '',
    });
  });

  it('prints id and result as JSON, with what JSON has no word for in its typed form', async () => {
    const { stdout } = await call('rich', '--json');
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      result: {
        when: { __type__: 'datetime', __value__: '1970-01-01T00:00:00.000+00:00' },
        big: { __type__: 'tq.bigint', __value__: '2' },
      },
    });
    expect(JSON.parse((await call('nothing', '--json')).stdout)).toMatchObject({ result: null });
  });

  it('ends with 1 and shows the error where the task failed', async () => {
    const { code, stdout, stderr } = await call('boom');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^tq: TypeError: no good\n.* at .*tasks\.ts:6:\d+\n$/);
    const json = await call('boom', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stderr)).toEqual({
      error: { code: 'task-failed', name: 'TaskFailedError', message: 'TypeError: no good' },
    });
  });

  it("ends with 1 and shows what the task's schema says of the arguments", async () => {
    const text = "TqError: Expected arguments that fit the schema of task 'mail', found args[0]: Expected an address.";
    expect(await call('mail', '"ada"')).toEqual({ code: 1, stdout: '', stderr: `tq: ${text}\n` });
    expect((await call('mail', '"ada@example.com"')).stdout).toBe('ada@example.com\n');
  });

  it('with a task file checks the arguments before it sends, and goes to the queue of the task', async () => {
    await using peer = await openPeer();
    using own = createProject({
      type: 'module',
      files: {
        'jobs.ts': `import { createApp } from '@tq/core';
          console.log('noise');
          export const app = createApp();
          const even = { version: 1, vendor: 'test', validate: (args) =>
            args[0] % 2 === 0 ? { value: args } : { issues: [{ message: 'Expected an even number', path: [0] }] } };
          app.task('half', (n) => n / 2, { queue: 'halves', args: { '~standard': even } });`,
        'tq.config.json': '{"app":"jobs.ts"}',
      },
    });
    const refused = await runTq(['call', 'half', '3', '--no-wait'], { cwd: own.folder, env });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain("the schema of task 'half', found args[0]: Expected an even number");
    const sent = await runTq(['call', 'half', '4', '--no-wait'], { cwd: own.folder, env });
    expect(sent).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f-]{36}\n$/) });
    const [message] = await receive(peer, `${env.TQ_PREFIX}halves`, 1);
    expect(JSON.parse(String(message?.content))[0]).toEqual([4]);
  });

  it('with --progress says on standard error how far the task is, and prints the result as without', async () => {
    const { code, stdout, stderr } = await call('count', '100', '--progress');
    expect([code, stdout]).toEqual([0, '100\n']);
    expect(stderr.split('\n').slice(-2)).toEqual(['tq: 100% (100 of 100) line 100', '']);
    expect(await call('add', '1', '2', '--progress')).toEqual({ code: 0, stdout: '3\n', stderr: '' });
  });

  it('with --progress --json prints a line for each word of it, and the result in the last', async () => {
    const { code, stdout, stderr } = await call('count', '100', '--progress', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { id } = lines[0];
    expect(lines.slice(-2)).toEqual([
      { id, progress: { done: 100, total: 100, message: 'line 100' } },
      { id, result: 100 },
    ]);
  });

  it('with --progress ends with 1 where the task failed, and tells how far it was', async () => {
    const { code, stdout, stderr } = await call('count', '101', '--progress');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/tq: 100% \(101 of 101\) line 101\ntq: RangeError: too many\n/);
  });

  it.each(['--no-wait', '--broadcast'])('refuses --progress beside %s, where nobody is told of it', async (option) => {
    const { code, stderr } = await call('add', '1', '2', '--progress', option);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`--progress: expected no ${option} beside it, found both.`),
    ]);
  });

  it('ends with 1 when no worker knows the task', async () => {
    const { code, stderr } = await call('unheard-of');
    expect(code).toBe(1);
    expect(stderr).toContain("No task named 'unheard-of'");
  });

  it('with --no-wait publishes to the queue, asks for no reply and prints the id', async () => {
    await using peer = await openPeer();
    const { code, stdout } = await call('mail.send', '"ada"', '{"n":1}', '--queue', 'mail', '--no-wait');
    const [message] = await receive(peer, `${env.TQ_PREFIX}mail`, 1);
    expect(code).toBe(0);
    expect(JSON.parse(String(message?.content))[0]).toEqual(['ada', { n: 1 }]);
    expect(message?.properties).toMatchObject({ headers: { task: 'mail.send', id: stdout.trim() } });
    expect(message?.properties.replyTo).toBeUndefined();
    const json = await call('mail.send', '--queue', 'mail', '--no-wait', '--json');
    expect(JSON.parse(json.stdout)).toEqual({ id: expect.any(String) });
  });

  it('publishes to an exchange and key that it is told', async () => {
    await using peer = await openPeer();
    const [exchange, queue] = [`${env.TQ_PREFIX}events`, `${env.TQ_PREFIX}orders`];
    await peer.channel.assertExchange(exchange, 'topic');
    await peer.channel.assertQueue(queue, { durable: true });
    await peer.channel.bindQueue(queue, exchange, 'order.*');
    const words = ['audit', '7', '--exchange', 'events', '--routing-key', 'order.created', '--no-wait'];
    expect(await call(...words)).toMatchObject({ code: 0 });
    const [message] = await receive(peer, queue, 1);
    expect(message?.fields).toMatchObject({ exchange, routingKey: 'order.created' });
    const { code, stderr } = await call('audit', '7', '--routing-key', 'order.created', '--no-wait');
    expect([code, stderr]).toEqual([2, expect.stringContaining('exchange: expected the name of an exchange')]);
  });

  it('starts the task no earlier than it is told to, and waits that much longer', async () => {
    const begun = Date.now();
    expect(await call('add', '1', '2', '--countdown', '300ms', '--expires', '1h')).toMatchObject({ stdout: '3\n' });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(300);
    const eta = new Date(Date.now() + 300);
    expect(await call('add', '1', '2', '--eta', eta.toISOString())).toMatchObject({ code: 0, stdout: '3\n' });
    expect(Date.now()).toBeGreaterThanOrEqual(eta.getTime());
  });

  it('ends with 1 when the task has expired', async () => {
    const { code, stderr } = await call('add', '1', '2', '--expires', '2026-01-01T00:00Z');
    expect([code, stderr]).toEqual([1, "tq: Task 'add' expired before a worker started it, so it was not run.\n"]);
  });

  it.each([
    [['--eta', 'tomorrow'], "--eta: expected a time such as 2026-12-31T12:00:00Z, found 'tomorrow'."],
    [['--expires', 'never'], '--expires: expected a duration such as 10s or 5m, or a time such as'],
    [['--expires', '10x'], '--expires: expected a duration such as 10s or 5m, or a time such as'],
    [['--countdown', 'soon'], "--countdown: expected a duration such as 500ms, 10s or 5m, found 'soon'."],
    [['--countdown', '1s', '--eta', '2026-12-31'], 'countdown: expected none beside an eta, found both'],
  ])('ends with 2 at times that it cannot read: %j', async (words, text) => {
    const { code, stderr } = await call('add', '1', '2', ...words);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
  });

  it('ends with 3 after the timeout, and tells that no worker is on the queue', async () => {
    const { code, stderr } = await call('add', '1', '2', '--queue', 'lonely', '--timeout', '1s');
    expect(code).toBe(3);
    expect(stderr).toContain(
      `No result of task 'add' within 1s: '${env.TQ_PREFIX}lonely' has 1 message and no consumer`,
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops waiting at %s and ends with 128 and its number', async (signal) => {
    await using caller = startTq(['call', 'hold', '--queue', `hold-${signal}`, '--progress'], { env });
    await using holder = startTq(['worker', '--pool', 'async', '--queues', `hold-${signal}`], {
      cwd: project.folder,
      env,
    });
    await holder.line(/holding/);
    await caller.line(/tq: 1 done held/);
    caller.kill(signal);
    const { code, stderr } = await caller.ended;
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(stderr).toContain(`${signal}: no longer waiting`);
  });

  it('ends with 4 when the broker cannot be reached, and shows no password', async () => {
    const url = `amqp://ada:secret@127.0.0.1:${await freePort()}`;
    const { code, stderr } = await runInside(['call', 'add', '1', '2', '--timeout', '500ms'], {
      cwd: tmpdir(),
      env: { TQ_URL: url },
    });
    expect(code).toBe(4);
    expect(stderr).toMatch(/No connection to amqp:\/\/ada@127\.0\.0\.1:\d+: connect ECONNREFUSED/);
    expect(stderr).toContain('Not published within 500ms');
    expect(stderr).not.toContain('secret');
  });

  it('ends with 4 when the broker refuses the login', async () => {
    const url = new URL(brokerUrl());
    url.password = 'secret';
    const { code, stderr } = await runInside(['call', 'add', '--timeout', '500ms'], {
      cwd: tmpdir(),
      env: { TQ_URL: url.href },
    });
    expect(code).toBe(4);
    expect(stderr).toContain('ACCESS_REFUSED');
    expect(stderr).not.toContain('secret');
  });
});
