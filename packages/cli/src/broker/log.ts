import type { BrokerOptions } from '@tq/broker';
import type { Output } from '../output.js';

/** Where a broker's log goes. */
export type BrokerLog = NonNullable<BrokerOptions['logger']>;

type Level = keyof BrokerLog;

/** As in pino's lines, which a worker's log has. */
const LEVELS: Readonly<Record<Level, number>> = { info: 30, warn: 40, error: 50 };

/**
 * The broker's log on standard error: readable lines on a terminal, elsewhere and with `--json` JSON lines of the same
 * shape as a worker's. Passwords in URLs are masked. Loads nothing: a broker is to be there at once.
 */
export function createBrokerLog(output: Output): BrokerLog {
  const format = output.interactive && !output.json ? formatForPeople : formatAsJson;
  const at = (level: Level) => (fields: object, text: string) => output.block(format(level, fields, text));
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function formatAsJson(level: Level, fields: object, msg: string): string {
  const entry = { level: LEVELS[level], time: Date.now(), pid: process.pid, ...fields, msg };
  return JSON.stringify(entry, (_key, value: unknown) => (value instanceof Error ? describeError(value) : value));
}

function describeError({ name, message, stack }: Error): object {
  return { type: name, message, stack };
}

function formatForPeople(level: Level, fields: object, text: string): string {
  const time = new Date().toTimeString().slice(0, 8);
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${showValue(value)}`);
  return [time, ...(level === 'info' ? [] : [level.toUpperCase()]), text, ...shown].join(' ');
}

function showValue(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
