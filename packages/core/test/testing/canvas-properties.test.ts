import { createTestApp, whenIdle } from '@tq/core/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { soaked } from '../../../../test/faults/fixtures/scale.js';
import { definePlanTasks } from '../../../../test/support/canvas/build-plan.js';
import { evaluatePlan } from '../../../../test/support/canvas/evaluate-plan.js';
import { type ReadablePlan, randomPlans } from '../../../../test/support/canvas/random-plans.js';
import { asExpected, runPlan } from '../../../../test/support/canvas/run-plan.js';
import { Tally } from '../../../../test/support/canvas/tally.js';
import { testRuntime } from '../test-runtime.js';

const CANVASES = soaked(300, 5_000);

/** Gives a canvas to an eager app, and looks at its result and at all that has run. */
async function check({ plan }: ReadablePlan): Promise<void> {
  await using app = createTestApp({ logger: testRuntime().logger });
  const tally = new Tally();
  const build = definePlanTasks(app, tally.ran);
  const expected = evaluatePlan(plan);
  const found = await runPlan(build(plan, '0'));
  expect(asExpected(expected, found)).toEqual(expected.end);
  await whenIdle(app);
  expect(tally.sorted).toEqual(expected.runs.sorted);
}

it('any canvas gives what its steps give one after the other, and calls whom it is to call', async () => {
  await fc.assert(fc.asyncProperty(randomPlans(), check), { numRuns: CANVASES });
});
