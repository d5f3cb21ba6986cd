import { isUtf8 } from 'node:buffer';
import { parseIsoTime } from '../time/iso-time.js';
import { type BodyParts, splitBody } from './body-parts.js';
import { destinationOf } from './delay-key.js';
import type { EncodedError } from './error-codec.js';
import {
  type Headers,
  type InboundMessage,
  JSON_CONTENT_TYPE,
  type OutboundMessage,
  PERSISTENT,
  type Properties,
} from './message.js';
import { copyMessage } from './message-copy.js';
import {
  DEAD_HEADER,
  type DeadLetterReason,
  deadLetterExchange,
  deadLetterQueue,
  delayDeadQueue,
  HEADER,
  isTaskTable,
  MAX_NAME_BYTES,
  TQ_HEADER,
} from './names.js';

/** Why and where a message died. */
export interface DeathCertificate {
  readonly reason: DeadLetterReason;
  readonly failure: EncodedError;
  /** Name of the worker that gave up. */
  readonly worker: string;
  /** ms since the epoch. */
  readonly time: number;
}

/**
 * A dead letter: the message as it came, with headers that say why; it keeps no `expiration`, which would drop it.
 * @param own headers beside its own
 */
export function encodeDeadLetter(message: InboundMessage, death: DeathCertificate, own?: Headers): OutboundMessage {
  const copy = copyMessage(message, { ...own, ...deathHeaders(message, death) });
  return { properties: { ...copy.properties, expiration: undefined }, body: copy.body };
}

/** A dead letter of a message that cannot be written again as it is: body and certificate only, and what AMQP carries of its ids. */
export function encodeBareDeadLetter(message: InboundMessage, death: DeathCertificate): OutboundMessage {
  const { properties, body } = message;
  const [correlationId, contentType] = [properties.correlationId, properties.contentType].map(ifShort);
  return {
    properties: { headers: deathHeaders(message, death), deliveryMode: PERSISTENT, correlationId, contentType },
    body,
  };
}

/** What came as bytes that are no UTF-8 is longer as text, and perhaps too long for AMQP. */
function ifShort(text: string | undefined): string | undefined {
  return text === undefined || Buffer.byteLength(text) > MAX_NAME_BYTES ? undefined : text;
}

function deathHeaders(message: InboundMessage, { reason, failure, worker, time }: DeathCertificate): Headers {
  const { exc_type: name, exc_message: parts } = failure.error;
  const text = Array.isArray(parts) ? parts.map(String).join(', ') : String(parts);
  return {
    [DEAD_HEADER.reason]: reason,
    [DEAD_HEADER.error]: `${name}: ${text}`.slice(0, MAX_ERROR_TEXT),
    [DEAD_HEADER.worker]: worker,
    [DEAD_HEADER.time]: new Date(time).toISOString(),
    [DEAD_HEADER.exchange]: message.exchange,
    [DEAD_HEADER.routingKey]: message.routingKey,
  };
}

/** A header table of more than 64 KiB cannot be encoded. */
const MAX_ERROR_TEXT = 2_000;

/** A message in a queue of dead letters, without its body: what is known of it, foreign messages included. */
export interface DeadLetter {
  /** Queue that it died in, or was on its way to when it was delayed; without the app's prefix. */
  readonly queue: string;
  /** Queue that holds it, without the app's prefix: `QUEUE.dead` or `tq.delay.dead`. */
  readonly deadQueue: string;
  /** Of the task; of a foreign message its message id or correlation id, where it has one. */
  readonly id: string | undefined;
  /** Name of the task; undefined for a foreign message. */
  readonly task: string | undefined;
  /** Why it died: what a worker wrote, else what the broker says; undefined where neither said anything. */
  readonly reason: DeadLetterReason | undefined;
  /** The error's name and text, at most 2,000 characters. */
  readonly error: string | undefined;
  /** Name of the worker that gave up; undefined when it was the broker. */
  readonly worker: string | undefined;
  /** When it died; from the broker to the second. */
  readonly time: Date | undefined;
  /** Which try was the last, 1 for the first; undefined for a foreign message. */
  readonly attempt: number | undefined;
  /** JSON of the positional arguments, after 1,000 characters cut off with `…`; undefined where the body has none. */
  readonly argsText: string | undefined;
  /** Bytes of the body. */
  readonly size: number;
  /** As the message has them, those that say why it died included. */
  readonly headers: Headers;
}

/** A dead letter with all of its message. */
export interface DeadLetterMessage extends DeadLetter {
  /** JSON of the positional arguments, whole. */
  readonly argsText: string | undefined;
  /** JSON of the keyword arguments of a Python caller: `{}` from tq. */
  readonly kwargsText: string | undefined;
  /** AMQP properties, without the headers that stand beside them. */
  readonly properties: Omit<Properties, 'headers'>;
  /** As it is on the wire. */
  readonly body: Buffer;
}

/** Where a dead letter was found. */
export interface DeadLetterPlace {
  /** The app's prefix. */
  readonly prefix: string;
  /** Full name of the queue that holds it. */
  readonly queue: string;
}

/** Reads a dead letter, whatever program made it; never throws. */
export function decodeDeadLetter(message: InboundMessage, place: DeadLetterPlace): DeadLetterMessage {
  const { headers = NO_HEADERS, ...properties } = message.properties;
  const death = brokerDeath(headers);
  const task = isTaskTable(headers) ? textOf(headers[HEADER.task]) : undefined;
  const parts = task === undefined ? undefined : partsOf(message);
  const own = task === undefined ? headers[TQ_HEADER.id] : headers[HEADER.id];
  const id = [own, properties.messageId, properties.correlationId].map(textOf).find(isDefined);
  return {
    queue: withoutPrefix(originOf(message, place), place.prefix),
    deadQueue: withoutPrefix(place.queue, place.prefix),
    id,
    task,
    reason: reasonOf(headers, death, place),
    error: textOf(headers[DEAD_HEADER.error])?.slice(0, MAX_ERROR_TEXT),
    worker: textOf(headers[DEAD_HEADER.worker]),
    time: timeOf(headers, death),
    attempt: task === undefined ? undefined : countOf(headers[HEADER.retries]) + 1,
    argsText: parts?.args,
    kwargsText: parts?.kwargs,
    size: message.body.length,
    headers,
    properties,
    body: message.body,
  };
}

/** The same without what a list has no room for. */
export function withoutBody(letter: DeadLetterMessage): DeadLetter {
  const { properties, body, kwargsText, argsText, ...rest } = letter;
  return { ...rest, argsText: argsText === undefined ? undefined : cutText(argsText) };
}

/** The full name of the queue that it came from, to which it goes back. */
export function originOf({ exchange, routingKey, properties }: InboundMessage, place: DeadLetterPlace): string {
  if (place.queue === delayDeadQueue(place.prefix)) return destinationOf(routingKey) ?? routingKey;
  if (exchange === deadLetterExchange(place.prefix)) return routingKey;
  const death = brokerDeath(properties.headers ?? NO_HEADERS);
  return textOf(death?.queue) ?? place.queue.slice(0, -DEAD_SUFFIX.length);
}

const DEAD_SUFFIX = deadLetterQueue('');

const NO_HEADERS: Headers = Object.freeze({});
/** Longest text of arguments in a list, UTF-16 units. */
const MAX_ARGS_TEXT = 1_000;

/** A copy: a part of a string keeps all of it in memory. */
function cutText(text: string): string {
  const part = text.length <= MAX_ARGS_TEXT ? text : `${text.slice(0, MAX_ARGS_TEXT)}…`;
  return Buffer.from(part, 'utf16le').toString('utf16le');
}

function withoutPrefix(queue: string, prefix: string): string {
  return queue.startsWith(prefix) ? queue.slice(prefix.length) : queue;
}

type Death = Readonly<Record<string, unknown>>;

/** The latest entry of the broker's `x-death`, which it puts first. */
function brokerDeath(headers: Headers): Death | undefined {
  const deaths: unknown = headers['x-death'];
  const latest: unknown = Array.isArray(deaths) ? deaths[0] : undefined;
  return typeof latest === 'object' && latest !== null ? (latest as Death) : undefined;
}

/** RabbitMQ's words for why it moved a message (header `x-death`, field `reason`). */
const BROKER_REASONS: Readonly<Record<string, DeadLetterReason>> = {
  rejected: 'rejected',
  expired: 'expired',
  maxlen: 'max-length',
  delivery_limit: 'delivery-limit',
};

function reasonOf(headers: Headers, death: Death | undefined, place: DeadLetterPlace): DeadLetterReason | undefined {
  const written = headers[DEAD_HEADER.reason];
  if (isReason(written)) return written;
  // Its x-death tells of the levels that it has waited in.
  if (place.queue === delayDeadQueue(place.prefix)) return 'no-queue';
  const word = death?.reason;
  return typeof word === 'string' && Object.hasOwn(BROKER_REASONS, word) ? BROKER_REASONS[word] : undefined;
}

const REASONS: Readonly<Record<DeadLetterReason, true>> = {
  poison: true,
  'unknown-task': true,
  refused: true,
  failed: true,
  'worker-lost': true,
  'consumer-timeout': true,
  rejected: true,
  expired: true,
  'delivery-limit': true,
  'max-length': true,
  'no-queue': true,
};

/** Every reason, for those who choose among them. */
export const DEAD_LETTER_REASONS = Object.keys(REASONS) as readonly DeadLetterReason[];

function isReason(value: unknown): value is DeadLetterReason {
  return typeof value === 'string' && Object.hasOwn(REASONS, value);
}

function timeOf(headers: Headers, death: Death | undefined): Date | undefined {
  const written = headers[DEAD_HEADER.time];
  const ms = typeof written === 'string' ? parseIsoTime(written) : undefined;
  if (ms !== undefined) return new Date(ms);
  // amqplib's form of an AMQP timestamp, in seconds.
  const stamp = death?.time as { readonly value?: unknown } | null | undefined;
  const time = new Date(typeof stamp?.value === 'number' ? stamp.value * 1_000 : Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function partsOf({ body, properties }: InboundMessage): BodyParts | undefined {
  if (properties.contentType !== JSON_CONTENT_TYPE || !isUtf8(body)) return undefined;
  return splitBody(body.toString('utf8'));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
