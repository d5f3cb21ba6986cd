// @ts-check
/** The embedded broker as users start it: `tq broker` in a process of its own, on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @typedef {'durable' | 'memory'} EmbeddedKind where it keeps what is durable: on disk, or nowhere */

/**
 * @typedef {object} Embedded
 * @property {string} url
 * @property {number} pid
 * @property {() => Promise<void>} stop ends it in order, and deletes what it stored
 */

/** @type {readonly EmbeddedKind[]} */
export const EMBEDDED = ['durable', 'memory'];

const CLI = fileURLToPath(new URL('../../packages/cli/bin/tq.js', import.meta.url));
/** More than any measurement fills it with: a blocked publisher would measure nothing. */
const MEMORY_LIMIT = '8gb';

/**
 * Starts one and resolves when it listens; one that is durable stores in a new folder under the system's temporary one.
 * @param {EmbeddedKind} kind
 * @returns {Promise<Embedded>}
 * @throws with its output when it ends first
 */
export async function startEmbedded(kind) {
  const dir = kind === 'durable' ? mkdtempSync(join(tmpdir(), 'tq-bench-')) : undefined;
  const where = dir === undefined ? ['--memory'] : ['--data', dir];
  const args = [CLI, 'broker', '--json', '--port', '0', '--memory-limit', MEMORY_LIMIT, ...where];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (data) => {
    log += data;
  });
  const exited = once(child, 'exit');
  // For the case that the bench itself fails.
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const clear = () => {
    process.off('exit', kill);
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  };
  const early = exited.then(([code, signal]) => {
    clear();
    throw new Error(`expected \`tq broker\` to run, found that it ended with ${code ?? signal}:\n${log}`);
  });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), early]);
  let stopping = false;
  // Whoever is connected then fails with less to say.
  early.catch((error) => {
    if (!stopping) console.error(error.message);
  });
  const { url, pid } = JSON.parse(line);
  return {
    url,
    pid,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      await exited;
    },
  };
}
