import { decodeEnvelope, type InboundMessage, type TaskMessage } from '@tq/core/internal';
import type { ReplyAddress } from '../execution/reply-address.js';

/** What makes tasks of a queue's deliveries. */
export interface Intake {
  /**
   * Reads a delivery.
   * @throws {TqError} `poison` when it is none that a task can be made of, `unknown-task` when nothing says which task
   */
  decode(message: InboundMessage): TaskMessage;
  /** Whether a worker may run what was read: it has the task, and the task takes such messages. */
  knows(task: TaskMessage): boolean;
  /** Who is told of a delivery that could not be read. */
  unreadable(message: InboundMessage): ReplyAddress | undefined;
}

/**
 * The intake of a queue of tasks: messages of Celery and of tq.
 * @param knows whether the worker has the task of this name
 */
export function celeryIntake(knows: (task: string) => boolean): Intake {
  return {
    decode: decodeEnvelope,
    knows: ({ task }) => knows(task),
    unreadable: ({ properties: { correlationId, replyTo } }) =>
      // It may still say who sent it: Celery's correlation id is the task's id.
      correlationId === undefined || !replyTo ? undefined : { taskId: correlationId, replyTo },
  };
}
