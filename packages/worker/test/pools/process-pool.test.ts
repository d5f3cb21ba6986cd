import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { JobEnd } from '@tq/core/internal';
import { afterEach, describe, expect, it, onTestFailed } from 'vitest';
import { createProcessSpawn } from '../../dist/pools/process-spawn.js';
import { describeChildPool, nextFree } from './child-contract.js';
import { describePool } from './pool-contract.js';
import { fixture, LogRecorder } from './pool-fixture.js';
import { openPools } from './pool-scene.js';
import { runProgram } from './run-program.js';

const scene = openPools('process');
describePool('process');
describeChildPool(scene);

afterEach(() => {
  delete process.env.TQ_FIXTURE_PLACE;
  delete process.env.NODE_OPTIONS;
});

interface Place {
  readonly folder: string;
  readonly fixture: string;
  readonly pid: number;
}

it('refuses a variable that no process takes, and says which and what to do', () => {
  const spawning = (length: number) => () =>
    createProcessSpawn([], { childEnv: { TQ_ROUTES: 'x'.repeat(length) }, logger: new LogRecorder().logger });
  expect(spawning(131_061)).not.toThrow();
  expect(spawning(131_062)).toThrow(/^TQ_ROUTES: expected at most 131071 bytes .* found 131072\. .* pool of threads/);
});

describe('how a process ended', () => {
  it.each([
    ['SIGKILL', 'killed by SIGKILL (by hand, or by the system for want of memory)'],
    ['SIGSEGV', 'killed by SIGSEGV'],
  ])('tells of %s', async (signal, how) => {
    const { pool, run, value } = await scene.start();
    const free = nextFree(pool);
    expect(await run('kills-itself', [signal])).toEqual({ kind: 'lost', how });
    await free;
    expect(await value('add', [1, 1])).toBe(2);
  });

  it('hints at memory where its heap was full, which its worker survives', async () => {
    process.env.NODE_OPTIONS = '--max-old-space-size=64';
    const { lines, exitCode } = await runProgram('process', 'fills-memory');
    expect(lines).toContainEqual({ kind: 'lost', how: expect.stringMatching(/SIGABRT .*--max-old-space-size/) });
    expect(exitCode).toBe(0);
  });

  it('tells of bytes that are no message', async () => {
    const { run } = await scene.start();
    const how = 'it sent what is no message: Expected the form of a message, found 9.';
    expect(await run('writes-rubbish')).toEqual({ kind: 'lost', how });
  });

  it('is told although a program that the task left behind holds its pipe', async () => {
    const { run, log } = await scene.start();
    const end = run('leaves-descendant');
    const { fields } = await log.first(({ message }) => message === 'descendant');
    try {
      expect(await end).toEqual({ kind: 'lost', how: 'exit code 6' });
    } finally {
      process.kill(fields.pid as number, 'SIGKILL');
    }
  });

  it('tells what could not be started', async () => {
    const { execPath } = process;
    process.execPath = '/nowhere/node';
    try {
      await expect(scene.create().pool.start()).rejects.toMatchObject({
        code: 'task-load-failed',
        message: expect.stringContaining('it could not be started: spawn /nowhere/node ENOENT'),
      });
    } finally {
      process.execPath = execPath;
    }
  });

  it('is that too much waited for it, when it does not read', async () => {
    const { logger } = new LogRecorder();
    const limit = 100_000;
    const spawnChild = createProcessSpawn([fixture('never-loads.js')], { childEnv: {}, logger }, limit);
    const how = await new Promise<string>((resolve) => {
      const child = spawnChild({ message: () => undefined, exited: resolve });
      // More than the pipe takes, which the child has not begun to read.
      for (let seq = 0; seq < 10_000; seq++) {
        child.post({ type: 'queue-status', seq, status: { messages: seq, consumers: 1, caughtUp: true } });
      }
    });
    expect(how).toBe(`it has not read for so long that more than ${limit} bytes wait for it`);
  });
});

describe('a process of the pool', () => {
  it('has the folder and the environment of its worker', async () => {
    process.env.TQ_FIXTURE_PLACE = 'here';
    const { value } = await scene.start();
    expect(await value('place')).toMatchObject({ folder: realpathSync(process.cwd()), fixture: 'here' });
  });

  it('does not share the debug port of its worker', async () => {
    process.env.NODE_OPTIONS = '--inspect=127.0.0.1:0';
    const { lines, stderr } = await runProgram('process', 'add', '1', '2');
    expect(lines).toContainEqual({ kind: 'success', resultText: '3' });
    expect(stderr.match(/Debugger listening/g)).toHaveLength(1);
  });

  it('sees results of any size, whole', async () => {
    const { value } = await scene.start();
    const text = 'ä"\n'.repeat(1_000_000);
    expect((await value('later', [text])) === text).toBe(true);
  });

  it('ends when the pipe from its worker closes', async () => {
    const entry = fileURLToPath(new URL('../../dist/pools/process-child.js', import.meta.url));
    const child = spawn(process.execPath, [entry, fixture('tasks.js')], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    });
    const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
    await once(output, 'data');
    input.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

/** Starts fixtures/group.js in a process group of its own. */
async function startGroup() {
  const program = spawn(process.execPath, [fileURLToPath(fixture('group.js'))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const place = async (): Promise<Place> => {
    const { value } = await lines.next();
    const end = JSON.parse(value as string) as Extract<JobEnd, { kind: 'success' }>;
    return JSON.parse(end.resultText) as Place;
  };
  const pid = program.pid as number;
  const killGroup = () => void process.kill(-pid, 'SIGKILL');
  onTestFailed(killGroup);
  return { program, pid, place, killGroup };
}

describe('signals', () => {
  it('that reach the whole group leave processes working: only their worker ends them', async () => {
    const { program, pid, place, killGroup } = await startGroup();
    const before = await place();
    process.kill(before.pid, 'SIGTERM');
    process.kill(-pid, 'SIGINT');
    expect(await place()).toEqual(before);
    killGroup();
    await once(program, 'close');
  });

  it('that kill the worker end its processes too, also one that loops forever', async () => {
    const { program, pid, place } = await startGroup();
    await place();
    process.kill(pid, 'SIGKILL');
    // Its output is open as long as one of them lives.
    await once(program, 'close');
  });
});
