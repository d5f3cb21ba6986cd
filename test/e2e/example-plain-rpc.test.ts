import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PYTHON } from '../../scripts/foreign-clients.js';
import { needing } from '../interop/fixtures/foreign-program.js';
import { brokerUrl, freshPrefix } from '../support/broker.js';
import { ROOT, run, startWorkerProcess } from './fixtures/programs.js';

const EXAMPLE = join(ROOT, 'examples', 'plain-rpc');

/** What `pnpm run …` starts there: the words after the program's name. */
function script(which: 'worker' | 'call'): string[] {
  const { scripts } = JSON.parse(readFileSync(join(EXAMPLE, 'package.json'), 'utf8')) as {
    scripts: Record<typeof which, string>;
  };
  return scripts[which].split(' ');
}

const pika = needing('python3-pika');

describe.skipIf(pika.skipped)(`plain-rpc, with ${pika.heading}`, () => {
  const place = {
    cwd: EXAMPLE,
    env: { ...process.env, TQ_URL: brokerUrl(), TQ_PREFIX: freshPrefix(), TQ_QUEUE_TYPE: 'classic' },
  };

  it("asks tq's worker from Python, with the tutorial's client", async () => {
    const [tq, worker, ...options] = script('worker');
    expect([tq, worker]).toEqual(['tq', 'worker']);
    await using _ = await startWorkerProcess(options, place);
    const { stdout } = await promisify(execFile)(PYTHON, ['-B', 'client.py', '30'], place);
    expect(stdout).toBe('fib(30) = 832040\n');
  });

  it('asks a Python server of several functions from tq', async () => {
    const server = spawn(PYTHON, ['-B', 'server.py'], { ...place, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      expect(await once(createInterface({ input: server.stdout }), 'line')).toEqual(['python server: ready']);
      const [node, ...call] = script('call');
      expect(node).toBe('node');
      expect(await run(call, place)).toEqual({
        stdout: 'words: 9\nletters: {"o":4,"e":3,"t":2}\nrefused: LookupError: no function count_sheep\n',
        stderr: '',
        exitCode: 0,
      });
    } finally {
      server.kill('SIGKILL');
      await once(server, 'close');
    }
  });
});
