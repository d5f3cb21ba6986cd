const PATTERN =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:Z|([+-]\d{2})(?::?(\d{2}))?)?)?$/;

/**
 * Reads an ISO 8601 time as Python and JavaScript write it, to the millisecond. A time without a zone is UTC, as it is
 * for Celery: `Date.parse` would take the machine's zone, and much that is no time at all (`'foo 1'` is the year 2001).
 * @returns milliseconds since the epoch, or undefined when the text is no such time
 */
export function parseIsoTime(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, date, time = '00:00', seconds = '00', fraction = '', zoneHours, zoneMinutes = '00'] = match;
  const zone = zoneHours === undefined ? 'Z' : `${zoneHours}:${zoneMinutes}`;
  const ms = Date.parse(`${date}T${time}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The last millisecond whose year has four digits; Python's times, and this file's, end here. */
export const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Writes a time as the wire carries it, in UTC: `2026-08-01T12:00:00.000Z`.
 * @param ms since the epoch, from 0 to `MAX_TIME_MS`
 */
export function printIsoTime(ms: number): string {
  return new Date(ms).toISOString();
}
