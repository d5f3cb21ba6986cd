import { TqError, toError } from '../errors.js';
import { isAway, replyCodeOf } from './declare.js';

/** A condition that RabbitMQ does not know for this kind of queue: it closes the connection that asks (AMQP 540). */
export const NOT_IMPLEMENTED = 540;

/**
 * What a broker's refusal of an operation on a queue means, and what to do about it.
 * @returns undefined when the broker refused nothing: the channel or the connection was lost before its answer
 */
export function explainRefusal(thrown: unknown, queue: string): TqError | undefined {
  if (thrown instanceof TqError) return thrown;
  const cause = toError(thrown);
  const fail = (code: TqError['code'], text: string) => new TqError(code, text, { fields: { queue }, cause });
  switch (replyCodeOf(cause)) {
    case 403:
      return fail('access-refused', `The broker's user may not do this with the queue '${queue}': ${cause.message}`);
    case 404:
      return isAway(cause) ? queueAway(queue, cause) : queueMissing(queue);
    case 405: {
      const text = `The queue '${queue}' belongs to another connection alone (it is exclusive) and goes when that ends.`;
      return fail('queue-in-use', text);
    }
    case 406:
      return explainCondition(queue, cause);
    default:
      return undefined;
  }
}

/** There is no such queue, for whoever looks at one, empties or deletes it. */
export function queueMissing(queue: string): TqError {
  const text = `There is no queue '${queue}': its first call or its first worker declares it. Is the name right, and the app's prefix?`;
  return new TqError('queue-missing', text, { fields: { queue } });
}

export function queueAway(queue: string, cause: Error): TqError {
  const text = `The node that has the queue '${queue}' is down; queue and messages come back with it: ${cause.message}`;
  return new TqError('queue-unavailable', text, { fields: { queue }, cause });
}

export function queueInUse(queue: string, consumers?: number): TqError {
  const found = consumers === undefined ? 'has consumers' : `has ${consumers} consumers`;
  const text = `The queue '${queue}' ${found}: stop its workers first, or delete it without ifUnused.`;
  return new TqError('queue-in-use', text, { fields: { queue, consumers } });
}

export function queueNotEmpty(queue: string, messages?: number): TqError {
  const found = messages === undefined ? 'has messages' : `has ${messages} messages`;
  const text = `The queue '${queue}' ${found}: let workers run them or purge it first, or delete it without ifEmpty.`;
  return new TqError('queue-not-empty', text, { fields: { queue, messages } });
}

function explainCondition(queue: string, cause: Error): TqError {
  if (/in use/.test(cause.message)) return queueInUse(queue);
  if (/not empty/.test(cause.message)) return queueNotEmpty(queue);
  return new TqError('refused', `The broker refused this for the queue '${queue}': ${cause.message}`, {
    fields: { queue },
    cause,
  });
}
