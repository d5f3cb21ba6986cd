import { expect, it } from 'vitest';
import { planSlots } from '../src/slot-plan.js';

const share = (name: string, slots?: number) => ({ name, slots });

it('lets subscriptions share the slots that queues share', () => {
  const { total, ofQueues, ofOthers } = planSlots([share('mail'), share('math', 2), share('tq')], 3);
  expect(total).toBe(5);
  expect(ofQueues.get('mail')).toBe(ofQueues.get('tq'));
  expect(ofOthers).toBe(ofQueues.get('mail'));
});

it('lets subscriptions run in whichever slot is free where each queue has its own', () => {
  const { total, ofOthers } = planSlots([share('mail', 1), share('math', 2)], 4);
  expect({ total, capacity: ofOthers.capacity }).toEqual({ total: 3, capacity: 3 });
});

it('gives a worker without queues the slots that they would share', () => {
  const { total, ofOthers } = planSlots([], 4);
  expect({ total, capacity: ofOthers.capacity }).toEqual({ total: 4, capacity: 4 });
});
