import { failureText, type WireError } from '../error-codec.js';
import type { FinalState } from '../reply.js';
import type { FailedBefore } from './replace.js';

/** What the caller of a step is told that never runs, since another task has failed: which one that is. */
export function stateAfter({ id, task }: FailedBefore, state: FinalState): FinalState {
  if (state.status !== 'FAILURE') return state;
  const { failure } = state;
  const error: WireError = {
    exc_type: 'TaskFailedError',
    exc_message: [`Task '${task}' (${id}) failed: ${failureText(failure)}`],
    exc_module: '',
    code: 'task-failed',
    cause: failure.error,
  };
  return { ...state, failure: { error, traceback: failure.traceback } };
}
