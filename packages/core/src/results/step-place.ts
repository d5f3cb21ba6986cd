import { isPublishError, PublishError, TaskFailedError, TaskRevokedError } from '../errors.js';
import type { AnyResult, CallFacts } from './async-result.js';
import type { CanvasPublication } from './canvas-publication.js';
import type { Outcome } from './open-waits.js';
import type { ResultState } from './result-state.js';
import type { WorkflowStates } from './workflow.js';

/** What may be given up. */
export interface Forgettable {
  /**
   * Gives it up, and nothing else.
   * @returns what is given up with it, nothing from the second time on
   */
  drop(): readonly Forgettable[];
}

/** A step that never runs when another one has not ended as it was to. */
export interface LaterStep extends Forgettable {
  /**
   * Ends it.
   * @returns what never runs either, now
   */
  skip(state: 'skipped' | 'unknown', error: Error): readonly LaterStep[];
}

/** Who is told of the end of its members. */
export interface MemberWatcher {
  /** It has failed, which its `ended` may be long after, where it has members of its own. */
  memberFailed(error: Error): void;
  memberEnded(index: number): void;
}

/** Whom a member tells of its end. */
export interface Watching {
  readonly watcher: MemberWatcher;
  readonly index: number;
}

/** What can be a member of a group, or stand before a step. */
export interface ResultPart extends Forgettable {
  readonly id: string;
  /** How it has ended; undefined until it has, of several until all of them have. */
  readonly outcome: Outcome<unknown> | undefined;
  /** Names one who watches: the group that it is a member of, and such as empty groups after it are members of. */
  watch(watcher: MemberWatcher, index: number): void;
  /** What has to end before it can: of several parts the first that has not ended. */
  readonly awaits: ResultPart | undefined;
  /** What it is, and how it stands, for error texts. */
  standing(): string | Promise<string>;
}

const NONE: readonly never[] = Object.freeze([]);

/** The place of a result in its canvas: what comes before it and after it. */
export class StepPlace {
  /** What it follows. */
  readonly parent: (AnyResult & ResultPart) | undefined;
  /** Somebody else publishes it, when what it follows has ended. */
  readonly follows: boolean;
  readonly canvas: CanvasPublication;
  /** Told of every change of its state. */
  readonly workflow: WorkflowStates;
  /** What comes next, with its result, or that of it and others. */
  next: readonly LaterStep[] = NONE;
  /** What is called with its result beside. */
  callbacks: readonly LaterStep[] = NONE;
  #watchers: readonly Watching[] = NONE;

  constructor(options: {
    readonly parent: (AnyResult & ResultPart) | undefined;
    readonly follows: boolean;
    readonly canvas: CanvasPublication;
    readonly workflow: WorkflowStates;
  }) {
    this.parent = options.parent;
    this.follows = options.follows;
    this.canvas = options.canvas;
    this.workflow = options.workflow;
  }

  watch(watcher: MemberWatcher, index: number): void {
    this.#watchers = [...this.#watchers, { watcher, index }];
  }

  became(taskId: string, state: ResultState): void {
    this.workflow.became(taskId, state);
  }

  /** The result has ended: what never runs now ends with it. */
  ended(facts: CallFacts, state: ResultState, outcome: Outcome<unknown>): void {
    // What follows a step that never runs is told of by whoever tells that.
    if ('error' in outcome && state !== 'skipped') this.#failed(facts, outcome.error);
    for (const { watcher, index } of this.#watchers) {
      if ('error' in outcome) watcher.memberFailed(outcome.error);
      watcher.memberEnded(index);
    }
  }

  #failed(facts: CallFacts, error: Error): void {
    const unpublished = isPublishError(error);
    if (!unpublished && !(error instanceof TaskFailedError) && !(error instanceof TaskRevokedError)) return;
    const later = this.later();
    if (later.length === 0) return;
    const unknown = unpublished && error.outcomeUnknown;
    skipAll(later, unknown ? 'unknown' : 'skipped', stepFailed(facts, error));
  }

  /** What never runs when its own task fails, or never runs. */
  later(): readonly LaterStep[] {
    return this.callbacks.length === 0 ? this.next : [...this.next, ...this.callbacks];
  }

  /** What nobody wants to know of either when its result is given up. */
  around(): readonly Forgettable[] {
    return this.parent === undefined ? this.callbacks : [this.parent, ...this.callbacks];
  }
}

/** What it all waits for that has not ended; itself where it waits for nothing else. */
export function nextToEnd(part: ResultPart): ResultPart {
  let next = part;
  for (let before = next.awaits; before !== undefined; before = next.awaits) next = before;
  return next;
}

/** Gives it up, and what is given up with it. */
export function forgetAll(first: Forgettable): void {
  const open = [first];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    for (const other of one.drop()) open.push(other);
  }
}

/** A loop, since a chain may be longer than the stack is deep. */
function skipAll(steps: readonly LaterStep[], state: 'skipped' | 'unknown', error: Error): void {
  const open = [...steps];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const later of step.skip(state, error)) open.push(later);
  }
}

/** What a step ends with that another one was to come before: the same error, with the step that failed named. */
function stepFailed({ id, task }: CallFacts, error: Error): Error {
  if (error instanceof TaskFailedError) return new TaskFailedError(id, error.remote, task);
  if (!isPublishError(error)) return error;
  const text = `Task '${task}' (${id}) was not published, so nothing that follows it is called: ${error.message}`;
  const fields = { ...error.fields, taskId: id, task };
  return new PublishError(error.code, text, { fields, cause: error, outcomeUnknown: error.outcomeUnknown });
}
