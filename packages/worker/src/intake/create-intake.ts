import { type FunctionFrom, isBuiltIn, type PlainFormat, type Runtime, type TaskFacts } from '@tq/core/internal';
import { celeryIntake, type Intake } from './intake.js';
import { PlainIntake } from './plain-intake.js';

/** What is known of the tasks once they are loaded. */
export interface KnownTasks {
  /** Names of those that the worker can run. */
  readonly names: ReadonlySet<string>;
  readonly factsOf: (task: string) => TaskFacts | undefined;
}

/** How a queue says what its plain messages are for. */
export interface PlainQueue {
  /** Without prefix. */
  readonly name: string;
  readonly functionFrom: FunctionFrom | undefined;
}

/**
 * The intake of a queue: that of tasks, and where tasks take plain messages from it, of both.
 * @param queue undefined for one that is sent tasks alone
 */
export function createIntake(
  { names, factsOf }: KnownTasks,
  { clock, newId }: Pick<Runtime, 'clock' | 'newId'>,
  queue?: PlainQueue,
): Intake {
  const functions = new Map<string, PlainFormat>();
  for (const name of names) {
    const plain = factsOf(name)?.plain;
    if (plain !== undefined && plain.queue === queue?.name) functions.set(name, plain.format);
  }
  const tasks = celeryIntake((task) => names.has(task) || isBuiltIn(task));
  if (functions.size === 0) return tasks;
  return new PlainIntake({ functions, functionFrom: queue?.functionFrom, tasks, now: () => clock.wallTime(), newId });
}
