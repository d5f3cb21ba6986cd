import { isUtf8 } from 'node:buffer';
import { assertNever, TqError } from '../errors.js';
import { MAX_TIME_MS, printIsoTime } from '../time/iso-time.js';
import { decodeEarlierErrors } from './earlier-errors.js';
import type { TaskMessage } from './envelope.js';
import { decodeError, encodeError } from './error-codec.js';
import { foreignMessage, type Origin, type PlainFormat } from './foreign-message.js';
import { count, optionalText, time } from './header-values.js';
import {
  type Headers,
  type InboundMessage,
  JSON_CONTENT_TYPE,
  type OutboundMessage,
  PERSISTENT,
  UTF8,
} from './message.js';
import { DELIVERY_COUNT_HEADER, PLAIN_ERROR_HEADER, PLAIN_ERROR_TYPE, TQ_HEADER } from './names.js';
import type { FinalState } from './reply.js';
import { serialize } from './serializer.js';
import type { TaskBody } from './task-body.js';
import { NO_TIME_LIMITS } from './time-limits.js';

/** What a foreign message does not say itself. */
export interface PlainReading {
  /** Name of the task that takes it. */
  readonly task: string;
  readonly format: PlainFormat;
  /** ms since the epoch. */
  readonly now: number;
  /** For a message that came without an id. */
  readonly newId: () => string;
}

/**
 * Reads a delivery of a program that knows nothing of tasks. Its body is looked at where the handler runs.
 * @throws {TqError} `poison` when the body is no UTF-8, or a header is malformed by which tq follows the message
 */
export function decodePlain(message: InboundMessage, { task, format, now, newId }: PlainReading): TaskMessage {
  const { properties, body } = message;
  const headers = properties.headers ?? NO_HEADERS;
  if (!isUtf8(body)) throw notReadable('UTF-8', 'bytes that are not');
  const id = optionalText(headers[TQ_HEADER.id], TQ_HEADER.id) || properties.messageId || newId();
  const foreign = { format, message: foreignMessage(message, originOf(message, headers)) };
  // Written out: a literal with spreads in it costs each message as much as everything else here.
  return {
    id,
    task,
    rootId: id,
    parentId: undefined,
    replyTo: properties.replyTo === '' ? undefined : properties.replyTo,
    retries: count(headers[TQ_HEADER.retries], TQ_HEADER.retries),
    ignoreResult: false,
    limits: NO_TIME_LIMITS,
    eta: undefined,
    expires: time(headers[TQ_HEADER.expires], TQ_HEADER.expires) ?? expiryOf(properties.expiration, now),
    lost: count(headers[TQ_HEADER.lost], TQ_HEADER.lost),
    earlierDeliveries:
      count(headers[DELIVERY_COUNT_HEADER], DELIVERY_COUNT_HEADER) +
      count(headers[TQ_HEADER.redeliveries], TQ_HEADER.redeliveries),
    retry: undefined,
    errors: decodeEarlierErrors(headers[TQ_HEADER.errors]),
    unknownRounds: count(headers[TQ_HEADER.unknownRounds], TQ_HEADER.unknownRounds),
    onFailure: undefined,
    replacedNesting: 0,
    headers: foreign.message.headers,
    bodyText: body.toString('utf8'),
    foreign,
  };
}

const NO_HEADERS: Headers = Object.freeze({});

/** A copy came by another way than the first message, and says by which that one came. */
function originOf(message: InboundMessage, headers: Headers): Origin {
  const exchange = headers[TQ_HEADER.exchange];
  const routingKey = headers[TQ_HEADER.routingKey];
  return typeof exchange === 'string' && typeof routingKey === 'string' ? { exchange, routingKey } : message;
}

/**
 * The broker drops a message that has waited for so long; what it has delivered may wait here as long again. With 0 it
 * delivers to who is ready, so that one is in time.
 */
function expiryOf(expiration: string | undefined, now: number): number | undefined {
  const ms = Number(expiration);
  return ms > 0 ? Math.min(now + ms, MAX_TIME_MS) : undefined;
}

/** Headers by which a copy of a foreign message, also its dead letter, is known as the same; none for a task's. */
export function copyHeaders({ id, expires, foreign }: TaskMessage): Headers {
  if (foreign === undefined) return NO_HEADERS;
  return {
    [TQ_HEADER.id]: id,
    [TQ_HEADER.exchange]: foreign.message.exchange,
    [TQ_HEADER.routingKey]: foreign.message.routingKey,
    [TQ_HEADER.expires]: expires === undefined ? undefined : printIsoTime(expires),
  };
}

const NO_KWARGS: TaskBody['kwargs'] = Object.freeze({});

/**
 * Reads a foreign body, where the handler runs: the one argument is what JSON says, without tq's types, or the text.
 * @throws {TqError} `poison`
 */
export function decodePlainBody(text: string, format: PlainFormat): TaskBody {
  return { args: [format === 'text' ? text : parse(text)], kwargs: NO_KWARGS };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notReadable('JSON', `${text.length} characters of text that do not parse as it`);
  }
}

function notReadable(expected: string, found: string): TqError {
  return new TqError('poison', `Expected a body of ${expected}, found ${found}.`);
}

/**
 * Writes what a handler returned as the body of a plain reply.
 * @throws {TqError} `unserialisable`
 */
export function encodePlainResult(value: unknown, format: PlainFormat): string {
  if (value === undefined) return format === 'text' ? '' : 'null';
  return format === 'text' ? asText(value) : serialize(value, 'result', PLAIN_JSON);
}

const PLAIN_JSON = { tqTypes: false, plain: true } as const;

function asText(value: unknown): string {
  try {
    return String(value);
  } catch (cause) {
    const text = 'result: expected a value that has a text, found one whose String() throws (see the cause).';
    throw new TqError('unserialisable', text, { cause });
  }
}

/** Whom a plain reply is for, and how it is written. */
export interface PlainReply {
  readonly format: PlainFormat;
  /** Echoed as it came, where one came. */
  readonly correlationId: string | undefined;
}

/**
 * A reply to a program that knows nothing of tasks: the result as text or JSON, or the failure with type `error` and its
 * name as header. A result that is larger than a message may be becomes a failure that says so.
 */
export function encodePlainReply(reply: PlainReply, state: FinalState, maxMessageBytes: number): OutboundMessage {
  const message = encode(reply, state);
  if (message.body.length <= maxMessageBytes) return message;
  const text = `The reply has ${message.body.length} bytes, more than the ${maxMessageBytes} that maxMessageBytes allows.`;
  return encode(reply, { status: 'FAILURE', failure: encodeError(new TqError('message-too-large', text)) });
}

function encode({ format, correlationId }: PlainReply, state: FinalState): OutboundMessage {
  const contentType = CONTENT_TYPE[format];
  const properties = { contentType, contentEncoding: UTF8, deliveryMode: PERSISTENT, correlationId };
  switch (state.status) {
    case 'SUCCESS':
      return { properties, body: Buffer.from(state.resultText) };
    case 'FAILURE':
    case 'REVOKED': {
      const { name: type, message } = decodeError(state.failure.error, undefined);
      const headers = { [PLAIN_ERROR_HEADER]: type };
      const text = format === 'text' ? `${type}: ${message}` : JSON.stringify({ error: { type, message } });
      return { properties: { ...properties, type: PLAIN_ERROR_TYPE, headers }, body: Buffer.from(text) };
    }
    default:
      return assertNever(state);
  }
}

/** What a plain body's format is called in the property `content_type`. */
export const CONTENT_TYPE: Readonly<Record<PlainFormat, string>> = { json: JSON_CONTENT_TYPE, text: 'text/plain' };
