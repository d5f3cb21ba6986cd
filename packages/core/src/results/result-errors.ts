import { type RemoteError, TaskFailedError, TaskRevokedError, TqError } from '../errors.js';
import { formatDuration } from '../time/duration.js';
import type { CallFacts } from './async-result.js';
import { EXPIRY_GRACE_MS } from './expiry-watch.js';
import type { QueueStatus } from './transport.js';

/** The result was given up. */
export function forgotten({ id, task }: CallFacts): TqError {
  return new TqError('result-forgotten', `The result of task '${task}' was forgotten.`, { fields: { taskId: id } });
}

/** Nobody asked for the result. */
export function ignored({ id, task }: CallFacts): TqError {
  const text = `Task '${task}' was called with ignoreResult, so no result will come. Leave the option out to get one.`;
  return new TqError('result-forgotten', text, { fields: { taskId: id } });
}

/** The signal of a wait has ended it. */
export function aborted({ id, task }: CallFacts, signal: AbortSignal | undefined): TqError {
  const text = `The wait for task '${task}' was aborted by its signal; the task goes on.`;
  return new TqError('result-aborted', text, { fields: { taskId: id }, cause: signal?.reason });
}

/**
 * The worker's word that the task was not run to its end.
 * @param again it had begun before
 * @param lastTry what it failed with then
 */
export function revoked(
  { id, task }: CallFacts,
  { message: reason, cause: why }: RemoteError,
  again: boolean,
  lastTry: RemoteError | undefined,
): TaskRevokedError {
  const before = again ? ' once more' : '';
  const text =
    reason === 'expired'
      ? `Task '${task}' expired before a worker started it${before}, so it was not run${before}.`
      : `Task '${task}' was revoked: ${reason}${why === undefined ? '' : ` (${why.message})`}.`;
  return new TaskRevokedError(id, reason, text, lastTry && new TaskFailedError(id, lastTry));
}

/** No worker has started the task in time. */
export function unstarted({ id, task, queue, exchange }: CallFacts, status: QueueStatus): TaskRevokedError {
  const text =
    `No worker had started task '${task}' ${formatDuration(EXPIRY_GRACE_MS)} after it expired, so it will not run: ` +
    (exchange === undefined ? describeQueue(queue, status) : describeExchange(exchange));
  return new TaskRevokedError(id, 'expired', text);
}

export function describeExchange(exchange: string): string {
  return `it was published to the exchange '${exchange}': is a worker running on a queue that it goes to from there?`;
}

export function describeQueue(queue: string, { messages, consumers }: Omit<QueueStatus, 'caughtUp'>): string {
  const count = `${messages} message${messages === 1 ? '' : 's'}`;
  if (consumers > 0) return `'${queue}' has ${count} waiting and ${consumers} consumer${consumers === 1 ? '' : 's'}.`;
  return `'${queue}' has ${count} and no consumer: is a worker running on it?`;
}
