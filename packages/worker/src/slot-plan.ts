import { SlotGroup } from './execution/slots.js';
import type { QueueShare } from './queue-shares.js';

/** Which slots of a worker are whose. */
export interface SlotPlan {
  /** Slots in all. */
  readonly total: number;
  /** Of each queue: its own, or those that all queues without share. */
  readonly ofQueues: ReadonlyMap<string, SlotGroup>;
  /**
   * Of what is consumed beside the queues: those that are shared, or, where every queue has its own, whichever is free.
   */
  readonly ofOthers: SlotGroup;
}

/** @param concurrency slots that are shared */
export function planSlots(queues: readonly QueueShare[], concurrency: number): SlotPlan {
  const shared = new SlotGroup(concurrency);
  const ofQueues = new Map(
    queues.map(({ name, slots }) => [name, slots === undefined ? shared : new SlotGroup(slots)] as const),
  );
  const groups = new Set(ofQueues.values());
  if (queues.length === 0) groups.add(shared);
  const total = [...groups].reduce((sum, { capacity }) => sum + capacity, 0);
  return { total, ofQueues, ofOthers: groups.has(shared) ? shared : new SlotGroup(total) };
}
