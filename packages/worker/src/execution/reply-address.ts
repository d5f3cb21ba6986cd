import type { PlainReply, TaskMessage } from '@tq/core/internal';

/** Who is to be told of the end; undefined when nobody asked. */
export interface ReplyAddress {
  readonly taskId: string;
  readonly replyTo: string;
  /** How, where the caller knows nothing of tasks: it is told of the end alone. */
  readonly plain?: PlainReply | undefined;
}

/** Who waits for the end of a task. */
export function replyAddress({ id, replyTo, ignoreResult, foreign }: TaskMessage): ReplyAddress | undefined {
  if (replyTo === undefined || ignoreResult) return undefined;
  if (foreign === undefined) return { taskId: id, replyTo };
  const { format, message } = foreign;
  return { taskId: id, replyTo, plain: { format, correlationId: message.correlationId } };
}
