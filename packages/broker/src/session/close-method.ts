import { AmqpError } from '../errors.js';

/** A short string holds so many bytes. */
const LONGEST_TEXT = 255;
const ELLIPSIS = '...';

/** The arguments of channel.close and connection.close that tell a client of an error. */
export function closeArguments({ replyCode, message, method }: AmqpError): {
  readonly replyCode: number;
  readonly replyText: string;
  readonly classId: number;
  readonly methodId: number;
} {
  return { replyCode, replyText: cut(message), ...method };
}

/** The error that a client is told of when the broker stops. */
export function forcedClosure(): AmqpError {
  return new AmqpError('CONNECTION_FORCED', "broker forced connection closure with reason 'shutdown'");
}

/** The error that a client is told of when this broker has made a mistake. */
export function internalError(thrown: unknown): AmqpError {
  return new AmqpError('INTERNAL_ERROR', thrown instanceof Error ? thrown.name : 'unknown');
}

/** Cuts a text to what fits, between two characters, and shows it as RabbitMQ does. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_TEXT) return text;
  let end = LONGEST_TEXT - ELLIPSIS.length;
  // 10xxxxxx continues a character of UTF-8.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ELLIPSIS;
}
