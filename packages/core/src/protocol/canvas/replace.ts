import { HEADER } from '../names.js';
import type { TaskAddress } from '../task-address.js';
import { collectorOf } from './collector.js';
import type { Embed } from './embed.js';
import { type Expansion, expand } from './expand.js';
import {
  type ChordStep,
  type GroupPlace,
  type GroupStep,
  type Lazy,
  type Step,
  stepOf,
  type TaskStep,
} from './wire-step.js';

/** A task in whose place others run: what it was to its caller and its canvas. */
export interface Replaced {
  readonly id: string;
  readonly embed: Embed;
  /** Its place in a chord's header. */
  readonly group?: GroupPlace | undefined;
  readonly replyTo: string | undefined;
  readonly ignoreResult: boolean;
  readonly onFailure: TaskAddress | undefined;
  /** How many tasks were replaced before it on its way. */
  readonly replacedNesting: number;
}

/**
 * What runs in the place of a task: its end is that task to everybody, with its id, its caller, its place in a chord and
 * all that comes after it. A group's end is the collector behind it.
 */
export function afterReplaced(step: Lazy, replaced: Replaced): Expansion {
  return expand(inPlaceOf(stepOf(step), replaced), { rest: replaced.embed.chain, parent: replaced.id });
}

function inPlaceOf(step: Step, replaced: Replaced): Step {
  switch (step.kind) {
    case 'task':
      return asReplaced(step, replaced);
    case 'group':
      return inPlaceOf(collected(step), replaced);
    case 'chord':
      return { ...step, header: step.header.map(unasked), body: inPlaceOf(stepOf(step.body), replaced) };
    case 'chain': {
      const last = step.tasks.length - 1;
      const place = (task: Lazy, index: number) =>
        index === last ? inPlaceOf(stepOf(task), replaced) : before(task, replaced.embed.errbacks);
      return { ...step, tasks: step.tasks.map(place) };
    }
  }
}

function asReplaced(step: TaskStep, { id, embed, group, ...replaced }: Replaced): TaskStep {
  const { options } = step;
  return {
    ...step,
    id,
    group,
    chord: embed.chord,
    link: [...step.link, ...embed.callbacks],
    linkError: [...step.linkError, ...embed.errbacks],
    options: {
      ...options,
      replyTo: replaced.replyTo,
      ignoreResult: replaced.ignoreResult,
      onFailure: options.onFailure ?? replaced.onFailure,
      replacedNesting: replaced.replacedNesting + 1,
    },
  };
}

/** A step before the end, whose failure is that of the whole. Of a chain one step at most fails. */
function before(task: Lazy, errbacks: readonly Lazy[]): Step {
  const step = unasked(task);
  return step.kind === 'task' ? { ...step, linkError: [...step.linkError, ...errbacks] } : step;
}

/** Nobody knows of the tasks before the end, so that nobody asks for their results. */
function unasked(lazy: Lazy): Step {
  const step = stepOf(lazy);
  switch (step.kind) {
    case 'task':
      return { ...step, options: { ...step.options, ignoreResult: true } };
    case 'chord':
      return { ...step, header: step.header.map(unasked), body: unasked(step.body) };
    default:
      return { ...step, tasks: step.tasks.map(unasked) };
  }
}

/** One task that gives the list of a group. */
function collected({ id, tasks }: GroupStep): ChordStep {
  return { kind: 'chord', id, header: tasks, body: collectorOf() };
}

/** A task that somebody waits for who does not know what comes before it. */
export interface Awaited {
  readonly taskId: string;
  /** Undefined where it is that of the message before. */
  readonly replyTo: string | undefined;
  /** The task that has failed in its stead, where nobody but this one's caller hears of that. */
  readonly after?: FailedBefore | undefined;
}

/** A task that has failed. */
export interface FailedBefore {
  readonly id: string;
  readonly task: string;
}

/** Those among steps that never run: the ends of what has taken the place of other tasks. */
export function* awaitedIn(steps: readonly Lazy[]): Generator<Awaited> {
  for (const lazy of steps) {
    if (typeof lazy === 'string' && !lazy.includes(MARK)) continue;
    const step = stepOf(lazy);
    switch (step.kind) {
      case 'task': {
        const { replacedNesting, ignoreResult, replyTo } = step.options;
        if (replacedNesting === undefined || ignoreResult === true) break;
        if (step.id !== undefined && replyTo !== undefined) yield { taskId: step.id, replyTo };
        break;
      }
      case 'chord':
        yield* awaitedIn([step.body]);
        break;
      default:
        yield* awaitedIn(step.tasks);
    }
  }
}

const MARK = `"${HEADER.replacedNesting}"`;
