import fc from 'fast-check';
import { describePlan, type Plan, type TaskName, type TaskPlan, type Value } from './plan.js';

/** How deep they nest. */
const DEPTH = 4;

const STEADY: readonly TaskName[] = ['add', 'multiply', 'sum', 'concat', 'identity', 'wrap', 'nothing', 'flaky'];

const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -9, max: 99 }) },
  { weight: 3, arbitrary: fc.constantFrom('', 'a', 'tq', '"é"') },
  { weight: 1, arbitrary: fc.constantFrom(7n, new Date(86_400_000), undefined) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }) },
);

/** True once in so many times, and false first when a counterexample is made small. */
function onceIn(times: number): fc.Arbitrary<boolean> {
  return fc.nat(times - 1).map((n) => n === times - 1);
}

const task: fc.Arbitrary<TaskPlan> = fc.record({
  kind: fc.constant('task' as const),
  // Most canvases should get far.
  task: fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom(...STEADY) },
    { weight: 1, arbitrary: fc.constant('fails' as const) },
  ),
  first: value,
  second: fc.integer({ min: 0, max: 9 }),
  immutable: onceIn(5),
  link: onceIn(8),
  linkError: onceIn(4),
});

const items = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 });
const pairs = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 3 });
const size = fc.integer({ min: 1, max: 3 });

/** A plan that a failed property shows as its canvas would be written. */
export interface ReadablePlan {
  readonly plan: Plan;
}

/** Canvases that have a task in them, without which nobody would know who is to send them. */
export function randomPlans(): fc.Arbitrary<ReadablePlan> {
  return anyPlan()
    .filter(hasTask)
    .map((plan) => ({ plan, [fc.toStringMethod]: () => describePlan(plan) }));
}

function hasTask(plan: Plan): boolean {
  switch (plan.kind) {
    case 'chain':
      return plan.steps.some(hasTask);
    case 'group':
      return plan.members.some(hasTask);
    case 'chord':
      return plan.header.some(hasTask) || hasTask(plan.body);
    case 'chunks':
      return plan.pairs.length > 0;
    default:
      return true;
  }
}

/** Canvases of every kind, nested and cut short: steps of one task are mostly parts of more. */
function anyPlan(): fc.Arbitrary<Plan> {
  const { whole } = fc.letrec<{ whole: Plan; part: Plan; many: Plan }>((tie) => {
    const linkError = onceIn(4);
    const steps = fc.array(tie('part'), { minLength: 1, maxLength: 4 });
    const members = fc.array(tie('part'), { maxLength: 4 });
    const kind = <K extends Plan['kind']>(name: K) => fc.constant(name);
    return {
      many: fc.oneof(
        { weight: 3, arbitrary: fc.record({ kind: kind('chain'), steps, linkError }) },
        { weight: 2, arbitrary: fc.record({ kind: kind('group'), members, linkError }) },
        { weight: 2, arbitrary: fc.record({ kind: kind('chord'), header: members, body: tie('part'), linkError }) },
      ),
      part: fc.oneof(
        { depthIdentifier: 'canvas', maxDepth: DEPTH - 1, depthSize: 'medium' },
        { weight: 7, arbitrary: task },
        { weight: 1, arbitrary: fc.record({ kind: kind('map'), items }) },
        {
          weight: 1,
          arbitrary: fc.record({ kind: fc.constantFrom('starmap' as const, 'chunks' as const), pairs, size }),
        },
        { weight: 5, arbitrary: tie('many') },
        { weight: 1, arbitrary: fc.record({ kind: kind('replace'), by: tie('part') }) },
      ),
      whole: fc.oneof({ weight: 1, arbitrary: task }, { weight: 20, arbitrary: tie('many') }),
    };
  });
  return whole;
}
