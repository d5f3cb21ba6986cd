import { assertNever, type RemoteError, TqError } from '../errors.js';
import { decodeError, type EncodedError, encodeError } from './error-codec.js';
import { JSON_CONTENT_TYPE, type OutboundMessage, PERSISTENT, type Properties, TRANSIENT, UTF8 } from './message.js';
import { encodeProgressMeta, readProgressMeta, type TaskProgress } from './progress.js';
import { deserialize } from './serializer.js';

/** A reply that was read. `SUCCESS`, `FAILURE` and `REVOKED` are final. */
export type Reply =
  | { readonly status: 'SUCCESS'; readonly taskId: string; readonly value: unknown }
  | { readonly status: 'FAILURE' | 'REVOKED' | 'RETRY'; readonly taskId: string; readonly error: RemoteError }
  | { readonly status: 'RECEIVED' | 'STARTED'; readonly taskId: string }
  | { readonly status: 'PROGRESS'; readonly taskId: string; readonly progress: TaskProgress };

/** How a task ended, as a worker says it: the value is JSON text already, written where the handler ran. */
export type FinalState =
  | { readonly status: 'SUCCESS'; readonly resultText: string }
  | { readonly status: 'FAILURE'; readonly failure: EncodedError }
  /** Not run, or not to its end, and no failure either; see `encodeRevocation`. */
  | { readonly status: 'REVOKED'; readonly failure: EncodedError };

/** What a worker says of a task on its way: it has failed and is tried again. Does not end a call. */
export interface RetryState {
  readonly status: 'RETRY';
  readonly failure: EncodedError;
}

/** JSON text of a handler that returned nothing; the reply says so beside Celery's null, so that `get()` gives undefined. */
export const UNDEFINED_RESULT = '{"__type__":"tq.undefined","__value__":null}';

/** Encodes a reply: Celery's rpc result message, persistent, the task's id as correlation id. */
export function encodeReply(taskId: string, state: FinalState | RetryState): OutboundMessage {
  return { properties: replyProperties(taskId), body: Buffer.from(replyText(JSON.stringify(taskId), state)) };
}

/** The same; a result that is larger than a message may be becomes a failure that says so. */
export function encodeReplyWithin(maxMessageBytes: number, taskId: string, state: FinalState): OutboundMessage {
  const message = encodeReply(taskId, state);
  const error = tooLarge(maxMessageBytes, message.body.length);
  return error === undefined ? message : encodeReply(taskId, { status: 'FAILURE', failure: encodeError(error) });
}

/** Why a result is no reply: it would be larger than a message may be. */
export function resultTooLarge(maxMessageBytes: number, taskId: string, resultText: string): TqError | undefined {
  // A code unit has at most three bytes, so that hardly any result is measured.
  if (resultText.length * 3 + MAX_FRAME_BYTES <= maxMessageBytes) return undefined;
  const { body } = encodeReply(taskId, { status: 'SUCCESS', resultText });
  return tooLarge(maxMessageBytes, body.length);
}

/** More than a reply has beside its result. */
const MAX_FRAME_BYTES = 2_000;

function tooLarge(maxMessageBytes: number, bytes: number): TqError | undefined {
  if (bytes <= maxMessageBytes) return undefined;
  const text =
    `The reply has ${bytes} bytes, more than the ${maxMessageBytes} that maxMessageBytes allows; ` +
    'store the result elsewhere and return a reference.';
  return new TqError('message-too-large', text);
}

/** Encodes the reply that says that a run has started; Celery's fields. */
export function encodeStarted(taskId: string, { hostname, pid }: { hostname: string; pid: number }): OutboundMessage {
  const started = { task_id: taskId, status: 'STARTED', result: { pid, hostname }, traceback: null, children: [] };
  return { properties: replyProperties(taskId), body: Buffer.from(JSON.stringify(started)) };
}

/** How long word of a task's progress waits for a caller that is away, ms: what is newer follows. */
const PROGRESS_KEPT_MS = 60_000;

/** Encodes the reply that says how far a task is: a custom state of Celery's. It may be lost, and does not pile up. */
export function encodeProgress(taskId: string, progress: TaskProgress): OutboundMessage {
  const result = encodeProgressMeta(progress);
  const reply = { task_id: taskId, status: 'PROGRESS', result, traceback: null, children: [] };
  const properties = { ...replyProperties(taskId), deliveryMode: TRANSIENT, expiration: String(PROGRESS_KEPT_MS) };
  return { properties, body: Buffer.from(JSON.stringify(reply)) };
}

function replyText(taskId: string, state: FinalState | RetryState): string {
  const head = `{"task_id":${taskId},"status":"${state.status}","result":`;
  switch (state.status) {
    case 'SUCCESS':
      return state.resultText === UNDEFINED_RESULT
        ? `${head}null,"traceback":null,"children":[],"result_type":"undefined"}`
        : `${head}${state.resultText},"traceback":null,"children":[]}`;
    case 'FAILURE':
    case 'REVOKED':
    case 'RETRY': {
      const { error, traceback } = state.failure;
      return `${head}${JSON.stringify(error)},"traceback":${JSON.stringify(traceback)},"children":[]}`;
    }
    default:
      return assertNever(state);
  }
}

function replyProperties(taskId: string): Properties {
  return {
    contentType: JSON_CONTENT_TYPE,
    contentEncoding: UTF8,
    deliveryMode: PERSISTENT,
    correlationId: taskId,
  };
}

/**
 * Reads a reply of Celery or tq from its body text.
 * @throws {TqError} `poison` when it is none
 */
export function decodeReply(text: string): Reply {
  const body = deserialize(text);
  if (typeof body !== 'object' || body === null) throw notAReply('an object', body);
  const { task_id: taskId, status, result, traceback, result_type } = body as Record<string, unknown>;
  if (typeof taskId !== 'string') throw notAReply('a task_id', taskId);
  switch (status) {
    case 'SUCCESS':
      return { status, taskId, value: result_type === 'undefined' ? undefined : result };
    case 'FAILURE':
    case 'REVOKED':
    case 'RETRY':
      return { status, taskId, error: decodeError(result, traceback) };
    case 'RECEIVED':
    case 'STARTED':
      return { status, taskId };
    default:
      if (typeof status === 'string' && status !== '') return ownState(taskId, result);
      throw notAReply('text as its status', status);
  }
}

/** A task's own state, PROGRESS for instance, says that it has started and not how it ends. */
function ownState(taskId: string, result: unknown): Reply {
  const progress = readProgressMeta(result);
  return progress === undefined ? { status: 'STARTED', taskId } : { status: 'PROGRESS', taskId, progress };
}

/** Names the kind of what was found, never the value: it may be a result. */
function notAReply(expected: string, found: unknown): TqError {
  return new TqError('poison', `Not a reply: expected ${expected}, found ${found === null ? 'null' : typeof found}.`);
}

/** True for the reply that ends a call; a state on the way, or RETRY, does not. */
export function isFinal({ status }: Reply): boolean {
  return status === 'SUCCESS' || status === 'FAILURE' || status === 'REVOKED';
}
