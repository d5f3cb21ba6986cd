/** Errors of two kinds: what a client did, answered on the wire (`AmqpError`), and what a user of the package did (`BrokerError`). */

/**
 * The reply codes of AMQP 0-9-1 section 1.2 with their names, and whether one ends the channel or the whole connection.
 */
const REPLIES = {
  CONTENT_TOO_LARGE: { code: 311, scope: 'channel' },
  NO_ROUTE: { code: 312, scope: 'channel' },
  NO_CONSUMERS: { code: 313, scope: 'channel' },
  CONNECTION_FORCED: { code: 320, scope: 'connection' },
  INVALID_PATH: { code: 402, scope: 'connection' },
  ACCESS_REFUSED: { code: 403, scope: 'channel' },
  NOT_FOUND: { code: 404, scope: 'channel' },
  RESOURCE_LOCKED: { code: 405, scope: 'channel' },
  PRECONDITION_FAILED: { code: 406, scope: 'channel' },
  FRAME_ERROR: { code: 501, scope: 'connection' },
  SYNTAX_ERROR: { code: 502, scope: 'connection' },
  COMMAND_INVALID: { code: 503, scope: 'connection' },
  CHANNEL_ERROR: { code: 504, scope: 'connection' },
  UNEXPECTED_FRAME: { code: 505, scope: 'connection' },
  RESOURCE_ERROR: { code: 506, scope: 'connection' },
  NOT_ALLOWED: { code: 530, scope: 'connection' },
  NOT_IMPLEMENTED: { code: 540, scope: 'connection' },
  INTERNAL_ERROR: { code: 541, scope: 'connection' },
} as const;

/** A reply's name, which begins its text: `NOT_FOUND - no queue 'x' in vhost '/'`. */
export type ReplyName = keyof typeof REPLIES;

/** What an error ends. */
export type ErrorScope = 'channel' | 'connection';

/** A client's mistake, to be answered with channel.close or connection.close. */
export class AmqpError extends Error {
  readonly replyCode: number;
  readonly scope: ErrorScope;
  /** The method that it is about, by its numbers; zeros when it is about none (AMQP 0-9-1, channel.close). */
  method: { readonly classId: number; readonly methodId: number } = { classId: 0, methodId: 0 };

  /** @param text what comes after the name and a dash, in RabbitMQ's words, since clients match on them; '' is the name alone */
  constructor(name: ReplyName, text: string, scope: ErrorScope = REPLIES[name].scope) {
    super(text === '' ? name : `${name} - ${text}`);
    this.name = 'AmqpError';
    this.replyCode = REPLIES[name].code;
    this.scope = scope;
  }
}

/** Codes of `BrokerError`; stable, so that programs may switch on them. */
export type BrokerErrorCode = 'invalid-option' | 'unknown-option' | 'listen-failed' | 'data-in-use' | 'store-failed';

/** What keeps a broker from starting or running. The message says what was expected, what was found, and what to do. */
export class BrokerError extends Error {
  /** What happened, for programs. */
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'BrokerError';
    this.code = code;
  }
}

/** Fails to compile where a union gains a member that a `switch` does not know. */
export function assertNever(value: never): never {
  throw new TypeError(`expected no other case, found ${String(value)}`);
}
