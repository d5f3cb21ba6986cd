import { requireInteger, TqError } from '@tq/core/internal';

/** A queue to consume. */
export interface QueueShare {
  /** Without the prefix. */
  readonly name: string;
  /** Slots of its own; undefined shares `concurrency` with the others. */
  readonly slots: number | undefined;
}

/** Bounds of a number of slots. */
export const SLOTS = { min: 1, max: 1_000 } as const;

/** No queues, as a text. */
const NONE = 'none';

/**
 * Reads queues as text: names with commas between, `=N` for slots of a queue's own, or `none`. A name may contain `=`.
 * @throws {TqError} `invalid-option`
 */
export function readQueues(text: string, name: string): readonly QueueShare[] {
  if (text === NONE) return [];
  return refuseTwice(
    text.split(',').map((part) => readShare(part.trim(), text, name)),
    name,
  );
}

/**
 * Checks queues as a program or a file gives them: a text as above, a list of names, or slots by name.
 * @throws {TqError} `invalid-option`
 */
export function checkQueues(value: unknown, name: string): readonly QueueShare[] {
  if (typeof value === 'string') return checkSlots(readQueues(value, name), name);
  const shares = sharesOf(value);
  if (shares === undefined) {
    throw new TqError('invalid-option', `${name}: expected names of queues, found ${describe(value)}.`);
  }
  if (shares.some((share) => typeof share.name !== 'string' || share.name === '')) {
    throw new TqError('invalid-option', `${name}: expected names, found an empty one.`);
  }
  return checkSlots(refuseTwice(shares, name), name);
}

/** The queues as a text that `readQueues` understands. */
export function printQueues(queues: readonly QueueShare[]): string {
  if (queues.length === 0) return NONE;
  return queues.map(({ name, slots }) => (slots === undefined ? name : `${name}=${slots}`)).join(',');
}

function readShare(part: string, text: string, option: string): QueueShare {
  const equals = part.lastIndexOf('=');
  const name = equals === -1 ? part : part.slice(0, equals);
  if (name === '')
    throw new TqError('invalid-option', `${option}: expected names such as mail,math=2, found '${text}'.`);
  if (equals === -1) return { name, slots: undefined };
  const slots = part.slice(equals + 1);
  if (/^\d+$/.test(slots)) return { name, slots: Number(slots) };
  throw new TqError('invalid-option', `${option}: expected a number of slots after '${name}=', found '${slots}'.`);
}

function sharesOf(value: unknown): readonly QueueShare[] | undefined {
  if (Array.isArray(value)) return value.map((name) => ({ name, slots: undefined }));
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).map(([name, slots]) => ({ name, slots }));
}

function checkSlots(shares: readonly QueueShare[], name: string): readonly QueueShare[] {
  for (const { name: queue, slots } of shares) {
    if (slots !== undefined) requireInteger(slots, `${name}: slots of '${queue}'`, SLOTS);
  }
  return shares;
}

function refuseTwice(shares: readonly QueueShare[], option: string): readonly QueueShare[] {
  const twice = shares.find(({ name }, index) => shares.findIndex((other) => other.name === name) < index);
  if (twice === undefined) return shares;
  throw new TqError('invalid-option', `${option}: expected each queue once, found '${twice.name}' twice.`);
}

function describe(value: unknown): string {
  return typeof value === 'object' ? 'none' : String(value);
}
