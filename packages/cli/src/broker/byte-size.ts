import { UsageError } from '../usage.js';

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 };

/**
 * Reads a size such as `256mb`; a unit is a power of 1,024, no unit means bytes.
 * @param option whose value it is, and `command` whose option, for the error
 * @returns bytes, 1 or more
 * @throws {UsageError}
 */
export function parseByteSize(text: string, option: string, command = 'broker'): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * (UNITS[unit.toLowerCase()] ?? 0));
  if (digits !== '' && bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`${option}: expected a size such as 256mb, 1.5gb or 1048576, found '${text}'.`, command);
}

/** Bytes as a person reads them: `12.3 MB`. */
export function formatByteSize(bytes: number): string {
  const [unit, size] = [...Object.entries(UNITS)].findLast(([, size]) => bytes >= size) ?? ['b', 1];
  if (size === 1) return `${bytes} B`;
  const value = bytes / size;
  return `${Number(value.toFixed(value < 100 ? 1 : 0))} ${unit.toUpperCase()}`;
}
