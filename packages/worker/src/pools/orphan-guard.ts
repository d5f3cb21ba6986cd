import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Logger } from '@tq/core/internal';

/**
 * Reads `+ PID` and `- PID`; when its input ends, the process that wrote it is gone, and so must be those named last.
 * It outlives the signals that a terminal or a supervisor sends to the whole group.
 */
const SCRIPT = `trap '' INT TERM HUP
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done`;

/**
 * Ends the processes of a pool when the worker is killed. They see it by their pipe and exit, unless a task blocks their
 * event loop: one that loops forever would compute forever. So a shell waits for the worker's end beside them, one for
 * the whole pool, while there are processes.
 *
 * Windows needs none, since it ends the children of a process with it.
 */
export class OrphanGuard {
  readonly #logger: Logger;
  #pids = 0;
  /** The shell's input. */
  #shell: Writable | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(pid: number): void {
    if (process.platform === 'win32') return;
    this.#pids++;
    this.#shell ??= this.#start();
    this.#shell.write(`+ ${pid}\n`);
  }

  remove(pid: number): void {
    if (process.platform === 'win32') return;
    this.#pids--;
    this.#shell?.write(`- ${pid}\n`);
    if (this.#pids > 0) return;
    this.#shell?.end();
    this.#shell = undefined;
  }

  #start(): Writable {
    const shell = spawn('/bin/sh', ['-c', SCRIPT, 'tq-guard'], {
      cwd: '/',
      env: {},
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.on('error', (err) => {
      // An image without a shell runs the worker as its first process, with which the system ends all others.
      this.#logger.debug({ err }, 'no shell watches over the processes of the pool');
    });
    shell.stdin.on('error', () => undefined);
    shell.unref();
    return shell.stdin;
  }
}
