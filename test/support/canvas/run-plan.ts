import type { TaskFailedError } from '@tq/core';
import type { PlanCanvas } from './build-plan.js';
import type { End, Expected } from './evaluate-plan.js';
import { FAILS } from './plan-handlers.js';

/** A result that does not come is told of well before the test ends. */
const TIMEOUT_MS = 20_000;

/** Sends a canvas and waits for what comes of it. */
export async function runPlan(canvas: PlanCanvas): Promise<End> {
  try {
    return { value: (await canvas.delay().get({ timeout: TIMEOUT_MS })) as never };
  } catch (error) {
    const { remote, message } = error as TaskFailedError;
    const [, failed = message] = FAILS.exec(remote?.message ?? message) ?? [];
    return { failed: new Set([failed]) };
  }
}

/** What came of a canvas, as it must be said where it is what had to come: of several failures its caller is told one. */
export function asExpected({ end }: Expected, found: End): End {
  if (!('failed' in end && 'failed' in found)) return found;
  const [told] = found.failed;
  return told !== undefined && end.failed.has(told) ? end : found;
}
