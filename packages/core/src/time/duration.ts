import { TqError } from '../errors.js';

/** A duration in options: milliseconds, or a text such as `500ms`, `10s`, `5m`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Reads a duration as the command line and the environment write it: `500ms`, `10s`, `5m`, `2h`, `7d`.
 * @param name what is being read, for the error text
 * @returns whole milliseconds: a fraction of one is rounded
 * @throws {TqError} `invalid-option` when the text is no duration
 */
export function parseDuration(text: string, name: string): number {
  const match = PATTERN.exec(text.trim());
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]);
  if (Number.isSafeInteger(ms)) return ms;
  throw new TqError('invalid-option', `${name}: expected a duration such as 500ms, 10s or 5m, found '${text}'.`);
}

/** Writes milliseconds in the largest unit that keeps them short: `1.5s`, `2m`, `300ms`. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1_000) return `${whole}ms`;
  for (const unit of ['d', 'h', 'm'] as const) {
    if (whole % UNITS[unit] === 0) return `${whole / UNITS[unit]}${unit}`;
  }
  return `${Math.round(whole / 100) / 10}s`;
}

/** Writes milliseconds exactly, in the largest unit that does: `25s`, `1m`, `1500ms`; `parseDuration` reads it. */
export function printDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms > 0 && ms % UNITS[name] === 0);
  return unit === undefined ? `${ms}ms` : `${ms / UNITS[unit]}${unit}`;
}
