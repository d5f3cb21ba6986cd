import type { Step, TaskStep } from '../../../src/protocol/canvas/wire-step.js';
import type { Handler } from './simulate.js';

/** A value as text, or what failed: alone, or as one of several that the next step would have been called with. */
type Value = string | typeof ALONE | typeof AMONG_OTHERS;
const ALONE = Symbol('alone');
const AMONG_OTHERS = Symbol('among others');

/** Evaluates a canvas of steps that were all read, in one go: what runs with what. */
export function evaluate(root: Step, handler: Handler): string[] {
  const runs: string[] = [];

  function resultOf(step: Step, before: string | undefined): Value {
    switch (step.kind) {
      case 'task':
        return run(step, before);
      case 'group':
        return together(step.tasks.map((task) => resultOf(task as Step, before)));
      case 'chord': {
        const header = together(step.header.map((task) => resultOf(task as Step, before)));
        if (typeof header === 'string') return resultOf(step.body as Step, header);
        errbacksOf(step.body as Step);
        return ALONE;
      }
      case 'chain':
        return inTurn(step.tasks as Step[], before);
    }
  }

  function run({ id, args, immutable, link, linkError }: TaskStep, before: string | undefined): Value {
    const list =
      before === undefined || immutable ? args : args === '[]' ? `[${before}]` : `[${before},${args.slice(1)}`;
    runs.push(`${id} ${list}`);
    const result = handler(id as string, list);
    if (result !== undefined) for (const step of link) resultOf(step as Step, result);
    else for (const step of linkError) resultOf(step as Step, '"failed"');
    return result ?? ALONE;
  }

  /** The errbacks of a step that never starts since not all came that it waits for. */
  function errbacksOf(step: Step): void {
    if (step.kind === 'task') for (const errback of step.linkError) resultOf(errback as Step, '"failed"');
    if (step.kind === 'group') for (const task of step.tasks) errbacksOf(task as Step);
    if (step.kind === 'chord') errbacksOf(step.body as Step);
    if (step.kind === 'chain') errbacksOf(step.tasks[0] as Step);
  }

  function inTurn(steps: readonly Step[], before: string | undefined): Value {
    let value: Value | undefined = before;
    for (const step of steps) {
      if (value === AMONG_OTHERS) errbacksOf(step);
      if (typeof value === 'symbol') return ALONE;
      value = resultOf(step, value);
    }
    return value as Value;
  }

  resultOf(root, undefined);
  return runs.toSorted();
}

function together(values: readonly Value[]): Value {
  const texts = values.filter((value) => typeof value === 'string');
  return texts.length === values.length ? `[${texts.join(',')}]` : AMONG_OTHERS;
}
