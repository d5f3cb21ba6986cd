import { below, type Plan, type TaskPlan } from './plan.js';

/** A step where it stands. */
export interface Place {
  readonly plan: Plan;
  readonly path: string;
  /** What the canvases around it call when they fail: errbacks by their paths. */
  readonly errbacks: readonly string[];
  /** What comes after it, up to where results are joined. */
  readonly later: readonly Place[];
  /** Whether it only collects the results of a group that has taken the place of a task. */
  readonly collects?: boolean;
}

/** What a step calls when it fails. */
export function errbacksOf({ plan, path, errbacks }: Place): readonly string[] {
  return plan.linkError ? [...errbacks, path] : errbacks;
}

/** A step that nothing comes after before the results are joined. */
export function alone(plan: Plan, path: string, errbacks: readonly string[]): Place {
  return { plan, path, errbacks, later: [] };
}

/** Steps of a chain: each is followed by the others, and by what follows the chain. */
export function stepsOf(steps: readonly Plan[], place: Place): Place[] {
  const errbacks = errbacksOf(place);
  let later = laterOf(place);
  const places = steps.toReversed().map((plan, index) => {
    const step = { plan, path: below(place.path, steps.length - 1 - index), errbacks, later };
    later = [step, ...later];
    return step;
  });
  return places.toReversed();
}

/** What comes after a chain or a chord: what ends in a group calls its errbacks between that and what comes after it. */
export function laterOf(place: Place): readonly Place[] {
  const [next] = place.later;
  if (!place.plan.linkError || next === undefined || next.collects === true || !endsInGroup(place.plan))
    return place.later;
  return [alone(COLLECTOR, place.path, errbacksOf(place)), ...place.later];
}

/** Each member of a group that fails calls its errbacks; when something comes after the group, that calls those around it. */
export function membersOf(members: readonly Plan[], place: Place): Place[] {
  const [next] = place.later;
  const around = next?.collects === true ? place.errbacks.filter((path) => !next.errbacks.includes(path)) : [];
  const errbacks = errbacksOf(next === undefined ? place : { ...place, errbacks: around });
  return members.map((plan, index) => alone(plan, below(place.path, index), errbacks));
}

/** What takes the place of a task ends in one: behind a group that is its collector. */
export function inPlaceOf(by: Plan, place: Place): Place {
  const errbacks = errbacksOf(place);
  const collector = { ...alone(COLLECTOR, place.path, errbacks), collects: true };
  const later = endsInGroup(by) ? [collector, ...place.later] : place.later;
  return { plan: by, path: below(place.path, 'by'), errbacks, later };
}

const COLLECTOR: TaskPlan = { kind: 'task', task: 'identity', first: undefined, second: 0, immutable: false };

function endsInGroup(plan: Plan): boolean {
  if (plan.kind === 'chain') return endsInGroup(plan.steps.at(-1) as Plan);
  if (plan.kind === 'chord') return endsInGroup(plan.body);
  return plan.kind === 'group' || plan.kind === 'chunks';
}

/** The body of a chord, which calls what its chord calls. */
export function bodyOf(body: Plan, place: Place): Place {
  return { plan: body, path: below(place.path, 'body'), errbacks: errbacksOf(place), later: laterOf(place) };
}
