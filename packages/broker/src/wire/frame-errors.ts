/** Errors about frames, in RabbitMQ's words: its texts show octets as Erlang prints a binary. */
import { AmqpError } from '../errors.js';

/** How much of a frame is shown. */
const SNIPPET = 16;

/** More octets than fit into a reply text, which is cut to 255 bytes anyway. */
const MOST_OCTETS = 128;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\b': '\\b',
  '\f': '\\f',
  '\x1b': '\\e',
};

/** A frame that cannot be one. @param reason an Erlang term: `unknown_frame` for a type or a payload that makes no sense */
export function frameError(type: number, payload: Buffer, reason: string): AmqpError {
  return new AmqpError('FRAME_ERROR', `${describe(type, payload)}: ${reason}`);
}

/** A well-formed frame that must not come here or now (a heartbeat on a channel, content on channel 0). */
export function unexpectedFrame(type: number, payload: Buffer): AmqpError {
  return new AmqpError('UNEXPECTED_FRAME', describe(type, payload));
}

/** Content that no method announced. */
export function methodExpected(): AmqpError {
  return new AmqpError('UNEXPECTED_FRAME', 'expected method frame, got non method frame instead');
}

/** A method whose arguments are cut short or followed by something. @param fields the arguments' bytes */
export function undecodableMethod(fields: Buffer): AmqpError {
  return new AmqpError('FRAME_ERROR', `cannot decode ${numbers(fields.subarray(0, MOST_OCTETS))}`);
}

function describe(type: number, payload: Buffer): string {
  const count = payload.length <= SNIPPET ? 'all' : `first ${SNIPPET}`;
  return `type ${type}, ${count} octets = ${binary(payload.subarray(0, SNIPPET))}`;
}

/** Like Erlang's `~p`: as text when all of it can be printed. */
function binary(bytes: Buffer): string {
  if (bytes.length === 0 || !bytes.every(isPrintable)) return numbers(bytes);
  const text = Array.from(bytes.toString('latin1'), (char) => ESCAPES[char] ?? char).join('');
  return `<<"${text}">>`;
}

/** Like Erlang's `~w`. */
function numbers(bytes: Buffer): string {
  return `<<${bytes.join(',')}>>`;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte <= 0x7e) || byte >= 0xa0 || String.fromCharCode(byte) in ESCAPES;
}
