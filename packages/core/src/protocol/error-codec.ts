import { types } from 'node:util';
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
/** Longest texts that are sent, in UTF-16 units. */
const MAX_NAME = 200;
const MAX_TEXT = 10_000;
const MAX_STACK = 20_000;
const MAX_CAUSES = 5;

/** Name and text of an error, `RangeError: too far`. */
export function failureText({ error: { exc_type: name, exc_message: parts } }: EncodedError): string {
  return `${name}: ${messageText(parts)}`;
}

/** Turns whatever a handler threw, Errors or not, into the wire's form; long texts are cut. Never throws. */
export function encodeError(thrown: unknown): EncodedError {
  const error = encodeChain(thrown, 0);
  return { error, traceback: stackOf(thrown) };
}

function encodeChain(thrown: unknown, depth: number): WireError {
  const cause = depth < MAX_CAUSES ? property(thrown, 'cause') : undefined;
  const code = property(thrown, 'code');
  return {
    exc_type: nameOf(thrown),
    exc_message: [messageOf(thrown)],
    exc_module: MODULE,
    ...(typeof code === 'string' ? { code: cut(code, MAX_NAME) } : {}),
    ...(cause === undefined || cause === null ? {} : { cause: encodeChain(cause, depth + 1) }),
  };
}

function nameOf(thrown: unknown): string {
  if (!isError(thrown)) return 'NonErrorThrown';
  const name = property(thrown, 'name');
  return typeof name === 'string' && name !== '' ? cut(name, MAX_NAME) : 'Error';
}

function messageOf(thrown: unknown): string {
  return cut(textOf(isError(thrown) ? property(thrown, 'message') : thrown), MAX_TEXT);
}

function stackOf(thrown: unknown): string | null {
  const stack = property(thrown, 'stack');
  return typeof stack === 'string' ? cut(stack, MAX_STACK) : null;
}

/** Errors of another realm (a vm context) are errors too. */
function isError(thrown: unknown): boolean {
  try {
    return thrown instanceof Error || types.isNativeError(thrown);
  } catch {
    return false;
  }
}

/** Reads a property of an error; getters and proxies are user code and may throw. */
function property(thrown: unknown, name: 'name' | 'message' | 'stack' | 'code' | 'cause'): unknown {
  try {
    return isError(thrown) ? (thrown as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}

/** Text as it is, anything else as JSON where there is one. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === 'bigint' ? String(value) : `a value that JSON cannot carry (${typeof value})`;
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;
}

/**
 * What a REVOKED reply carries: Celery's own exception, so that a Python caller catches `celery.exceptions.TaskRevokedError`.
 * @param reason in one word
 * @param cause what the task itself said of it, where that is more than the word
 */
export function encodeRevocation(reason: string, cause?: EncodedError): EncodedError {
  const error = { exc_type: 'TaskRevokedError', exc_message: [reason], exc_module: 'celery.exceptions' };
  if (cause === undefined || messageText(cause.error.exc_message) === reason) return { error, traceback: null };
  return { error: { ...error, cause: cause.error }, traceback: null };
}

/** Reads the `result` of a FAILURE, RETRY or REVOKED reply of Celery or tq; never throws, whatever it is given. */
export function decodeError(value: unknown, traceback: unknown): RemoteError {
  return decodeChain(value, traceback, 0);
}

function decodeChain(value: unknown, traceback: unknown, depth: number): RemoteError {
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const hasCause = depth < MAX_CAUSES && record.cause !== undefined && record.cause !== null;
  return {
    name: typeof record.exc_type === 'string' ? record.exc_type : 'Error',
    message: messageText(record.exc_message ?? value),
    stack: typeof traceback === 'string' ? traceback : undefined,
    code: typeof record.code === 'string' ? record.code : undefined,
    cause: hasCause ? decodeChain(record.cause, undefined, depth + 1) : undefined,
  };
}

/** `exc_message` is the list of the exception's arguments, or a string. */
function messageText(message: unknown): string {
  if (Array.isArray(message)) return message.map(textOf).join(', ');
  return message === undefined ? '' : textOf(message);
}
