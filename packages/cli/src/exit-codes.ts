/** What `tq` ends with; documented in `tq --help` and in docs/cli.md. A signal that ends a wait gives 128 + its number. */
export const EXIT = {
  ok: 0,
  /** The task failed, or what was asked for could not be done. */
  failed: 1,
  /** The command line, the environment or the task file's place is wrong. */
  usage: 2,
  /** No result within the time. */
  timeout: 3,
  /** The broker was not reached within the time. */
  unreachable: 4,
} as const;

/** The codes as help texts show them. */
export const EXIT_CODES_TEXT = [
  'Exit codes:',
  '  0  done',
  '  1  the task failed, or what was asked for could not be done',
  '  2  the command line, the environment or the place of the task file is wrong',
  '  3  no result within the time',
  '  4  the broker was not reached within the time',
  '  130, 143  stopped, or stopped waiting, because of SIGINT (Ctrl-C) or SIGTERM; a worker, a broker, a --watch or a subscribe that stops so ends with 0',
].join('\n');

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): number {
  switch ((error as { code?: unknown } | null | undefined)?.code) {
    case 'usage':
    case 'invalid-option':
    case 'unknown-option':
      return EXIT.usage;
    case 'result-timeout':
      return EXIT.timeout;
    case 'connect-failed':
    case 'connection-lost':
    case 'publish-timeout':
    case 'queue-timeout':
      return EXIT.unreachable;
    default:
      return EXIT.failed;
  }
}
