import { assertNever, type ErrorCode, type ErrorFields, toError } from '../errors.js';
import { issuesText } from './issue-text.js';
import type { Misfit } from './validate.js';

/** Why arguments or a result were refused, as the parts of an error: who refuses makes one of its own class. */
export interface Refusal {
  readonly code: Extract<ErrorCode, 'invalid-args' | 'invalid-payload' | 'invalid-result'>;
  readonly message: string;
  /** `fields.issues` has every issue as `{ path, message }`; `cause` is what a validator threw. */
  readonly options: { readonly fields: ErrorFields; readonly cause?: unknown };
}

/** What is wrong with the arguments of a task. */
export function argsRefusal(task: string, misfit: Misfit): Refusal {
  const message = `Expected arguments that fit the schema of task '${task}', found ${found('args', misfit)}.`;
  return { code: 'invalid-args', message, options: optionsOf({ task }, misfit) };
}

/** What is wrong with the result of a task. */
export function resultRefusal(task: string, misfit: Misfit): Refusal {
  const message = `Expected a result that fits the schema of task '${task}', found ${found('result', misfit)}. The handler has run.`;
  return { code: 'invalid-result', message, options: optionsOf({ task }, misfit) };
}

/** What is wrong with the payload of an event. */
export function payloadRefusal(event: string, misfit: Misfit): Refusal {
  const message = `Expected a payload that fits the schema of event '${event}', found ${found('payload', misfit)}.`;
  return { code: 'invalid-payload', message, options: optionsOf({ event }, misfit) };
}

/** What is wrong with what a program that knows no tasks answered. */
export function answerRefusal(queue: string, misfit: Misfit): Refusal {
  const message = `Expected an answer from '${queue}' that fits the schema of the call, found ${found('answer', misfit)}.`;
  return { code: 'invalid-result', message, options: optionsOf({ queue }, misfit) };
}

function found(root: string, misfit: Misfit): string {
  return misfit.kind === 'refused' ? issuesText(root, misfit.issues) : 'a validator that threw (see the cause)';
}

function optionsOf(about: ErrorFields, misfit: Misfit): Refusal['options'] {
  switch (misfit.kind) {
    case 'refused':
      return { fields: { ...about, issues: misfit.issues } };
    case 'threw':
      return { fields: about, cause: toError(misfit.thrown) };
    default:
      return assertNever(misfit);
  }
}
