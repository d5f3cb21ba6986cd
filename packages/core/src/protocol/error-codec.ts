import type { RemoteError } from '../errors.js';

/**
 * An error as Celery's FAILURE result carries it, `{exc_type, exc_message, exc_module}`, with tq's `code` and `cause`
 * beside them, which Python ignores.
 */
export interface WireError {
  readonly exc_type: string;
  readonly exc_message: readonly unknown[] | string;
  readonly exc_module: string;
  readonly code?: string;
  readonly cause?: WireError;
}

/** What a pool reports of an error: wire form and stack, which Celery keeps apart (`traceback`). */
export interface EncodedError {
  readonly error: WireError;
  readonly traceback: string | null;
}

/** A module that no Python program has, so that a Python caller builds a class of this name for itself. */
const MODULE = 'tq';
const MAX_TEXT = 10_000;
const MAX_STACK = 20_000;
const MAX_CAUSES = 5;

/** Turns whatever a handler threw, Errors or not, into the wire's form; long texts are cut. */
export function encodeError(thrown: unknown): EncodedError {
  const error = encodeChain(thrown, 0);
  return { error, traceback: stackOf(thrown) };
}

function encodeChain(thrown: unknown, depth: number): WireError {
  const cause = thrown instanceof Error && depth < MAX_CAUSES ? thrown.cause : undefined;
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  return {
    exc_type: nameOf(thrown),
    exc_message: [messageOf(thrown)],
    exc_module: MODULE,
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined ? {} : { cause: encodeChain(cause, depth + 1) }),
  };
}

function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'NonErrorThrown';
  return typeof thrown.name === 'string' && thrown.name !== '' ? cut(thrown.name, 200) : 'Error';
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return cut(String(thrown.message), MAX_TEXT);
  if (typeof thrown === 'string') return cut(thrown, MAX_TEXT);
  try {
    return cut(JSON.stringify(thrown) ?? String(thrown), MAX_TEXT);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

function stackOf(thrown: unknown): string | null {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return typeof stack === 'string' ? cut(stack, MAX_STACK) : null;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;
}

/** Reads the `result` of a FAILURE, RETRY or REVOKED reply of Celery or tq; never throws, whatever it is given. */
export function decodeError(value: unknown, traceback: unknown): RemoteError {
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return {
    name: typeof record.exc_type === 'string' ? record.exc_type : 'Error',
    message: messageText(record.exc_message ?? value),
    stack: typeof traceback === 'string' ? traceback : undefined,
    code: typeof record.code === 'string' ? record.code : undefined,
    cause: record.cause === undefined ? undefined : decodeError(record.cause, undefined),
  };
}

/** `exc_message` is the list of the exception's arguments, or a string. */
function messageText(message: unknown): string {
  if (typeof message === 'string') return message;
  if (!Array.isArray(message)) return message === undefined ? '' : JSON.stringify(message);
  return message.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(', ');
}
