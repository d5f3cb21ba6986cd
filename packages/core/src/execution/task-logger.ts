import type { Logger, LogLevel } from '../runtime.js';

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
