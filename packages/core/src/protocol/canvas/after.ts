/** What a canvas does when one of its tasks, or one of its chords, has come to its end. */
import type { Embed } from './embed.js';
import { allOf, type ExpandedCall, type Expansion, expand, type IdentifiedStep } from './expand.js';
import { nextHeardIn } from './heard.js';
import type { JsonText } from './json-text.js';
import { type Member, membersIn } from './member.js';
import { type Awaited, awaitedIn } from './replace.js';
import { joinedText } from './shape.js';
import { type Lazy, type Step, stepOf, type TaskStep } from './wire-step.js';

/** A task that has succeeded. */
export interface Succeeded {
  readonly id: string;
  /** Its result. */
  readonly resultText: JsonText;
}

/** The next step of its chain, and every callback. */
export function afterSuccess({ chain, callbacks }: Embed, { id, resultText: value }: Succeeded): Expansion {
  const called = callbacks.map((step, index) => expand(step, { value, parent: `${id}/callbacks/${index}` }));
  return allOf([...nextOf(chain, value, id), ...called]);
}

function nextOf(chain: readonly Lazy[], value: JsonText, id: string): Expansion[] {
  const next = chain.at(-1);
  return next === undefined ? [] : [expand(next, { value, rest: chain.slice(0, -1), parent: `${id}/next` })];
}

/** A task that has failed for good. */
export interface Failed {
  readonly id: string;
  /** The JSON of a `TaskFailure`, for the errbacks that take one. */
  readonly failureText: JsonText;
  /** Its name, where its caller asked for no reply and so hears of the failure by what would have come next. */
  readonly unheard?: string | undefined;
}

/** What is done about a failure. */
export interface Fallen {
  /** What is called. */
  readonly errbacks: Expansion;
  /** Tasks that can never come now and whose chords wait for them: each is to be failed there. */
  readonly members: readonly Member[];
  /** Tasks that can never come now and whose callers know nothing of what has failed: each is told. */
  readonly awaited: readonly Awaited[];
}

/** Its errbacks, and the members of chords that the rest of its chain would have ended in. Itself is not among them. */
export function afterFailure({ errbacks, chain }: Embed, failed: Failed): Fallen {
  const last = chain[0];
  const members = last === undefined ? [] : membersIn(last);
  const awaited = [...awaitedIn(chain)];
  const { id, unheard: task } = failed;
  if (task !== undefined) {
    const next = others(nextHeardIn(chain.toReversed()), awaited);
    awaited.push(...next.map((one) => ({ ...one, after: { id, task } })));
  }
  return { errbacks: errbacksOf(errbacks, failed, failed.id), members, awaited };
}

/** Those that are not among these. */
function others(awaited: readonly Awaited[], known: readonly Awaited[]): Awaited[] {
  return awaited.filter(({ taskId }) => known.every((one) => one.taskId !== taskId));
}

function errbacksOf(errbacks: readonly Lazy[], { id, failureText }: Failed, parent: string): Expansion {
  const idText = JSON.stringify(id);
  const called = errbacks.map((step, index) => expand(step, { value: idText, parent: `${parent}/errbacks/${index}` }));
  const { calls, chords } = allOf(called);
  const tell = (call: ExpandedCall) =>
    call.step.options.takesFailure === true ? { ...call, value: failureText } : call;
  return { calls: calls.map(tell), chords };
}

/** The body, called with the list of the results. */
export function afterJoin({ body, groupId, size, shape }: Member, results: ReadonlyMap<number, JsonText>): Expansion {
  return expand(body, { value: joinedText(shape, size, results), parent: groupId });
}

/** What is done about a chord whose header has failed. */
export interface FailedJoin extends Fallen {
  /** The tasks that its body would have started with; whoever waits for one of them is told that it failed. */
  readonly entries: readonly IdentifiedStep[];
}

/**
 * Fails a chord's body before it is called. Its errbacks run once however many members have failed.
 * @param failed the member that failed
 */
export function afterFailedJoin({ body, groupId }: Member, failed: Failed): FailedJoin {
  const holders = [...errbackHolders(stepOf(body))];
  const entries = expand(body, { parent: groupId }).calls.map(({ step }) => step);
  const replaced = [...awaitedIn([body])];
  const awaited = [...replaced, ...others(nextHeardIn([body]), replaced)];
  return {
    entries,
    errbacks: allOf(holders.map((step, index) => errbacksOf(step.linkError, failed, `${groupId}/${step.id ?? index}`))),
    members: membersIn(body),
    awaited: awaited.filter(({ taskId }) => entries.every(({ id }) => id !== taskId)),
  };
}

/** The tasks whose errbacks are those of a step that never starts: a chord's are its body's. */
function* errbackHolders(step: Step): Generator<TaskStep> {
  switch (step.kind) {
    case 'task':
      yield step;
      break;
    case 'group':
      for (const task of step.tasks) yield* errbackHolders(stepOf(task));
      break;
    case 'chord':
      yield* errbackHolders(stepOf(step.body));
      break;
    case 'chain': {
      const first = step.tasks[0];
      if (first !== undefined) yield* errbackHolders(stepOf(first));
    }
  }
}
