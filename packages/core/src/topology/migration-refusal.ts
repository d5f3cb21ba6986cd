import { TqError } from '../errors.js';

/** Somebody consumes the queue; `waitMs` where it was waited that long for them to leave. */
export function consumed(queue: string, consumers: number, waitMs?: number): TqError {
  const found = `${consumers} ${consumers === 1 ? 'consumer' : 'consumers'}`;
  const since = waitMs !== undefined ? `still has ${found} after ${waitMs} ms` : `has ${found} again`;
  const text = `The queue '${queue}' ${since}: stop its workers first, since what they hold is lost when one dies after the queue was deleted. If they all live on, say evenInUse (--even-in-use).`;
  return new TqError('queue-in-use', text, { fields: { queue, consumers } });
}

/** The broker cannot delete a quorum queue under its consumers without harm. */
export function undeletableInUse(queue: string): TqError {
  const text = `The quorum queue '${queue}' has consumers: RabbitMQ may cut their connections when it is deleted under them, and what they hold is lost then. Stop its workers first.`;
  return new TqError('queue-in-use', text, { fields: { queue } });
}

/** The queue was not quiet, since callers publish straight to it. */
export function publishedTo(queue: string, quietMs: number, waitMs: number): TqError {
  const text = `Messages come straight to the queue '${queue}', so that it was not quiet for ${quietMs} ms within ${waitMs} ms: RabbitMQ confirms and loses what is published while it deletes a queue. Stop its callers for the moment, or let them publish to an exchange that it is bound to.`;
  return new TqError('queue-in-use', text, { fields: { queue } });
}
