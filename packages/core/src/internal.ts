/** What the other packages of tq use beside the public names; nobody else should import it. */
export { assertNever, type ErrorCode, PublishError, TqError, toError } from './errors.js';
export { decodeBody, type TaskBody } from './protocol/envelope.js';
export { type EncodedError, encodeError, type WireError } from './protocol/error-codec.js';
export type { Headers, HeaderValue } from './protocol/message.js';
export { type Reply, UNDEFINED_RESULT } from './protocol/reply.js';
export { serialize } from './protocol/serializer.js';
export type { CallListener, OutgoingCall, QueueStatus, Transport } from './results/transport.js';
export type { Logger, LogLevel, Runtime } from './runtime.js';
export { findCurrentTask, runInTask, type TaskContext } from './task/context.js';
export { addRegistry, becomeChild, childTransport, openRegistries } from './task/process-state.js';
export { Registry, type Runnable } from './task/registry.js';
export { fullJitter } from './time/backoff.js';
export { type Clock, systemClock, type Timer } from './time/clock.js';
