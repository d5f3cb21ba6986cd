import type { DeadLetterFilter } from '@tq/core';
import { DEAD_LETTER_REASONS, type DeadLetterReason, parseDuration, requireInteger } from '@tq/core/internal';
import type { Arguments } from '../arguments.js';
import type { OptionSpec } from '../command.js';
import { UsageError } from '../usage.js';

/** Which queues they died in. */
export const QUEUE_OPTION: Readonly<Record<string, OptionSpec>> = {
  queue: {
    kind: 'text',
    many: true,
    complete: 'task-queue',
    describe: "Queue that they died in, without the prefix; repeatable. Default: all of the app's, and tq.delay.dead",
  },
};

/** What chooses dead letters. */
export const FILTER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...QUEUE_OPTION,
  task: { kind: 'text', complete: 'task', describe: "Name of the task, or a pattern with *: 'mail.*'" },
  reason: { kind: 'text', many: true, choices: DEAD_LETTER_REASONS, describe: 'Why they died; repeatable' },
  error: { kind: 'text', describe: "What the error's text contains, or /REGEXP/ that it matches (/…/i ignores case)" },
  id: { kind: 'text', many: true, describe: 'Id of a task; repeatable' },
  'older-than': { kind: 'text', describe: 'Died longer ago: 30s, 10m, 2h, 7d' },
  'newer-than': { kind: 'text', describe: 'Died since: 30s, 10m, 2h, 7d' },
  limit: { kind: 'text', describe: 'The first so many, the oldest of each queue first' },
};

/**
 * The filter of a command line.
 * @throws {UsageError}
 * @throws {TqError} `invalid-option`
 */
export function filterOf(args: Arguments): DeadLetterFilter {
  const limit = args.integer('limit');
  const filter: DeadLetterFilter = {
    queues: textsOf(args, 'queue'),
    task: args.text('task'),
    // The parser has held them to the choices.
    reason: textsOf(args, 'reason') as readonly DeadLetterReason[] | undefined,
    error: errorOf(args),
    id: textsOf(args, 'id'),
    olderThan: ageOf(args, 'older-than'),
    newerThan: ageOf(args, 'newer-than'),
    limit: limit === undefined ? undefined : requireInteger(limit, '--limit', { min: 1, max: 2_147_483_647 }),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** True for a filter that leaves nothing out. */
export function isEverything(filter: DeadLetterFilter): boolean {
  return Object.keys(filter).length === 0;
}

function textsOf(args: Arguments, option: string): readonly string[] | undefined {
  const texts = args.texts(option);
  return texts.length === 0 ? undefined : texts;
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
