import { alone, bodyOf, errbacksOf, inPlaceOf, laterOf, membersOf, type Place, stepsOf } from './place.js';
import {
  below,
  type ChordPlan,
  type GroupPlan,
  type Plan,
  type StarmapPlan,
  type TaskPlan,
  type Value,
} from './plan.js';
import { FAILS, planHandlers } from './plan-handlers.js';
import { Tally } from './tally.js';

/** What must come of a canvas. */
export interface Expected {
  /** Its result, or the steps that fail, of which its caller is told one. */
  readonly end: End;
  /** How often every step, callback and errback runs. */
  readonly runs: Tally;
}

export type End = { readonly value: Value } | { readonly failed: ReadonlySet<string> };

/** What comes before a step; undefined where nothing does. */
type Before = { readonly value: Value } | undefined;

/**
 * Works out what must come of a canvas: here and now, one step after another, by nothing of tq. What fails keeps back what
 * comes after it and nothing else.
 */
export function evaluatePlan(plan: Plan, path = '0'): Expected {
  const evaluation = new Evaluation();
  const end = evaluation.of({ plan, path, errbacks: [], later: [] }, undefined);
  return { end, runs: evaluation.runs };
}

class Evaluation {
  readonly runs = new Tally();
  readonly #handlers = planHandlers({ ran: this.runs.ran, attempt: () => this.#attempt });
  #attempt = 1;

  of(place: Place, before: Before): End {
    const { plan, path } = place;
    switch (plan.kind) {
      case 'task':
        return this.#task(plan, place, before);
      case 'chain':
        return this.#chain(stepsOf(plan.steps, place), before);
      case 'group':
        return this.#group(plan, place, before);
      case 'chord':
        return this.#chord(plan, place, before);
      case 'map':
        return { value: plan.items.map((item) => this.#handlers.double(item)) };
      case 'starmap':
        return { value: this.#subtract(plan.pairs) };
      case 'chunks':
        return { value: chunksOf(plan).map((chunk) => this.#subtract(chunk)) };
      case 'replace':
        this.runs.ran(path);
        return this.of(inPlaceOf(plan.by, place), undefined);
    }
  }

  #task({ task, first, second, immutable, link }: TaskPlan, place: Place, before: Before): End {
    const { path } = place;
    const handler = this.#handlers.steps[task];
    const taken = before === undefined || immutable ? first : before.value;
    for (this.#attempt = 1; ; this.#attempt++) {
      try {
        const value = handler(taken, second, path);
        if (link) this.runs.ran(`${path} callback`);
        return { value };
      } catch (error) {
        if (task === 'flaky' && this.#attempt === 1) continue;
        this.#call(errbacksOf(place));
        const [, failed = String(error)] = FAILS.exec((error as Error).message) ?? [];
        return { failed: new Set([failed]) };
      }
    }
  }

  #chain(steps: readonly Place[], before: Before): End {
    let last = before;
    for (const step of steps) {
      const end = this.of(step, last);
      if ('failed' in end) return end;
      last = end;
    }
    return last ?? { value: undefined };
  }

  /** One that something comes after is the header of a chord, whose body that is. */
  #group({ members }: GroupPlan, place: Place, before: Before): End {
    const end = this.#all(membersOf(members, place), before);
    if ('failed' in end) this.#failBody(place.later);
    return end;
  }

  #chord({ header, body }: ChordPlan, place: Place, before: Before): End {
    const members = header.map((plan, index) => alone(plan, below(place.path, index), []));
    const start = bodyOf(body, place);
    const joined = this.#all(members, before);
    if ('value' in joined) return this.of(start, joined);
    this.#failBody([start, ...start.later]);
    return joined;
  }

  #all(members: readonly Place[], before: Before): End {
    const ends = members.map((member) => this.of(member, before));
    const failed = new Set(ends.flatMap((end) => ('failed' in end ? [...end.failed] : [])));
    return failed.size > 0 ? { failed } : { value: ends.map((end) => ('value' in end ? end.value : undefined)) };
  }

  /** What a body that never starts calls: the errbacks of what it would have started with. */
  #failBody([start, ...later]: readonly Place[]): void {
    if (start === undefined) return;
    const { plan } = start;
    switch (plan.kind) {
      case 'chain':
        this.#failBody([...stepsOf(plan.steps, { ...start, later }), ...laterOf({ ...start, later })]);
        return;
      case 'chord':
        this.#failBody([bodyOf(plan.body, start), ...laterOf({ ...start, later })]);
        return;
      case 'group':
        if (later.length > 0) this.#failBody(later);
        else for (const member of membersOf(plan.members, start)) this.#failBody([member]);
        return;
      case 'chunks':
        if (later.length > 0) this.#failBody(later);
        else for (const _ of chunksOf(plan)) this.#call(errbacksOf(start));
        return;
      default:
        this.#call(errbacksOf(start));
    }
  }

  #call(errbacks: readonly string[]): void {
    for (const path of errbacks) this.runs.ran(`${path} errback`);
  }

  #subtract(pairs: readonly (readonly [number, number])[]): number[] {
    return pairs.map(([one, other]) => this.#handlers.subtract(one, other));
  }
}

function chunksOf({ pairs, size }: StarmapPlan): (readonly (readonly [number, number])[])[] {
  return Array.from({ length: Math.ceil(pairs.length / size) }, (_, index) =>
    pairs.slice(index * size, (index + 1) * size),
  );
}
