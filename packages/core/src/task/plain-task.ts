import { TqError } from '../errors.js';
import { requireOneOf } from '../options-check.js';
import type { PlainFormat } from '../protocol/foreign-message.js';
import type { PlainFacts } from './task-facts.js';

/** Whose messages a task takes. */
export type Wire = 'celery' | 'plain';

/** What a task's definition says of messages that are none of Celery's or tq's. */
export interface WireOptions {
  /**
   * `plain` takes bodies of programs that know nothing of tasks from the task's `queue`, beside calls: the handler gets
   * the body as its one argument, and what it returns goes to `reply_to`, where there is one, as a plain body too. Several
   * such tasks may share a queue; then `app_id`, else `type`, else the header `task` names the one that is meant, unless
   * the queue's `functionFrom` says where. Default: `celery`, calls alone.
   */
  readonly wire?: Wire | undefined;
  /** How plain bodies and results are read and written: `json`, or `text` as it is; UTF-8. Default: `json`. */
  readonly format?: PlainFormat | undefined;
}

/**
 * Checks a definition's wire.
 * @throws {TqError} `invalid-option`
 */
export function checkWire(name: string, { wire, format, queue }: WireOptions & { readonly queue?: unknown }): void {
  if (wire !== undefined) requireOneOf(wire, `task '${name}': wire`, WIRES);
  if (format !== undefined) requireOneOf(format, `task '${name}': format`, FORMATS);
  if (wire !== 'plain') {
    if (format === undefined) return;
    const text = `task '${name}': format: expected none without wire: 'plain', found '${format}'; calls of tasks are always JSON.`;
    throw new TqError('invalid-option', text);
  }
  if (queue !== undefined) return;
  const text = `task '${name}': queue: expected the one that other programs publish to, found none; wire: 'plain' needs it.`;
  throw new TqError('invalid-option', text);
}

const WIRES = ['celery', 'plain'] as const satisfies readonly Wire[];
const FORMATS = ['json', 'text'] as const satisfies readonly PlainFormat[];

/**
 * How a task takes plain messages; undefined where it takes none.
 * @throws {TqError} `invalid-option` when the handler has more parameters than a plain message has bodies
 */
export function plainFacts(
  name: string,
  handler: CallableFunction,
  { wire, format = 'json', queue = '' }: WireOptions & { readonly queue?: string | undefined },
): PlainFacts | undefined {
  if (wire !== 'plain') return undefined;
  if (handler.length <= 1) return { queue, format };
  const text = `task '${name}': expected a handler of one argument, the body, found one of ${handler.length}; wire: 'plain' passes no others.`;
  throw new TqError('invalid-option', text);
}
