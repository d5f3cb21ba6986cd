/** The command line as its users start it: `packages/cli/bin/tq.js` in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../packages/cli/bin/tq.js', import.meta.url));

export interface TqOptions {
  /** The program. Default: that of the workspace. */
  readonly bin?: string | undefined;
  /** Default: the temporary directory. */
  readonly cwd?: string | undefined;
  /** Beside the environment of the tests, without its `TQ_*` and npm's own `npm_*`; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Leads a process group of its own, so that `interruptGroup` reaches all of it and nothing else. Default: false. */
  readonly leadsGroup?: boolean | undefined;
}

/** How a process ended, and what it printed. */
export interface TqEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `tq`. Disposing of it kills it. */
export interface TqProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly ended: Promise<TqEnd>;
  /** Resolves with the first line of standard error that fits, also one that was printed before. Rejects when it ends without. */
  line(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** SIGINT to the whole group, as a terminal's Ctrl-C. */
  interruptGroup(): void;
}

/** Starts `tq`. */
export function startTq(args: readonly string[], options: TqOptions = {}): TqProcess {
  const child = spawn(process.execPath, [options.bin ?? BIN, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: environment(options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.leadsGroup ?? false,
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
      child.emit('printed');
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...printed }) as TqEnd);
  return {
    process: child,
    ended,
    line: (pattern) => findLine(pattern, () => printed.stderr, child),
    kill: (signal) => void child.kill(signal),
    interruptGroup: () => void process.kill(-Number(child.pid), 'SIGINT'),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs `tq` to its end. */
export function runTq(args: readonly string[], options?: TqOptions): Promise<TqEnd> {
  return startTq(args, options).ended;
}

function findLine(pattern: RegExp, text: () => string, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      child.off('printed', look);
      child.off('close', close);
      done();
    };
    const look = () => {
      const whole = text().split('\n').slice(0, -1);
      const line = whole.find((candidate) => pattern.test(candidate));
      if (line !== undefined) settle(() => resolve(line));
    };
    const close = () =>
      settle(() => reject(new Error(`expected a line that fits ${pattern}, found the end after:\n${text()}`)));
    child.on('printed', look);
    child.on('close', close);
    look();
  });
}

function environment(own: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:TQ|npm)_/.test(name));
  return { ...Object.fromEntries(inherited), NO_COLOR: undefined, ...own };
}
