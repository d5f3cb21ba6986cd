import { isAway, replyCodeOf } from './declare.js';
import { queueAway } from './queue-refusal.js';

/**
 * What came of moving a message from a queue that is held to another one.
 *
 *   moved     it is there, and settled
 *   missing   there is no such queue: nothing has happened, and the queue is not held any more
 *   returned  it is settled and nowhere, since the other queue was deleted inside the transaction: the caller puts it back
 *   refused   the same of a queue that is full; the queue is not held any more
 */
export type MoveEnd = 'moved' | 'missing' | 'returned' | 'refused';

/** AMQP reply codes, and RabbitMQ's words for a transaction whose acks are done and whose message a full queue refused. */
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;
const PARTIAL = 'partial tx completion';

/**
 * What it means for a move that the broker closed its channel.
 * @param queue full name of the other queue
 * @returns undefined when that had another reason
 * @throws {TqError} `queue-unavailable`
 */
export function endOfClosedMove(reason: Error | undefined, queue: string): MoveEnd | undefined {
  if (reason === undefined) return undefined;
  switch (replyCodeOf(reason)) {
    case NOT_FOUND:
      if (isAway(reason)) throw queueAway(queue, reason);
      return 'missing';
    case PRECONDITION_FAILED:
      return reason.message.includes(PARTIAL) ? 'refused' : undefined;
    default:
      return undefined;
  }
}
