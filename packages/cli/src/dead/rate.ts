import { TqError } from '@tq/core/internal';

const SECONDS = { s: 1, m: 60, h: 3_600 } as const;
const PATTERN = /^(\d+(?:\.\d+)?)(?:\/(s|m|h))?$/;
const MAX_PER_SECOND = 100_000;

/**
 * Reads a rate as Celery writes them: `50/s`, `100/m`, `1000/h`; a number alone is a second's.
 * @param name what is being read, for the error text
 * @returns messages a second
 * @throws {TqError} `invalid-option`
 */
export function parseRate(text: string, name: string): number {
  const [, count, unit = 's'] = PATTERN.exec(text.trim()) ?? [];
  const perSecond = Number(count) / SECONDS[unit as keyof typeof SECONDS];
  if (perSecond > 0 && perSecond <= MAX_PER_SECOND) return perSecond;
  const expected = `a rate such as 50/s, 100/m or 1000/h, above 0 and at most ${MAX_PER_SECOND}/s`;
  throw new TqError('invalid-option', `${name}: expected ${expected}, found '${text}'.`);
}
