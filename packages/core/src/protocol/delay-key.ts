import { TqError } from '../errors.js';
import { DELAY_LEVELS, MAX_NAME_BYTES } from './names.js';

/** The longest way through the ladder, units. */
const MAX_UNITS = 2 ** DELAY_LEVELS - 1;
/** Each level has a word of the routing key, one digit and a dot. */
const PREFIX_BYTES = 2 * DELAY_LEVELS;
const MAX_DESTINATION_BYTES = MAX_NAME_BYTES - PREFIX_BYTES;

/** The longest delay that a ladder of this unit takes, ms. */
export function maxDelayMs(unitMs: number): number {
  return unitMs * MAX_UNITS;
}

/**
 * A delay in units, rounded up.
 * @param delayMs more than 0
 * @throws {TqError} `invalid-option` when the delay is longer than the ladder
 */
export function delayUnits(unitMs: number, delayMs: number): number {
  const units = Math.ceil(delayMs / unitMs);
  if (units >= 1 && units <= MAX_UNITS) return units;
  const text = `delay: expected more than 0 and at most ${maxDelayMs(unitMs)} ms (delayUnit ${unitMs} ms × ${MAX_UNITS}), found ${delayMs} ms.`;
  throw new TqError('invalid-option', text, { fields: { delayMs, maxDelayMs: maxDelayMs(unitMs) } });
}

/** The level of the first 1 in the digits of this many units, 0 to 27. */
export function firstLevel(units: number): number {
  return 31 - Math.clz32(units);
}

/**
 * The routing key by which a message waits and then finds its queue: the units of its delay as 28 binary digits, the
 * largest first, and the queue's name, all joined by dots. Each level of the ladder looks at one digit.
 */
export function delayKey(units: number, destination: string): string {
  return word(units >> 21) + word(units >> 14) + word(units >> 7) + word(units) + escaped(destination);
}

/** Seven of the 28 digits at once, since every delayed message has such a key. */
function word(units: number): string {
  return WORDS[units & 127] as string;
}

const WORDS = Array.from({ length: 128 }, (_, digits) => digits.toString(2).padStart(7, '0').replaceAll(/./g, '$&.'));

const ANY_DELAY = '*.'.repeat(DELAY_LEVELS);

/**
 * The binding key of a queue at the end of the ladder: any delay, and exactly this name. A plain `#.foo` would take
 * what is for `a.foo` too.
 * @throws {TqError} `invalid-option` when the name is too long
 */
export function destinationKey(destination: string): string {
  checkDestination(destination);
  return ANY_DELAY + escaped(destination);
}

/** The queue that a key of the ladder is for; undefined when it is no such key. */
export function destinationOf(routingKey: string): string | undefined {
  if (!DIGITS.test(routingKey)) return undefined;
  const name = routingKey.slice(PREFIX_BYTES);
  return name.replace(/%(25|2A|23)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

const DIGITS = new RegExp(`^(?:[01]\\.){${DELAY_LEVELS}}.`, 's');

/**
 * Checks that a queue's name, prefix included, fits behind the ladder's digits into a routing key.
 * @throws {TqError} `invalid-option`
 */
export function checkDestination(destination: string): void {
  const bytes = Buffer.byteLength(escaped(destination));
  if (bytes <= MAX_DESTINATION_BYTES) return;
  const text = `queue: expected a name of at most ${MAX_DESTINATION_BYTES} bytes with its prefix ('*', '#' and '%' count as 3), found ${bytes} bytes.`;
  throw new TqError('invalid-option', text);
}

/** `*` and `#` alone between dots would match other names in a binding; dots may stay, since they match themselves. */
function escaped(name: string): string {
  return SPECIAL.test(name) ? name.replace(/[%*#]/g, (sign) => ESCAPES[sign as keyof typeof ESCAPES]) : name;
}

const SPECIAL = /[%*#]/;
const ESCAPES = { '%': '%25', '*': '%2A', '#': '%23' } as const;
