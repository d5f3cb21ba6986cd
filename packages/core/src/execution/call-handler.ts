import { TqError } from '../errors.js';
import { resultRefusal } from '../schema/refusal.js';
import type { ResultSchema } from '../schema/standard-schema.js';
import { type Validation, validate } from '../schema/validate.js';
import type { Runnable } from '../task/registry.js';

/**
 * Calls a task's handler and validates what it returns where there is a schema for that; a promise only where the
 * handler or the validator gives one.
 * @throws {TqError} `invalid-result`, or what the handler throws; a promise rejects with the same
 */
export function callHandler({ name, handler, result }: Runnable, args: readonly unknown[]): unknown {
  const value = handler(...(args as never[]));
  if (result === undefined) return value;
  if (!isThenable(value)) return checkResult(name, result, value);
  return Promise.resolve(value).then((late) => checkResult(name, result, late));
}

/** Whether something is to be awaited, as `await` sees it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function checkResult(task: string, schema: ResultSchema, value: unknown): unknown {
  const validation = validate(schema, value);
  return validation instanceof Promise ? validation.then((late) => outputOf(task, late)) : outputOf(task, validation);
}

function outputOf(task: string, validation: Validation<unknown>): unknown {
  if (validation.kind === 'fits') return validation.value;
  const { code, message, options } = resultRefusal(task, validation);
  throw new TqError(code, message, options);
}
