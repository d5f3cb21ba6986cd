import type { LogLevel } from '@tq/core/internal';
import { destination, type Logger, pino } from 'pino';
import { maskCredentials } from '../output.js';

/** File descriptor of standard error: standard output is for data. */
const STDERR = 2;

/**
 * The worker's log: JSON lines on standard error, or readable ones on a terminal. Written at once, so that the last
 * line before an exit is there. Passwords in URLs are masked whatever text they come in.
 */
export async function createLogger(
  level: LogLevel,
  { interactive, colours }: { readonly interactive: boolean; readonly colours: boolean },
): Promise<Logger> {
  const options = { level, base: { pid: process.pid }, hooks: { streamWrite: maskCredentials } };
  if (!interactive) return pino(options, destination({ dest: STDERR, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: STDERR,
    sync: true,
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid',
    singleLine: true,
  });
  return pino(options, stream);
}
