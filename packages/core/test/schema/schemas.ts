/** Schemas by hand, for what no library does on purpose. */
import type { ArgsSchema, SchemaIssue, SchemaResult, StandardSchema } from '../../src/schema/standard-schema.js';

/** A schema whose validator is this function. */
export function schemaOf(validate: (args: readonly unknown[]) => unknown): ArgsSchema {
  const answer = (value: unknown) => validate(value as readonly unknown[]) as SchemaResult<readonly unknown[]>;
  return { '~standard': { version: 1, vendor: 'test', validate: answer } };
}

/** A schema that refuses everything. */
export function refusing(...issues: SchemaIssue[]): ArgsSchema {
  return schemaOf(() => ({ issues }));
}

/** The same schema, which answers once `opened` resolves. */
export function asyncSchema<T>(
  schema: StandardSchema<T, T>,
  opened: Promise<void> = Promise.resolve(),
): StandardSchema<T, T> {
  const validate = async (value: unknown) => {
    await opened;
    return schema['~standard'].validate(value);
  };
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

/** A promise that the test resolves. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
