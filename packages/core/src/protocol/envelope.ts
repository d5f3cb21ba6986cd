import { isUtf8 } from 'node:buffer';
import { printIsoTime } from '../time/iso-time.js';
import { type CallRetry, decodeCallRetry, encodeCallRetry } from './call-retry.js';
import { withEmbed } from './canvas/embed.js';
import type { JsonText } from './canvas/json-text.js';
import { embedRepliedTo } from './canvas/reply-to.js';
import type { GroupPlace } from './canvas/wire-step.js';
import { decodeEarlierErrors, type EarlierError } from './earlier-errors.js';
import type { Foreign } from './foreign-message.js';
import { count, optionalText, requireText, time } from './header-values.js';
import {
  type Headers,
  type HeaderValue,
  type InboundMessage,
  JSON_CONTENT_TYPE,
  type OutboundMessage,
  PERSISTENT,
  UTF8,
} from './message.js';
import { DELIVERY_COUNT_HEADER, HEADER, isReservedHeader, MAX_NAME_BYTES, TQ_HEADER } from './names.js';
import { poison } from './poison.js';
import { decodeTaskAddress, encodeTaskAddress, type TaskAddress } from './task-address.js';
import { decodeTimeLimits, encodeTimeLimits, type TimeLimits } from './time-limits.js';

/**
 * A task's message: Celery's message protocol 2. Encoding and decoding stand side by side here, and nowhere else does
 * a body's text become bytes.
 */
export interface Envelope {
  readonly id: string;
  readonly task: string;
  /** The first task of the tree; equals `id` for a root. */
  readonly rootId: string;
  readonly parentId: string | undefined;
  /** 0 to 255; undefined leaves the property out (Celery's preset sends 0). */
  readonly priority: number | undefined;
  readonly ignoreResult: boolean;
  /** The call's own or its task's, as the caller knows them. */
  readonly limits?: TimeLimits | undefined;
  /** What the call says of retries; the task's own policy is where the task is defined. */
  readonly retry?: CallRetry | undefined;
  /** Earliest start, ms since the epoch. */
  readonly eta?: number | undefined;
  /** When it is too late to start, ms since the epoch. */
  readonly expires?: number | undefined;
  /** What is called after the final failure. */
  readonly onFailure?: TaskAddress | undefined;
  /** Its place in a chord's header. */
  readonly group?: GroupPlace | undefined;
  /** How many tasks before it were replaced by what it is part of (Celery's `replaced_task_nesting`); 0 when none was. */
  readonly replacedNesting?: number | undefined;
  /** The caller's own headers, beside the protocol's at the top level. */
  readonly headers: Headers | undefined;
  /** Body text: the JSON of `[args, kwargs, embed]`. */
  readonly bodyText: string;
  /** What comes after it, as `embedText` writes it: it takes the place of the body's embed, which says nothing. */
  readonly embed?: JsonText | undefined;
}

/** Encodes an envelope. Compact: a header that says nothing is left out, which costs Python nothing and tq half. */
export function encodeEnvelope(envelope: Envelope, replyTo: string | undefined): OutboundMessage {
  const headers: Record<string, HeaderValue> = { task: envelope.task, id: envelope.id };
  if (envelope.rootId !== envelope.id) headers.root_id = envelope.rootId;
  if (envelope.parentId !== undefined) headers.parent_id = envelope.parentId;
  if (envelope.ignoreResult) headers.ignore_result = true;
  if (envelope.limits !== undefined) headers.timelimit = encodeTimeLimits(envelope.limits);
  if (envelope.retry !== undefined) headers[TQ_HEADER.retry] = encodeCallRetry(envelope.retry);
  if (envelope.eta !== undefined) headers.eta = printIsoTime(envelope.eta);
  if (envelope.expires !== undefined) headers.expires = printIsoTime(envelope.expires);
  if (envelope.onFailure !== undefined) headers[TQ_HEADER.onFailure] = encodeTaskAddress(envelope.onFailure);
  if (envelope.group !== undefined) Object.assign(headers, groupHeaders(envelope.group));
  if (envelope.replacedNesting) headers[HEADER.replacedNesting] = envelope.replacedNesting;
  if (envelope.headers !== undefined) Object.assign(headers, envelope.headers);
  return toMessage(envelope, replyTo, headers, envelope.priority);
}

/** Encodes an envelope with Celery's whole header set, as Python's producer sends it. */
export function encodeCeleryEnvelope(envelope: Envelope, replyTo: string | undefined, origin: string): OutboundMessage {
  const headers: Record<string, HeaderValue> = {
    lang: 'js',
    task: envelope.task,
    id: envelope.id,
    shadow: null,
    eta: isoTimeOrNull(envelope.eta),
    expires: isoTimeOrNull(envelope.expires),
    group: envelope.group?.id ?? null,
    group_index: envelope.group?.index ?? null,
    retries: 0,
    timelimit: (envelope.limits && encodeTimeLimits(envelope.limits)) ?? [null, null],
    root_id: envelope.rootId,
    parent_id: envelope.parentId ?? null,
    argsrepr: argsRepr(envelope.bodyText),
    kwargsrepr: '{}',
    origin,
    ignore_result: envelope.ignoreResult,
    ...(envelope.retry === undefined ? undefined : { [TQ_HEADER.retry]: encodeCallRetry(envelope.retry) }),
    ...(envelope.onFailure && { [TQ_HEADER.onFailure]: encodeTaskAddress(envelope.onFailure) }),
    ...(envelope.replacedNesting && { [HEADER.replacedNesting]: envelope.replacedNesting }),
    ...envelope.headers,
  };
  return toMessage(withReplyTo(envelope, replyTo), replyTo, headers, envelope.priority ?? 0);
}

/** A Python worker sends the replies of a step nowhere unless the step itself says where. */
function withReplyTo(envelope: Envelope, replyTo: string | undefined): Envelope {
  if (envelope.embed === undefined || replyTo === undefined) return envelope;
  return { ...envelope, embed: embedRepliedTo(envelope.embed, replyTo) };
}

function groupHeaders({ id, index }: GroupPlace): Headers {
  return { [HEADER.group]: id, [HEADER.groupIndex]: index };
}

function isoTimeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : printIsoTime(ms);
}

function toMessage(
  envelope: Envelope,
  replyTo: string | undefined,
  headers: Headers,
  priority: number | undefined,
): OutboundMessage {
  return {
    properties: {
      contentType: JSON_CONTENT_TYPE,
      contentEncoding: UTF8,
      headers,
      deliveryMode: PERSISTENT,
      priority,
      correlationId: envelope.id,
      replyTo,
    },
    body: Buffer.from(envelope.embed === undefined ? envelope.bodyText : withEmbed(envelope.bodyText, envelope.embed)),
  };
}

const MAX_REPR = 128;

/** Python writes a tuple; for people who read a monitor the JSON of the arguments says the same. */
function argsRepr(bodyText: string): string {
  const args = bodyText.slice(1, bodyText.lastIndexOf(',{},{'));
  return args.length <= MAX_REPR ? args : `${args.slice(0, MAX_REPR)}…`;
}

/** A task message as the worker sees it: headers read, the body still text, to be parsed where the handler runs. */
export interface TaskMessage {
  readonly id: string;
  readonly task: string;
  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly replyTo: string | undefined;
  /** 0 on the first try (Celery's `retries`). */
  readonly retries: number;
  readonly ignoreResult: boolean;
  /** Those that came with the message. */
  readonly limits: TimeLimits;
  /** Earliest start, ms since the epoch. */
  readonly eta: number | undefined;
  /** When it is too late to start, ms since the epoch. */
  readonly expires: number | undefined;
  /** Pool children that died with this task. */
  readonly lost: number;
  /** Deliveries before this one that ended without an ack: the quorum queue's count, or tq's own on a classic queue. */
  readonly earlierDeliveries: number;
  /** What the call says of retries; undefined when it says nothing. */
  readonly retry: CallRetry | undefined;
  /** What earlier tries failed with, the oldest first. */
  readonly errors: readonly EarlierError[];
  /** How many times it was sent round since nobody knew its task. */
  readonly unknownRounds: number;
  /** What the caller wants to be called after the final failure. */
  readonly onFailure: TaskAddress | undefined;
  /** Its place in a group: one without a number is in none that anybody joins. */
  readonly group?: GroupPlace | undefined;
  /** How many tasks before it were replaced by what it is part of; 0 when none was. */
  readonly replacedNesting: number;
  /** Headers that are neither the protocol's nor the broker's. */
  readonly headers: Headers;
  readonly bodyText: string;
  /** What it was that came as no task; undefined for a task's message. The body text is then the whole body. */
  readonly foreign?: Foreign | undefined;
}

/**
 * Reads a delivery of Celery (protocol 2) or tq.
 * @throws {TqError} `poison` naming what was expected and found; whatever arrives, nothing else is thrown
 */
export function decodeEnvelope(message: InboundMessage): TaskMessage {
  const { properties } = message;
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  // Looked up at a place of its own each: V8 remembers a table's shape by place, and forgets it where many names are asked.
  const id = taskId(headers[HEADER.id]);
  return {
    id,
    task: requireText(headers[HEADER.task], HEADER.task),
    rootId: optionalText(headers[HEADER.rootId], HEADER.rootId) ?? id,
    parentId: optionalText(headers[HEADER.parentId], HEADER.parentId),
    replyTo: properties.replyTo === '' ? undefined : properties.replyTo,
    retries: count(headers[HEADER.retries], HEADER.retries),
    ignoreResult: headers[HEADER.ignoreResult] === true,
    limits: timeLimits(headers[HEADER.timeLimits]),
    eta: time(headers[HEADER.eta], HEADER.eta),
    expires: time(headers[HEADER.expires], HEADER.expires),
    lost: count(headers[TQ_HEADER.lost], TQ_HEADER.lost),
    earlierDeliveries:
      count(headers[DELIVERY_COUNT_HEADER], DELIVERY_COUNT_HEADER) +
      count(headers[TQ_HEADER.redeliveries], TQ_HEADER.redeliveries),
    retry: callRetry(headers[TQ_HEADER.retry]),
    errors: decodeEarlierErrors(headers[TQ_HEADER.errors]),
    unknownRounds: count(headers[TQ_HEADER.unknownRounds], TQ_HEADER.unknownRounds),
    onFailure: taskAddress(headers[TQ_HEADER.onFailure]),
    group: groupPlace(headers),
    replacedNesting: count(headers[HEADER.replacedNesting], HEADER.replacedNesting),
    headers: ownHeaders(headers),
    bodyText: readText(message),
  };
}

function readText({ properties, body }: InboundMessage): string {
  const { contentType, contentEncoding, headers } = properties;
  if (contentType !== JSON_CONTENT_TYPE) {
    throw poison('content type', JSON_CONTENT_TYPE, contentType);
  }
  if (contentEncoding !== undefined && !/^utf-?8$/i.test(contentEncoding)) {
    throw poison('content encoding', UTF8, contentEncoding);
  }
  const compression = headers?.[HEADER.compression];
  if (compression !== undefined && compression !== null) throw poison('compression', 'none', compression);
  if (!isUtf8(body)) throw poison('body', 'UTF-8 text', 'bytes that are not');
  return body.toString('utf8');
}

/** The id is every reply's correlation id, whose length AMQP limits. */
function taskId(value: unknown): string {
  const id = requireText(value, HEADER.id);
  if (id.length <= MAX_NAME_BYTES && Buffer.byteLength(id) <= MAX_NAME_BYTES) return id;
  throw poison(`header ${HEADER.id}`, `text of at most ${MAX_NAME_BYTES} bytes`, id);
}

function timeLimits(value: unknown): TimeLimits {
  const limits = decodeTimeLimits(value);
  if (limits !== undefined) return limits;
  throw poison(`header ${HEADER.timeLimits}`, '[hard, soft] in seconds or null', value);
}

function callRetry(value: unknown): CallRetry | undefined {
  if (value === undefined || value === null) return undefined;
  const retry = decodeCallRetry(value);
  if (retry !== undefined) return retry;
  throw poison(
    `header ${TQ_HEADER.retry}`,
    'false or a table of maxRetries, backoff, delay, maxDelay and jitter',
    value,
  );
}

function taskAddress(value: unknown): TaskAddress | undefined {
  if (value === undefined || value === null) return undefined;
  const address = decodeTaskAddress(value);
  if (address !== undefined) return address;
  throw poison(`header ${TQ_HEADER.onFailure}`, 'a table of task and queue', value);
}

function groupPlace(headers: Readonly<Record<string, unknown>>): GroupPlace | undefined {
  const id = optionalText(headers[HEADER.group], HEADER.group);
  const index = headers[HEADER.groupIndex];
  if (id === undefined || index === undefined || index === null) return undefined;
  return { id, index: count(index, HEADER.groupIndex) };
}

const NO_HEADERS: Headers = Object.freeze({});

function ownHeaders(headers: Record<string, unknown>): Headers {
  let own: Record<string, HeaderValue> | undefined;
  for (const name of Object.keys(headers)) {
    if (isReservedHeader(name)) continue;
    own ??= {};
    own[name] = headers[name] as HeaderValue;
  }
  return own ?? NO_HEADERS;
}
