import { derivedId } from './derived-id.js';
import type { Envelope, TaskMessage } from './envelope.js';
import { decodeError, type EncodedError } from './error-codec.js';
import type { DeadLetterReason } from './names.js';
import type { Preset } from './preset.js';
import type { TaskAddress } from './task-address.js';
import { encodeBody } from './task-body.js';

/** What a task is called with that others name as their `onFailure`: which task failed for good, and why. */
export interface TaskFailure {
  /** The failed task's id. */
  readonly id: string;
  /** Its name. */
  readonly task: string;
  /** The queue that it was delivered from, prefix included. */
  readonly queue: string;
  /** The attempt that was its last; 1 when it was never tried again. */
  readonly attempt: number;
  /** Why it was given up, as in a dead letter. */
  readonly reason: DeadLetterReason;
  /** What it failed with. */
  readonly error: {
    /** Name of the error's class. */
    readonly name: string;
    /** Its text. */
    readonly message: string;
    /** The stack where the error was thrown, when one is known. */
    readonly stack?: string | undefined;
  };
}

/** What is known of a task that has failed for good. */
export interface FailedTask {
  readonly message: Pick<TaskMessage, 'id' | 'task' | 'retries'>;
  /** The queue that it was delivered from, or could not be brought to. */
  readonly queue: string;
  readonly reason: DeadLetterReason;
  readonly failure: EncodedError;
}

/** How a task came to its end. */
export interface FinalFailure extends FailedTask {
  readonly message: Pick<TaskMessage, 'id' | 'task' | 'rootId' | 'retries' | 'replyTo' | 'bodyText' | 'foreign'>;
}

/** The call that tells of a failure: a child of the failed task, and nobody waits for its result. */
export function failureEnvelope(address: TaskAddress, failed: FinalFailure, preset: Preset): Envelope {
  const { id, rootId } = failed.message;
  return {
    id: failureCallId(identityOf(failed)),
    task: address.task,
    rootId,
    parentId: id,
    priority: undefined,
    ignoreResult: true,
    headers: undefined,
    bodyText: encodeBody([toTaskFailure(failed)], preset),
  };
}

/** The JSON of what an errback of tq's is called with. */
export function taskFailureText(failed: FailedTask): string {
  return JSON.stringify(toTaskFailure(failed));
}

function toTaskFailure({ message, queue, reason, failure }: FailedTask): TaskFailure {
  const { name, message: text, stack } = decodeError(failure.error, failure.traceback);
  const error = { name, message: text, ...(stack === undefined ? {} : { stack }) };
  return { id: message.id, task: message.task, queue, attempt: message.retries + 1, reason, error };
}

/**
 * What makes a failed task the same one: its id. Foreign programs use ids again, and two calls of one id may count as one, so
 * of their messages all that tells them apart does. One without an id gets a new one with each delivery.
 */
function identityOf({ message, queue }: FinalFailure): string {
  const { id, foreign, replyTo, bodyText } = message;
  if (foreign === undefined) return id;
  const { messageId = id, correlationId, timestamp } = foreign.message;
  return JSON.stringify([queue, messageId, correlationId, replyTo, timestamp, bodyText]);
}

/**
 * The id of the call that tells of a task's failure: the same for the same task (a UUID of version 5), so that a call
 * that is repeated after a crash is recognisable.
 */
export function failureCallId(id: string): string {
  return derivedId(`${NAMESPACE}${id}`);
}

const NAMESPACE = 'tq.on-failure:';
