import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireInteger } from '../options-check.js';
import type { RetryNumbers } from '../protocol/call-retry.js';
import type { Headers } from '../protocol/message.js';
import { MAX_NAME_BYTES } from '../protocol/names.js';
import type { TimeLimits } from '../protocol/time-limits.js';
import { type ArgsSchema, isStandardSchema, type ResultSchema } from '../schema/standard-schema.js';
import type { CallOptions } from './call.js';
import { requireExpires } from './call-times.js';
import { checkOnFailure, type FailureTask, refuseOwnFailures } from './on-failure.js';
import { checkWire, type WireOptions } from './plain-task.js';
import { checkCallRetry, checkRetry, type RetryOptions } from './retry-options.js';

/** What a task's calls have in common; a call's own options win. */
export interface TaskOptions extends WireOptions {
  /** Queue to publish to, without the app's prefix. Default: the app's `queue`. */
  readonly queue?: string | undefined;
  /** 0 to 255, on a queue that has priorities. Default: none. */
  readonly priority?: number | undefined;
  /** Headers of every call. */
  readonly headers?: Headers | undefined;
  /** Ask for no result. Default: false. */
  readonly ignoreResult?: boolean | undefined;
  /**
   * Longest time that a run may take, ms, from 1 on: then its thread or process is ended and replaced, and the task
   * fails with `TimeLimitError`. The async pool cannot do that and only aborts the signal. Default: the worker's.
   */
  readonly timeLimit?: number | undefined;
  /**
   * When the run's signal aborts with a `SoftTimeLimitError`, ms, from 1 on and less than `timeLimit`.
   * Default: the worker's.
   */
  readonly softTimeLimit?: number | undefined;
  /** How long after its call a task may still start, ms, from 1 on; see `CallOptions`. Default: for ever. */
  readonly expires?: number | undefined;
  /**
   * The task that is called with a `TaskFailure` when this one has failed for good: it failed and is not tried again, was
   * refused, rejected or given up; not when it expired or was ignored. The definition that the worker has decides; calls
   * of a task that is only declared bring it. The call is confirmed before the failed task
   * leaves its queue; a crash in between repeats it, with the same id. Default: none.
   */
  readonly onFailure?: FailureTask | undefined;
  /**
   * Whether a task that has failed for good leaves a dead letter. False drops its message once its caller is told; one
   * that cannot be read leaves a dead letter all the same. Calls cannot say it. Default: true.
   */
  readonly deadLetter?: boolean | undefined;
  /**
   * When a run that failed is done again. The definition that the worker has decides, and each value that a call brings
   * takes the place of its own; functions and classes are for definitions only. Default: never, unless the task asks by
   * throwing a `Retry`.
   */
  readonly retry?: RetryOptions | undefined;
}

/** What a task's arguments and result must fit: schemas of any library that has https://standardschema.dev. */
export interface SchemaOptions<A extends ArgsSchema | undefined, R extends ResultSchema | undefined> {
  /** Of the list of arguments, a tuple most often. Calls send what it takes; the handler gets what it makes of that. */
  readonly args?: A | undefined;
  /** Takes what the handler returns; the caller gets what it makes of that. */
  readonly result?: R | undefined;
}

/** All that may be said of a task where it is defined. */
export type DefinitionOptions = TaskOptions & SchemaOptions<ArgsSchema | undefined, ResultSchema | undefined>;

/** What may be said of a task that is only declared: what its calls bring, so no functions and no result schema. */
export interface DeclarationOptions extends Omit<TaskOptions, 'retry' | keyof WireOptions> {
  /** What its calls say of retries, in place of the definition's own policy, value by value. */
  readonly retry?: RetryNumbers | undefined;
  /** Of the list of arguments; with it calls are validated before they are sent. */
  readonly args?: ArgsSchema | undefined;
}

const DEFAULT_KEYS = [
  'queue',
  'priority',
  'headers',
  'ignoreResult',
  'timeLimit',
  'softTimeLimit',
  'expires',
  'onFailure',
  'retry',
] as const;
const TASK_KEYS = [...DEFAULT_KEYS, 'deadLetter', 'wire', 'format', 'args', 'result'] as const;
const CALL_KEYS = [
  ...DEFAULT_KEYS,
  'taskId',
  'deadline',
  'signal',
  'countdown',
  'eta',
  'exchange',
  'routingKey',
] as const;
const KNOWN_TO_CALLS: ReadonlySet<string> = new Set(CALL_KEYS);
const MAX_TASK_NAME = 255;

/**
 * Checks a task's name and options where it is defined.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkTask(name: string, options: DefinitionOptions): DefinitionOptions {
  if (typeof name !== 'string' || name === '' || name.length > MAX_TASK_NAME) {
    throw new TqError(
      'invalid-option',
      `task name: expected 1 to ${MAX_TASK_NAME} characters, found '${String(name)}'.`,
    );
  }
  refuseUnknownKeys(options, TASK_KEYS, `task '${name}'`);
  checkPriority(options.priority, `task '${name}': priority`);
  checkTimeLimits(options, `task '${name}': `);
  if (options.expires !== undefined) requireExpires(options.expires, `task '${name}': expires`);
  checkOnFailure(options.onFailure, `task '${name}': `);
  refuseOwnFailures(name, options.onFailure);
  checkDeadLetter(options.deadLetter, `task '${name}': deadLetter`);
  checkRetry(options.retry, `task '${name}': retry`);
  checkWire(name, options);
  checkSchema(options.args, `task '${name}': args`);
  checkSchema(options.result, `task '${name}': result`);
  return options;
}

function checkSchema(schema: unknown, where: string): void {
  if (schema === undefined || isStandardSchema(schema)) return;
  const found = Array.isArray(schema) ? 'a list' : schema === null ? 'null' : `something else (${typeof schema})`;
  throw new TqError(
    'invalid-option',
    `${where}: expected a Standard Schema, found ${found}. Make it with zod, valibot, arktype or another library of https://standardschema.dev.`,
  );
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
 * Checks a call's options but for its times, which `callTimes` reads.
 * @param own those of them that the call brings, where a task's are among them: only they can have unknown keys
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkCall(options: CallOptions, own: CallOptions = options): void {
  for (const key of Object.keys(own) as (keyof CallOptions)[]) {
    if (!KNOWN_TO_CALLS.has(key) && own[key] !== undefined) refuseUnknownKeys(own, CALL_KEYS, 'call');
  }
  checkPriority(options.priority, 'priority');
  checkTimeLimits(options, '');
  checkOnFailure(options.onFailure, '');
  checkCallRetry(options.retry, 'retry');
  const { taskId, deadline, exchange, routingKey } = options;
  if (taskId !== undefined && (typeof taskId !== 'string' || taskId === '' || Buffer.byteLength(taskId) > 255)) {
    throw new TqError(
      'invalid-option',
      `taskId: expected text of 1 to 255 bytes, found '${String(taskId).slice(0, 64)}'.`,
    );
  }
  if (deadline !== undefined) requireInteger(deadline, 'deadline (ms)', { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (exchange !== undefined || routingKey !== undefined) checkTarget(exchange, routingKey);
}

function checkTarget(exchange: unknown, routingKey: unknown): void {
  if (typeof exchange !== 'string' || exchange === '') {
    const found = exchange === undefined ? 'a routingKey without one' : `'${String(exchange).slice(0, 64)}'`;
    throw new TqError('invalid-option', `exchange: expected the name of an exchange, found ${found}.`);
  }
  const fits = routingKey === undefined || (typeof routingKey === 'string' && isShort(routingKey));
  if (isShort(exchange) && fits) return;
  const text = `exchange and routingKey: expected texts of at most ${MAX_NAME_BYTES} bytes, found others.`;
  throw new TqError('invalid-option', text);
}

function isShort(name: string): boolean {
  return Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

function checkDeadLetter(deadLetter: unknown, where: string): void {
  if (deadLetter === undefined || typeof deadLetter === 'boolean') return;
  throw new TqError('invalid-option', `${where}: expected true or false, found ${typeof deadLetter}.`);
}

function checkPriority(priority: number | undefined, where: string): void {
  if (priority !== undefined) requireInteger(priority, where, { min: 0, max: 255 });
}

/** The time limits among a task's or a call's options; undefined when there are none. */
export function limitsOf({ timeLimit, softTimeLimit }: TaskOptions | CallOptions): TimeLimits | undefined {
  return timeLimit === undefined && softTimeLimit === undefined ? undefined : { timeLimit, softTimeLimit };
}

/**
 * Checks a pair of time limits.
 * @param where goes before the option's name in the error's text
 * @throws {TqError} `invalid-option`, also when the soft limit would never come
 */
export function checkTimeLimits({ timeLimit, softTimeLimit }: Partial<TimeLimits>, where: string): void {
  if (timeLimit !== undefined) requireInteger(timeLimit, `${where}timeLimit (ms)`, LIMIT_MS);
  if (softTimeLimit === undefined) return;
  requireInteger(softTimeLimit, `${where}softTimeLimit (ms)`, LIMIT_MS);
  if (timeLimit === undefined || softTimeLimit < timeLimit) return;
  throw new TqError(
    'invalid-option',
    `${where}softTimeLimit: expected less than the timeLimit of ${timeLimit} ms, found ${softTimeLimit} ms, ` +
      'which would never come; lower one or raise the other.',
  );
}

const LIMIT_MS = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** Why a task that is only declared may have no result schema. */
export function resultOfDeclaration(name: string): TqError {
  const text = `task '${name}': result: expected none where the task is only declared, found one. Give it where the handler is: the worker validates results.`;
  return new TqError('invalid-option', text);
}
