import { expect, it } from 'vitest';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { createProject } from '../support/project.js';
import { runTq, startTq } from '../support/tq-process.js';

it('tells a task file with an app of its own where the broker is, and workers what to run', async () => {
  const prefix = freshPrefix();
  using project = createProject({
    type: 'module',
    files: {
      'jobs.ts': `import { createApp } from '@tq/core';
        export const app = createApp({ prefix: '${prefix}' });
        app.task('double', (n: number): number => 2 * n);`,
      'tq.config.ts': `import { defineConfig } from '@tq/core';
        export default defineConfig({ url: '${brokerUrl()}', queue: 'work', app: 'jobs.ts', worker: { concurrency: 1 } });`,
    },
  });
  await using worker = startTq(['worker'], { cwd: project.folder });
  const ready = JSON.parse(await worker.line(/ready/));
  expect(ready).toMatchObject({ slots: 1, queues: [`${prefix}work`] });
  const called = await runTq(['call', 'double', '21'], { cwd: project.folder, env: { TQ_PREFIX: prefix } });
  expect(called).toMatchObject({ code: 0, stdout: '42\n' });
});
