/**
 * Short strings (AMQP 0-9-1 section 4.2.5.3) are UTF-8 by specification, but RabbitMQ lets any octets pass as a routing
 * key or as the name of a header. An octet that is not UTF-8 becomes the lone surrogate U+DC00 + octet (as in Python's
 * PEP 383), so that equal texts are equal octets and writing gives the octets that were read.
 */
import { isUtf8 } from 'node:buffer';
import { MAX_SHORT_STRING } from './constants.js';

const ESCAPE = 0xdc00;
const HAS_ESCAPES = /[\udc80-\udcff]/u;

/** The text of octets; never fails. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // The decoder puts U+FFFD for what it does not understand; it may also stand there by right.
  return text.includes('\ufffd') ? escapedText(bytes.subarray(start, end)) : text;
}

/** Whether a text came from octets that were not UTF-8. */
export function isEscaped(text: string): boolean {
  return HAS_ESCAPES.test(text);
}

/** The octets of a text, their count before them. @throws RangeError when there are more than 255 */
export function encodeShortString(text: string): Buffer {
  const octets = isEscaped(text) ? Buffer.concat(Array.from(text, octetsOf)) : Buffer.from(text);
  if (octets.length > MAX_SHORT_STRING) {
    throw new RangeError(`expected a short string of at most ${MAX_SHORT_STRING} bytes, found ${octets.length}`);
  }
  return Buffer.concat([Buffer.from([octets.length]), octets]);
}

function octetsOf(char: string): Buffer {
  return isEscaped(char) ? Buffer.from([char.charCodeAt(0) - ESCAPE]) : Buffer.from(char);
}

function escapedText(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const char = bytes.subarray(at, at + sequenceLength(bytes[at]!));
    if (isUtf8(char)) {
      text += char.toString();
      at += char.length;
    } else {
      text += String.fromCharCode(ESCAPE + bytes[at]!);
      at += 1;
    }
  }
  return text;
}

/** How many octets a character has that begins with this one. */
function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
