import { type EncodedError, failureText, type WireError } from '@tq/core/internal';

/** A member of a chord that failed. */
export interface FailedMember {
  readonly taskId: string;
  /** Name of its task; undefined where its reply did not say it. */
  readonly task: string | undefined;
  readonly failure: EncodedError;
}

/** What the body of a chord fails with when a member has failed: Celery's exception, which names the member. */
export function chordFailure({ taskId, task, failure }: FailedMember): EncodedError {
  const name = task === undefined ? taskId : `'${task}' (${taskId})`;
  const error: WireError = {
    exc_type: 'ChordError',
    exc_message: [`Task ${name} of the chord's header failed: ${failureText(failure)}`],
    exc_module: 'celery.exceptions',
    code: 'task-failed',
    cause: failure.error,
  };
  return { error, traceback: failure.traceback };
}
