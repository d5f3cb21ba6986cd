import type { Logger, LogLevel } from '@tq/core/internal';

/** Writes one log line somewhere. */
export type LogSink = (level: LogLevel, fields: object, message: string) => void;

/** A logger that gives every line to `sink`. */
export function createLogger(sink: LogSink): Logger {
  const at = (level: LogLevel) => (fields: object, message: string) => sink(level, fields, message);
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** What a task logs through: every line carries the task's id and name. */
export function createTaskLogger(logger: Logger, id: string, task: string): Logger {
  return createLogger((level, fields, message) => logger[level]({ ...fields, id, task }, message));
}

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
