import type { Logger } from '@tq/core/internal';
import type { Output } from './output.js';

/** Warnings and errors of an app as plain lines: a person waits for the command. */
export function noteLogger(output: Output): Logger {
  const silent = () => undefined;
  const say = (_fields: object, message: string) => output.note(message);
  return { trace: silent, debug: silent, info: silent, warn: say, error: say };
}
