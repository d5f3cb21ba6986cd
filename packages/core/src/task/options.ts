import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { Headers } from '../protocol/message.js';
import type { CallOptions } from './signature.js';

/** What a task's calls have in common; a call's own options win. */
export interface TaskOptions {
  /** Queue to publish to, without the app's prefix. Default: the app's `queue`. */
  readonly queue?: string | undefined;
  /** 0 to 255, on a queue that has priorities. Default: none. */
  readonly priority?: number | undefined;
  /** Headers of every call. */
  readonly headers?: Headers | undefined;
  /** Ask for no result. Default: false. */
  readonly ignoreResult?: boolean | undefined;
}

const TASK_KEYS = ['queue', 'priority', 'headers', 'ignoreResult'] as const;
const CALL_KEYS = [...TASK_KEYS, 'taskId', 'deadline', 'signal'] as const;
const MAX_TASK_NAME = 255;

/**
 * Checks a task's name and options where it is defined.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkTask(name: string, options: TaskOptions): TaskOptions {
  if (typeof name !== 'string' || name === '' || name.length > MAX_TASK_NAME) {
    throw new TqError(
      'invalid-option',
      `task name: expected 1 to ${MAX_TASK_NAME} characters, found '${String(name)}'.`,
    );
  }
  refuseUnknownKeys(options, TASK_KEYS, `task '${name}'`);
  checkPriority(options.priority, `task '${name}': priority`);
  return options;
}

/**
 * Checks what is to run, for programs without types.
 * @throws {TqError} `invalid-option`
 */
export function checkHandler(name: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new TqError('invalid-option', `task '${name}': expected a function as handler, found ${typeof handler}.`);
}

/**
 * Checks a call's options.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkCall(options: CallOptions): void {
  refuseUnknownKeys(options, CALL_KEYS, 'call');
  checkPriority(options.priority, 'priority');
  const { taskId, deadline } = options;
  if (taskId !== undefined && (typeof taskId !== 'string' || taskId === '' || Buffer.byteLength(taskId) > 255)) {
    throw new TqError(
      'invalid-option',
      `taskId: expected text of 1 to 255 bytes, found '${String(taskId).slice(0, 64)}'.`,
    );
  }
  if (deadline !== undefined) requireInteger(deadline, 'deadline (ms)', { min: 1, max: Number.MAX_SAFE_INTEGER });
}

function checkPriority(priority: number | undefined, where: string): void {
  if (priority !== undefined) requireInteger(priority, where, { min: 0, max: 255 });
}
