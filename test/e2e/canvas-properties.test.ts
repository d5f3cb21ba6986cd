import { internalsOf } from '@tq/core/internal';
import { createWorker } from '@tq/worker';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { soaked } from '../faults/fixtures/scale.js';
import { openPeer, queueState } from '../support/broker.js';
import { definePlanTasks } from '../support/canvas/build-plan.js';
import { evaluatePlan } from '../support/canvas/evaluate-plan.js';
import { describePlan, type Plan } from '../support/canvas/plan.js';
import { randomPlans } from '../support/canvas/random-plans.js';
import { asExpected, runPlan } from '../support/canvas/run-plan.js';
import { Tally } from '../support/canvas/tally.js';
import { openApp } from './fixtures/test-app.js';

const CANVASES = soaked(30, 1_000);
/** Of them so many are on their way at a time. */
const AT_ONCE = 30;
/** Draws the same canvases again; a failure tells it. */
const SEED = Number(process.env.TQ_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

it.each(['classic', 'quorum'] as const)(
  'give what their steps give one after the other, on %s queues',
  async (queueType) => {
    await using test = openApp({ queueType });
    const tally = new Tally();
    const build = definePlanTasks(test.app, tally.ran);
    const chords = vi.spyOn(internalsOf(test.app).broker().chordQueues, 'ready');
    const worker = createWorker(test.app, { pool: 'async', concurrency: 20 });
    await worker.start();
    const expected = new Tally();
    const check = async (plan: Plan, number: number) => {
      const wanted = evaluatePlan(plan, String(number));
      for (const [what, count] of wanted.runs.counts) expected.add(what, count);
      const found = await runPlan(build(plan, String(number)));
      expect(asExpected(wanted, found), `seed ${SEED}: ${describePlan(plan, String(number))}`).toEqual(wanted.end);
    };
    const plans = fc.sample(randomPlans(), { numRuns: CANVASES, seed: SEED }).map(({ plan }) => plan);
    for (let from = 0; from < plans.length; from += AT_ONCE) {
      await Promise.all(plans.slice(from, from + AT_ONCE).map((plan, index) => check(plan, from + index)));
    }
    // What fails is told before what runs beside it has ended.
    await vi.waitFor(() => expect(tally.sorted, `seed ${SEED}`).toEqual(expected.sorted), { timeout: 30_000 });
    await worker.stop();
    expect(tally.sorted, `seed ${SEED}`).toEqual(expected.sorted);
    expect(await test.app.queue('tq').depth()).toMatchObject({ messages: 0 });
    await using peer = await openPeer();
    const queues = new Set(chords.mock.calls.flatMap(([declared]) => declared.map(({ queue }) => queue)));
    expect(queues.size).toBeGreaterThan(0);
    for (const queue of queues) expect(await queueState(peer, queue), queue).toBeUndefined();
  },
);
