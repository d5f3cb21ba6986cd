import type { StepOptions } from './step-options.js';

/**
 * When a step that is sent now is to start, ms since the epoch; undefined for at once, since a start that has passed is none.
 * @param now ms since the epoch: a countdown begins here
 */
export function startOf({ countdown, eta }: StepOptions, now: number): number | undefined {
  const start = eta ?? (countdown === undefined ? now : now + countdown);
  return start > now ? start : undefined;
}

/** When a step that is sent now is too late to start, ms since the epoch; undefined for never. */
export function endOf({ expires, expiresIn }: StepOptions, now: number): number | undefined {
  return expires ?? (expiresIn === undefined ? undefined : now + expiresIn);
}
