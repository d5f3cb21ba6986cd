import { type Issue, readIssue } from './issue-text.js';
import type { ArgsSchema, SchemaResult, StandardSchema } from './standard-schema.js';

/** What came of a validation: the schema's output, or why there is none. */
export type Validation<T> = { readonly kind: 'fits'; readonly value: T } | Misfit;

export type Misfit =
  /** Of many issues the first {@link MAX_ISSUES}. */
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] }
  /** The validator itself failed. */
  | { readonly kind: 'threw'; readonly thrown: unknown };

/** Of the arguments of a task. */
export type ArgsValidation = Validation<readonly unknown[]>;

const MAX_ISSUES = 100;

/**
 * Asks a schema; a promise only where the validator gives one. Total: a validator is user code, and whatever it does is
 * an answer.
 */
export function validate<T>(
  schema: StandardSchema<unknown, T>,
  value: unknown,
): Validation<T> | Promise<Validation<T>> {
  try {
    const answer = schema['~standard'].validate(value);
    if (!isThenable(answer)) return read(answer, value);
    return Promise.resolve(answer)
      .then((late) => read(late, value))
      .catch(threw);
  } catch (thrown) {
    return threw(thrown);
  }
}

/** Asks the schema of a task's arguments, whose output must be a list as well. */
export function validateArgs(schema: ArgsSchema, args: readonly unknown[]): ArgsValidation | Promise<ArgsValidation> {
  const validation = validate(schema, args);
  return validation instanceof Promise ? validation.then(requireList) : requireList(validation);
}

function requireList(validation: ArgsValidation): ArgsValidation {
  if (validation.kind !== 'fits' || Array.isArray(validation.value)) return validation;
  return threw(new TypeError('The schema makes something else than a list of the arguments; use one of a tuple.'));
}

function read<T>(answer: SchemaResult<T>, value: unknown): Validation<T> {
  if (typeof answer !== 'object' || answer === null) {
    return threw(new TypeError('The validator gave neither a value nor issues, so it is no Standard Schema.'));
  }
  if (!answer.issues) return { kind: 'fits', value: answer.value };
  const issues = Array.from(answer.issues).slice(0, MAX_ISSUES);
  return { kind: 'refused', issues: issues.map((issue) => readIssue(issue, value)) };
}

function threw(thrown: unknown): Misfit {
  return { kind: 'threw', thrown };
}

function isThenable<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as { then?: unknown } | undefined | null)?.then === 'function';
}
