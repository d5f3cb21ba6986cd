import { chordQueue, type Member, type PlainReply, type TaskMessage } from '@tq/core/internal';

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

/** Where a member of a chord tells how it ends: the chord's queue, and its caller. */
export interface MemberAddress {
  readonly taskId: string;
  /** Name of the task. */
  readonly task: string;
  readonly chordQueue: string;
  /** Which member it is, from 0. */
  readonly index: number;
  /** Undefined when its caller asks for no reply. */
  readonly replyTo: string | undefined;
}

/** The address of a member; its caller's reply queue where that asks for a reply. */
export function memberAddress(
  { groupId, index, taskId, task }: Pick<Member, 'groupId' | 'index' | 'taskId' | 'task'>,
  replyTo: string | undefined,
  prefix: string,
): MemberAddress {
  return { taskId, task, chordQueue: chordQueue(prefix, groupId), index, replyTo };
}
