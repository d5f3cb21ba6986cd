/**
 * The interface that validation libraries share, copied from https://standardschema.dev (version 1, which allows it), so
 * that no type of tq depends on a package.
 * @typeParam I what may be given to `validate`
 * @typeParam O what it makes of that
 */
export interface StandardSchema<I = unknown, O = I> {
  /** What a library says and does; the name keeps it out of the way of the library's own. */
  readonly '~standard': {
    /** Of the interface. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Answers at once, or with a promise of an answer. */
    readonly validate: (value: unknown) => SchemaResult<O> | Promise<SchemaResult<O>>;
    /** For the compiler alone; never there at run time. */
    readonly types?: SchemaTypes<I, O> | undefined;
  };
}

/** The types of a schema, as it carries them for the compiler. */
export interface SchemaTypes<I, O> {
  /** What may be given to it. */
  readonly input: I;
  /** What it makes of that. */
  readonly output: O;
}

/** What a validator answers. */
export type SchemaResult<O> = SchemaSuccess<O> | SchemaFailure;

/** It fits. */
export interface SchemaSuccess<O> {
  /** The schema's output. */
  readonly value: O;
  /** Never there. */
  readonly issues?: undefined;
}

/** It does not fit. */
export interface SchemaFailure {
  /** Why not. */
  readonly issues: readonly SchemaIssue[];
}

/** One thing that does not fit. */
export interface SchemaIssue {
  /** The library's words. */
  readonly message: string;
  /** Keys that lead to it, from the outside in. */
  readonly path?: readonly (PropertyKey | SchemaPathSegment)[] | undefined;
}

/** A key of a path, where the library tells more of it than the key. */
export interface SchemaPathSegment {
  /** The key. */
  readonly key: PropertyKey;
}

/** A schema for the arguments of a task: of a list, whatever is in it. */
export type ArgsSchema = StandardSchema<readonly unknown[], readonly unknown[]>;

/** A schema for the result of a task. */
export type ResultSchema = StandardSchema<unknown, unknown>;

/** What a schema takes. */
export type SchemaInput<S extends StandardSchema<unknown, unknown>> = NonNullable<S['~standard']['types']>['input'];

/** What a schema makes of what it takes. */
export type SchemaOutput<S extends StandardSchema<unknown, unknown>> = NonNullable<S['~standard']['types']>['output'];

/** Whether something has the interface, for programs without types; arktype's schemas are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  const standard: unknown = (value as { '~standard'?: unknown })['~standard'];
  if (typeof standard !== 'object' || standard === null) return false;
  const { version, validate } = standard as { version?: unknown; validate?: unknown };
  return version === 1 && typeof validate === 'function';
}
