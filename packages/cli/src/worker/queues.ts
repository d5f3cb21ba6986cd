import { UsageError } from '../usage.js';

/**
 * Reads `--queues`: names with commas between, `=N` for slots of a queue's own. A name may contain `=`.
 * @returns as `createWorker` takes it; undefined shares the worker's slots
 * @throws {UsageError}
 */
export function parseQueues(text: string): Readonly<Record<string, number | undefined>> {
  const shares = text.split(',').map((part) => parseShare(part.trim(), text));
  const names = shares.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--queues: '${twice}' is named twice.`, 'worker');
  return Object.fromEntries(shares);
}

function parseShare(part: string, text: string): readonly [name: string, slots: number | undefined] {
  const equals = part.lastIndexOf('=');
  const name = equals === -1 ? part : part.slice(0, equals);
  if (name === '') {
    throw new UsageError(`--queues: expected names such as mail,math=2, found '${text}'.`, 'worker');
  }
  if (equals === -1) return [name, undefined];
  const slots = part.slice(equals + 1);
  if (/^\d+$/.test(slots)) return [name, Number(slots)];
  throw new UsageError(`--queues: expected a number of slots after '${name}=', found '${slots}'.`, 'worker');
}
