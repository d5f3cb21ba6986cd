/** The scripts of `tq completion` in real shells: bash, and zsh and fish where they are installed. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProject, type Project } from '../../../../test/support/project.js';
import { runInside } from '../../../../test/support/run-inside.js';
import { runTq } from '../../../../test/support/tq-process.js';

const BIN = fileURLToPath(new URL('../../bin/tq.js', import.meta.url));

let project: Project;
let path: string;
beforeAll(() => {
  project = createProject({
    type: 'module',
    files: {
      'tasks.mjs': `import { defineTask } from '@tq/core';
        console.log('noise of the task file');
        export const fib = defineTask('fib', async () => 1);
        export const send = defineTask('mail:send', async () => 1);
        export const odd = defineTask("it's odd", async () => 1);`,
      'broken/tasks.mjs': 'export const x = ;',
      'other/tq.config.json': '{"app":"jobs.mjs","queue":"standard"}',
      'other/jobs.mjs': `import { defineTask } from '@tq/core';
        export const job = defineTask('job', async () => 1, { queue: 'jobs' });`,
    },
  });
  path = mkdtempSync(join(tmpdir(), 'tq-path-'));
  writeFileSync(join(path, 'tq'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  chmodSync(join(path, 'tq'), 0o755);
});
afterAll(() => {
  project[Symbol.dispose]();
  rmSync(path, { recursive: true });
});

async function inShell(shell: string, args: readonly string[], cwd = project.folder): Promise<string[]> {
  const env = { ...process.env, PATH: `${path}:${process.env.PATH}` };
  const { stdout } = await promisify(execFile)(shell, [...args], { cwd, env });
  return stdout.split('\n').filter((line) => line !== '');
}

/** What bash would offer at the end of each line, whose words are broken as bash breaks them. */
async function inBash(lines: readonly (readonly string[])[], cwd?: string): Promise<string[][]> {
  const steps = lines.map((words) => {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}; _tq; printf '%s\\n' "\${COMPREPLY[@]}" END`;
  });
  const printed = await inShell('bash', ['-c', ['source <(tq completion bash)', ...steps].join('\n')], cwd);
  const offers: string[][] = [[]];
  for (const line of printed) {
    if (line === 'END') offers.push([]);
    else offers.at(-1)?.push(line);
  }
  return offers.slice(0, -1);
}

describe('in bash', () => {
  it('offers what may stand there, and files where tq has nothing to say', async () => {
    const cases: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
      [['tq', 'worke'], ['worker']],
      // Bash replaces what follows the last break alone.
      [['tq', 'worker', '--pool', '=', 'as'], ['async']],
      [
        ['tq', 'call', ''],
        ['fib', "'it'\\''s odd'", 'mail:send'],
      ],
      [['tq', 'call', 'mail', ':', 'se'], ['send']],
      [['tq', 'call', 'fib', ''], []],
      [['tq', 'call', '--config', 'other/tq.config.json', ''], ['job']],
      [
        ['tq', 'queues', 'show', '--app', 'other/jobs.mjs', ''],
        ['jobs', 'jobs.dead', 'tq', 'tq.dead', 'tq.delay.dead'],
      ],
      [
        ['tq', 'dead', 'list', '--app', 'other/jobs.mjs', '--queue', ''],
        ['jobs', 'tq'],
      ],
    ];
    expect(await inBash(cases.map(([words]) => words))).toEqual(cases.map(([, expected]) => expected));
  });

  it('is registered for tq', async () => {
    expect(await inShell('bash', ['-c', 'source <(tq completion bash); complete -p tq'])).toEqual([
      'complete -o bashdefault -o default -F _tq tq',
    ]);
  });

  it('offers nothing and says nothing where the task file does not load', async () => {
    const cwd = join(project.folder, 'broken');
    expect(await runTq(['complete', 'bash', '--', 'call', ''], { cwd })).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

/** Few machines have every shell; what each reads is tested below on all of them. */
function describeWhere(shell: string, tests: () => void): void {
  if (spawnSync(shell, ['--version']).status === 0) describe(`in ${shell}`, tests);
}

describeWhere('zsh', () => {
  it('is read, and registered for tq', async () => {
    const script = 'autoload -Uz compinit; compinit -u -D; source <(tq completion zsh); print -r -- $_comps[tq]';
    expect(await inShell('zsh', ['-f', '-c', script])).toEqual(['_tq']);
  });
});

describeWhere('fish', () => {
  it('offers commands and tasks', async () => {
    const script = "tq completion fish | source; complete -C 'tq worke'; complete -C 'tq call f'";
    const offered = await inShell('fish', ['--no-config', '-c', script]);
    expect(offered.map((line) => line.split('\t')[0])).toEqual(['worker', 'fib']);
  });
});

it.each([
  ['zsh', [/^#compdef tq\n/, /"\$\{words\[1\]\}" complete zsh -- /, /compdef _tq tq\nfi\n$/]],
  ['fish', [/command \$program complete fish -- /, /\ncomplete -c tq -f -a '\(__tq_complete\)'\n$/]],
])('prints a script for %s that asks the tq which is being typed', async (shell, parts) => {
  const { code, stdout } = await runInside(['completion', shell], { cwd: project.folder });
  expect(code).toBe(0);
  for (const part of parts) expect(stdout).toMatch(part);
});

it('gives zsh and fish each word with what it is for', async () => {
  const words = ['--', 'call', 'm'];
  const zsh = await runTq(['complete', 'zsh', ...words], { cwd: project.folder });
  const fish = await runTq(['complete', 'fish', ...words], { cwd: project.folder });
  expect([zsh.stdout, fish.stdout]).toEqual(['mail\\:send:task\n', 'mail:send\ttask\n']);
});
