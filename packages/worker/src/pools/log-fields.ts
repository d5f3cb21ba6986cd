/** Fields of a log line as JSON text, for a port: errors keep type, message, stack and code. Never throws. */
export function encodeLogFields(fields: object): string {
  try {
    return JSON.stringify(fields, describe) ?? '{}';
  } catch (error) {
    return JSON.stringify({ fields: `not serialisable: ${String(error)}` });
  }
}

/** Reads what `encodeLogFields` wrote. */
export function decodeLogFields(text: string): object {
  return JSON.parse(text) as object;
}

function describe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  return {
    ...value,
    type: value.name,
    message: value.message,
    stack: value.stack,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  };
}
