import { TqError } from '../errors.js';
import { findTask } from '../execution/find-task.js';
import type { DeadLetterMessage } from '../protocol/dead-letter.js';
import type { Preset } from '../protocol/preset.js';
import { deserialize, serialize } from '../protocol/serializer.js';
import { argsRefusal } from '../schema/refusal.js';
import { validateArgs } from '../schema/validate.js';
import type { Registry } from '../task/registry.js';
import type { EditedArguments } from './options.js';

/** What is known here of tasks and of the wire. */
export interface EditHost {
  readonly registry: Registry;
  readonly preset: Preset;
}

/**
 * Checks what somebody wants a dead letter to be called with.
 * @returns their JSON
 * @throws {TqError} `invalid-args` when it is no list, or does not fit the schema of the task; `unserialisable`
 */
export async function argsTextOf(letter: DeadLetterMessage, edited: EditedArguments, host: EditHost): Promise<string> {
  const { task } = letter;
  if (task === undefined || letter.argsText === undefined) {
    const text = 'Expected a task with arguments to edit, found a message that has none: send it as it is, or skip it.';
    throw new TqError('invalid-args', text, { fields: { task } });
  }
  const args = 'args' in edited ? edited.args : valuesOf(edited.argsText, task);
  if (!Array.isArray(args)) throw noList(task);
  const text = 'args' in edited ? serialize(args, 'args', { tqTypes: host.preset === 'tq' }) : edited.argsText;
  const schema = findTask(task, host.registry)?.args;
  if (schema === undefined) return text;
  const validation = await validateArgs(schema, args);
  if (validation.kind === 'fits') return text;
  const { code, message, options } = argsRefusal(task, validation);
  throw new TqError(code, message, options);
}

function valuesOf(text: string, task: string): unknown {
  try {
    return deserialize(text);
  } catch (cause) {
    const message = `Expected arguments of task '${task}' as a list in JSON, found text that does not parse as it.`;
    throw new TqError('invalid-args', message, { fields: { task }, cause });
  }
}

function noList(task: string): TqError {
  const text = `Expected arguments of task '${task}' as a list, found something else.`;
  return new TqError('invalid-args', text, { fields: { task } });
}
