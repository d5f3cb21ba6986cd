import { parseDuration, requireInteger } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import { UsageError } from '../usage.js';

/** Which dead letters a command is about; all that is said must hold. */
export interface DeadFilter {
  /** Queues that they died in, without prefix; undefined is every queue of the app. */
  readonly queues?: readonly string[] | undefined;
  /** Name of the task, or a pattern with `*`. */
  readonly task?: string | undefined;
  readonly reason?: string | undefined;
  /** What the error's text contains, or what it matches. */
  readonly error?: string | RegExp | undefined;
  readonly id?: string | undefined;
  /** Died at least so long ago, ms. */
  readonly olderThan?: number | undefined;
  /** Died at most so long ago, ms. */
  readonly newerThan?: number | undefined;
  readonly limit?: number | undefined;
}

const REASONS = [
  ...['failed', 'refused', 'rejected', 'expired', 'poison', 'unknown-task', 'worker-lost', 'consumer-timeout'],
  ...['delivery-limit', 'max-length', 'no-queue'],
];

/** What chooses dead letters. */
export const FILTER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  queue: {
    kind: 'text',
    many: true,
    complete: 'task-queue',
    describe:
      "Queue that they died in, without the prefix; repeatable. Default: all of the app's, and the delay ladder's",
  },
  task: { kind: 'text', complete: 'task', describe: "Name of the task, or a pattern with *: 'mail.*'" },
  reason: { kind: 'text', choices: REASONS, describe: 'Why they died' },
  error: { kind: 'text', describe: "What the error's text contains, or /REGEXP/ that it matches (/…/i ignores case)" },
  id: { kind: 'text', describe: 'Id of one task' },
  'older-than': { kind: 'text', describe: 'Died longer ago: 30s, 10m, 2h, 7d' },
  'newer-than': { kind: 'text', describe: 'Died since: 30s, 10m, 2h, 7d' },
  limit: { kind: 'text', describe: 'At most so many, the oldest of each queue first' },
};

/**
 * The filter of a command line.
 * @throws {UsageError}
 * @throws {TqError} `invalid-option`
 */
export function filterOf(args: Arguments): DeadFilter {
  const queues = args.texts('queue');
  const limit = args.integer('limit');
  const filter: DeadFilter = {
    queues: queues.length === 0 ? undefined : [...new Set(queues)],
    task: args.text('task'),
    reason: args.text('reason'),
    error: errorOf(args),
    id: args.text('id'),
    olderThan: ageOf(args, 'older-than'),
    newerThan: ageOf(args, 'newer-than'),
    limit: limit === undefined ? undefined : requireInteger(limit, '--limit', { min: 1, max: 2_147_483_647 }),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** True for a filter that leaves nothing out. */
export function isEverything(filter: DeadFilter): boolean {
  return Object.keys(filter).length === 0;
}

function errorOf(args: Arguments): string | RegExp | undefined {
  const text = args.text('error');
  const [, pattern, flags] = /^\/(.+)\/(i?)$/s.exec(text ?? '') ?? [];
  if (pattern === undefined) return text;
  try {
    return new RegExp(pattern, `${flags}u`);
  } catch (error) {
    throw new UsageError(
      `--error: expected a regular expression between slashes. ${(error as Error).message}.`,
      args.command,
    );
  }
}

function ageOf(args: Arguments, option: string): number | undefined {
  const text = args.text(option);
  if (text === undefined) return undefined;
  const ms = parseDuration(text, `--${option}`);
  return requireInteger(ms, `--${option} (ms)`, { min: 0, max: Number.MAX_SAFE_INTEGER });
}
