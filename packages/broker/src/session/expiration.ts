import { AmqpError } from '../errors.js';

/** Ten years in ms: the longest time that RabbitMQ lets a message live. */
const LONGEST_MS = 315_360_000_000;

/**
 * Checks the property expiration: milliseconds in decimal.
 * @throws {AmqpError} PRECONDITION_FAILED in RabbitMQ's words
 */
export function checkExpiration(text: string | undefined): void {
  if (text === undefined) return;
  const reason = refusal(text);
  if (reason !== undefined) {
    throw new AmqpError('PRECONDITION_FAILED', `invalid expiration '${text}': ${reason}`);
  }
}

function refusal(text: string): string | undefined {
  const number = /^[+-]?\d+/.exec(text)?.[0];
  if (number === undefined) return 'no_integer';
  if (number.length < text.length) return `{leftover_string,${JSON.stringify(text.slice(number.length))}}`;
  const value = BigInt(number);
  if (value < 0n) return `{value_negative,${value}}`;
  return value > LONGEST_MS ? `{value_too_large,${value}}` : undefined;
}
