/** `tq topology`: what an app declares against what the broker has, on the command line. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, type Peer, takeAll } from '../support/broker.js';
import { createProject, type Project } from '../support/project.js';
import { runInside } from '../support/run-inside.js';
import { startTq } from '../support/tq-process.js';

let prefix: string;
beforeEach(() => {
  prefix = freshPrefix();
});
const full = (name: string) => `${prefix}${name}`;

describe('tq topology', () => {
  const TASKS = `import { createApp } from '@tq/core';
    export const app = createApp({ queueType: 'classic', queues: { mail: { maxPriority: 5 } } });
    app.task('mail.send', () => undefined, { queue: 'mail' });`;
  let project: Project;
  beforeEach(() => {
    project = createProject({ type: 'module', files: { 'tasks.ts': TASKS } });
  });
  afterEach(() => project[Symbol.dispose]());
  let count = 0;
  /** A task file loads once in a process, and each command closes its app: every command gets a copy. */
  const topology = (...args: string[]) => {
    const file = join(project.folder, `tasks-${++count}.ts`);
    copyFileSync(join(project.folder, 'tasks.ts'), file);
    const env = { TQ_URL: brokerUrl(), TQ_PREFIX: prefix };
    return runInside(['topology', ...args, '--app', file], { cwd: project.folder, env });
  };

  it('shows what the app declares, without a broker', async () => {
    const { code, stdout } = await topology('show');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EXCHANGE +TYPE +PROPERTIES\n/);
    expect(stdout).toContain(`${full('mail')} `);
    expect(stdout).toMatch(/durable, x-queue-type=classic, .*x-max-priority=5/);
    expect(JSON.parse((await topology('show', '--json')).stdout)).toMatchObject({
      queues: expect.arrayContaining([expect.objectContaining({ name: full('mail') })]),
    });
  });

  it('ends with 1 while something is missing or different, and with 0 when all is as declared', async () => {
    await using peer = await openPeer();
    await peer.channel.assertQueue(full('mail'), { durable: true, arguments: { 'x-max-priority': 3 } });
    const different = `queue ${full('mail')}: x-max-priority is to be 5, the broker has 3\n  Set maxPriority of queues['mail'] to what the broker has`;
    const diff = await topology('diff');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain(`queue ${full('mail.dead')}: missing\n  tq topology apply declares it`);
    expect(diff.stdout).toContain(different);
    expect(diff.stderr).toMatch(
      /\d+ bindings were not compared: AMQP cannot show them\. Give --management URL\.\ntq: \d+ differences in/,
    );
    const apply = await topology('apply');
    expect(apply.code).toBe(1);
    expect(apply.stdout).toContain(`queue ${full('mail.dead')}: declared\n`);
    expect(apply.stdout).toContain(different);
    await peer.channel.deleteQueue(full('mail'));
    expect(await topology('apply')).toMatchObject({ code: 0, stdout: `queue ${full('mail')}: declared\n` });
    expect(await topology('diff')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The broker has what the app declares: \d+ exchanges and \d+ queues\.\n$/),
    });
    expect(JSON.parse((await topology('diff', '--json')).stdout)).toEqual({
      same: true,
      differences: [],
      bindings: 'unknown',
      extra: [],
    });
    expect(JSON.parse((await topology('apply', '--json')).stdout)).toMatchObject({ declared: [], differences: [] });
  });

  describe('apply --migrate', () => {
    const AT_ONCE = ['--settle', '0s', '--quiet', '0s'];
    const migrate = (...args: string[]) => topology('apply', '--migrate', 'mail', ...args);
    const fill = async (peer: Peer) => {
      await peer.channel.assertQueue(full('mail'), { durable: true, arguments: { 'x-max-priority': 3 } });
      for (const body of ['1', '2', '3'])
        peer.channel.sendToQueue(full('mail'), Buffer.from(body), { persistent: true });
      await peer.channel.checkQueue(full('mail'));
    };

    it('moves the messages of a queue to one with the properties of the app, and declares the rest', async () => {
      await using peer = await openPeer();
      await fill(peer);
      const { code, stdout, stderr } = await migrate(...AT_ONCE);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain('queue mail: migrated, 3 messages moved, 3 put back\n');
      expect(stderr).toContain('mail: moving its messages out of the way\n');
      expect(await topology('diff')).toMatchObject({ code: 0 });
      expect((await takeAll(peer, full('mail'))).map(({ content }) => content.toString())).toEqual(['1', '2', '3']);
      expect((await migrate(...AT_ONCE)).stdout).toBe('queue mail: has these properties already\n');
      expect(JSON.parse((await migrate('--json', ...AT_ONCE)).stdout)).toMatchObject({
        ...{ declared: [], differences: [] },
        migrated: [{ queue: 'mail', outcome: 'unchanged', moved: 0, returned: 0, lost: 0 }],
      });
    });

    it('says who is in its way and changes nothing, and refuses its options without it', async () => {
      await using peer = await openPeer();
      await fill(peer);
      await peer.channel.consume(full('mail'), () => undefined);
      const found = await migrate(...AT_ONCE, '--wait', '0s');
      expect(found).toMatchObject({ code: 1, stdout: '' });
      expect(found.stderr).toMatch(/still has 1 consumer .*stop its workers first/);
      const lone = await topology('apply', '--settle', '1s');
      expect(lone).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--settle: expected --migrate QUEUE beside it'),
      });
    });

    it('ends on Ctrl-C, and the same line goes on', async () => {
      await using peer = await openPeer();
      await fill(peer);
      const { consumerTag } = await peer.channel.consume(
        full('mail'),
        (message) => message && peer.channel.nack(message),
      );
      const line = ['topology', 'apply', '--migrate', 'mail', ...AT_ONCE];
      await using tq = startTq([...line, '--app', join(project.folder, 'tasks.ts')], {
        ...{ cwd: project.folder, env: { TQ_URL: brokerUrl(), TQ_PREFIX: prefix } },
      });
      await tq.line(/mail: waiting/);
      tq.kill('SIGINT');
      expect(await tq.ended).toMatchObject({
        ...{ code: 130, stdout: 'queue mail: stopped; the same line goes on, 0 messages moved, 0 put back\n' },
      });
      await peer.channel.cancel(consumerTag);
      expect(await migrate(...AT_ONCE)).toMatchObject({ code: 0 });
    });
  });
});
