import type { ExpandedChord } from '../protocol/canvas/expand.js';
import { chordQueue } from '../protocol/names.js';

/** A queue in which the replies of a chord's header are joined. */
export interface ChordQueue {
  /** Full name, prefix included. */
  readonly queue: string;
  /** How long it stays when nobody uses it, ms. */
  readonly expiresMs: number;
}

/** What the queues of an app's chords have in common. */
export interface ChordQueueSettings {
  readonly prefix: string;
  /** How long one stays beyond the delays of its header, ms. */
  readonly chordExpiresMs: number;
}

/**
 * The queue of a chord whose header is called now. Publishing does not renew its time, so that what its members wait for
 * comes on top: first until a time and then for a countdown, at most.
 * @param now ms since the epoch
 */
export function chordQueueOf(
  { id, countdown, eta }: ExpandedChord,
  { prefix, chordExpiresMs }: ChordQueueSettings,
  now: number,
): ChordQueue {
  const waitMs = countdown + (eta === undefined ? 0 : Math.max(0, eta - now));
  return { queue: chordQueue(prefix, id), expiresMs: chordExpiresMs + waitMs };
}
