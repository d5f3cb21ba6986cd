import { type ErrorCode, type ErrorFields, PublishError } from '../errors.js';
import { formatDuration } from '../time/duration.js';
import { replyCodeOf } from './declare.js';
import type { OutboxLimits, PublishEnd } from './outbox.js';
import type { Closed } from './suspects.js';

/** Why a publish failed, in words: every code that the publish channel ends a request with. */
export interface PublishFailure {
  readonly code: ErrorCode;
  readonly text: string;
  readonly fields?: ErrorFields;
  readonly cause?: unknown;
}

export const closedBefore: PublishFailure = {
  code: 'closed',
  text: 'The app is closed; create a new one to publish.',
};

export const closedMeanwhile: PublishFailure = {
  code: 'closed',
  text: 'The app was closed before the broker confirmed the message.',
};

export function aborted(signal: AbortSignal): PublishFailure {
  return { code: 'publish-aborted', text: 'The publish was aborted by its signal.', cause: signal.reason };
}

export function tooLarge(bytes: number, maxMessageBytes: number): PublishFailure {
  const text =
    `The message has ${bytes} bytes, more than the ${maxMessageBytes} that maxMessageBytes allows; ` +
    'store the data elsewhere and send a reference.';
  return { code: 'message-too-large', text, fields: { bytes, maxMessageBytes } };
}

export function outboxFull(held: OutboxLimits, limits: OutboxLimits): PublishFailure {
  const text =
    `The outbox is full: ${held.messages} messages (${held.bytes} bytes) wait for the broker, ` +
    `${limits.messages} (${limits.bytes} bytes) are allowed. Await result.published, or use task.bulk, which waits for room.`;
  return { code: 'outbox-full', text, fields: { ...limits } };
}

export function expired(timeoutMs: number, blocked: boolean, lastError: Error | undefined): PublishFailure {
  const why = blocked ? 'the broker is blocked' : (lastError?.message ?? 'no confirm came');
  return {
    code: 'publish-timeout',
    text: `Not confirmed within ${formatDuration(timeoutMs)}: ${why}.`,
    cause: lastError,
  };
}

export function nacked(routingKey: string): PublishFailure {
  const text = `The broker refused the message for '${routingKey}' (basic.nack): the queue is full or its node failed.`;
  return { code: 'publish-nacked', text };
}

/**
 * The end of a message for which the broker closed the channel, or the connection: most often it names an exchange that does
 * not exist.
 */
export function endOfCulprit(cause: Error, closed: Closed): PublishEnd {
  if (replyCodeOf(cause) === NOT_FOUND) return { kind: 'returned', code: NOT_FOUND, text: cause.message };
  const text = `The broker closed the ${closed} because of this message: ${cause.message}`;
  return {
    kind: 'failed',
    error: new PublishError('publish-nacked', text, { cause, outcomeUnknown: closed === 'connection' }),
  };
}

/** AMQP's reply code for a publish to an exchange that does not exist (AMQP 0-9-1 section 1.2). */
const NOT_FOUND = 404;

export function notEncodable(cause: Error): PublishFailure {
  return { code: 'unserialisable', text: `The message cannot be encoded: ${cause.message}`, cause };
}

/** @param written the broker may have the message although no confirm came; a nack says that it has not */
export function toPublishError({ code, text, fields, cause }: PublishFailure, written: boolean): PublishError {
  const outcomeUnknown = written && code !== 'publish-nacked';
  const hint = outcomeUnknown ? ' It was written, so it may have arrived all the same.' : '';
  return new PublishError(code, text + hint, { fields: fields ?? {}, cause, outcomeUnknown });
}
