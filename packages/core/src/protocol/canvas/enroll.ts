import { derivedId } from '../derived-id.js';
import { collectorOf } from './collector.js';
import { type Shape, unlessFlat } from './shape.js';
import { type ChordOf, type Lazy, type Step, stepOf, type TaskStep } from './wire-step.js';

/** A header whose members know their chord. */
export interface Enrolled {
  readonly header: readonly Step[];
  /** How many members there are. */
  readonly size: number;
  /** How their results make the body's list, in full. */
  readonly shape: readonly Shape[];
}

/**
 * Makes the terminals of a header's steps members of its chord. Terminals are the tasks whose results are a step's result:
 * of a chain those of its last step, of a group all, of a chord those of its body. Nothing else knows about nesting: a
 * chord in a header is only a chord whose body's terminals are members.
 */
export function enroll(header: readonly Lazy[], groupId: string, body: Lazy): Enrolled {
  const chord: Writable<ChordOf> = { body, size: 0, shape: undefined };
  let size = 0;
  const join = (task: TaskStep): { step: Step; shape: Shape } => {
    const index = size++;
    const id = task.id ?? derivedId(`${NAMESPACE}${groupId}/${index}`);
    return { step: { ...task, id, group: { id: groupId, index }, chord }, shape: index };
  };
  const joined = header.map((lazy) => withTerminals(stepOf(lazy), join));
  const shape = joined.map((item) => item.shape);
  // All members share the chord, whose size is known when the last has joined.
  chord.size = size;
  chord.shape = unlessFlat(shape, size);
  return { header: joined.map((item) => item.step), size, shape };
}

const NAMESPACE = 'tq.member:';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Join = (task: TaskStep) => Shaped;
interface Shaped {
  readonly step: Step;
  readonly shape: Shape;
}

function withTerminals(step: Step, join: Join): Shaped {
  switch (step.kind) {
    case 'task':
      return join(step);
    case 'group': {
      const tasks = step.tasks.map((task) => withTerminals(stepOf(task), join));
      return { step: { ...step, tasks: tasks.map((task) => task.step) }, shape: tasks.map((task) => task.shape) };
    }
    case 'chord': {
      const body = endOf(step.body, step.header, join);
      return { step: { ...step, body: body.step }, shape: body.shape };
    }
    case 'chain': {
      const last = step.tasks.at(-1);
      if (last === undefined) return { step, shape: [] };
      const before = step.tasks.slice(0, -1);
      const end = endOf(last, before, join);
      return { step: { ...step, tasks: [...before, end.step] }, shape: end.shape };
    }
  }
}

/** The end of a step, which comes after others: where no task is in it, one that gives the same is waited for after them. */
function endOf(lazy: Lazy, before: readonly Lazy[], join: Join): Shaped {
  const end = withTerminals(stepOf(lazy), join);
  if (hasTerminals(end.shape) || !before.some(hasTasks)) return end;
  // Nobody knows of it who could wait for its result.
  return join({ ...collectorOf(JSON.stringify(end.shape)), options: { ignoreResult: true } });
}

function hasTasks(lazy: Lazy): boolean {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task':
      return true;
    case 'chord':
      return step.header.some(hasTasks) || hasTasks(step.body);
    default:
      return step.tasks.some(hasTasks);
  }
}

function hasTerminals(shape: Shape): boolean {
  return typeof shape === 'number' || shape.some(hasTerminals);
}

/** The tasks whose results are the step's result. */
export function* terminalsOf(lazy: Lazy): Generator<TaskStep> {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task':
      yield step;
      break;
    case 'group':
      for (const task of step.tasks) yield* terminalsOf(task);
      break;
    case 'chord':
      yield* terminalsOf(step.body);
      break;
    case 'chain': {
      const last = step.tasks.at(-1);
      if (last !== undefined) yield* terminalsOf(last);
    }
  }
}
