import type { DeadLetterRetryReport } from '@tq/core';
import { formatCount } from '../queues/format.js';

/** What came of putting dead letters back, for a person. */
export function formatReport({ matched, moved, returned, skipped, aborted }: DeadLetterRetryReport): string {
  const parts = [`${formatCount(moved)} retried`];
  if (skipped > 0) parts.push(`${skipped} left where they are`);
  if (returned > 0) parts.push(`${returned} came back: their queue was deleted in that moment`);
  const rest = matched - moved - returned - skipped;
  if (aborted && rest > 0) parts.push(`${rest} not reached`);
  return parts.join(', ');
}
