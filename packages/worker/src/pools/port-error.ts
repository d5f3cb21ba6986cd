import { type ErrorCode, PublishError, TqError, toError } from '@tq/core/internal';

/** An error on its way between a pool and its children: what a program may act upon, as plain data. */
export interface PortError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  /** Of a PublishError: the message may be in its queue all the same. */
  readonly outcomeUnknown: boolean;
  /** The error's own facts; only texts, numbers and booleans cross. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  readonly cause: PortError | undefined;
}

const MAX_CAUSES = 5;

/** Turns whatever was thrown into plain data. */
export function encodePortError(thrown: unknown, depth = 0): PortError {
  const error = toError(thrown) as Error & { code?: unknown; outcomeUnknown?: unknown; fields?: unknown };
  const nested = error.cause instanceof Error && depth < MAX_CAUSES ? error.cause : undefined;
  return {
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    code: typeof error.code === 'string' ? error.code : undefined,
    outcomeUnknown: error.outcomeUnknown === true,
    fields: plainFields(error.fields),
    cause: nested === undefined ? undefined : encodePortError(nested, depth + 1),
  };
}

/** Rebuilds the error: tq's own as their classes, with the same code, others as an Error of the same name. */
export function decodePortError(encoded: PortError): Error {
  const error = create(encoded);
  if (encoded.stack !== undefined) error.stack = encoded.stack;
  return error;
}

function create({ name, message, code, outcomeUnknown, fields, cause }: PortError): Error {
  const options = cause === undefined ? {} : { cause: decodePortError(cause) };
  if (code !== undefined && name === 'PublishError') {
    return new PublishError(code as ErrorCode, message, { ...options, fields, outcomeUnknown });
  }
  if (code !== undefined && name === 'TqError') return new TqError(code as ErrorCode, message, { ...options, fields });
  const error = Object.assign(new Error(message, options), code === undefined ? {} : { code });
  error.name = name;
  return error;
}

function plainFields(fields: unknown): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  if (typeof fields !== 'object' || fields === null) return plain;
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') plain[key] = value;
  }
  return plain;
}
