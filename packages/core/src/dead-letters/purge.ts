import type { DeadQueues } from '../broker/dead-queues.js';
import { type DeadLetterPlace, decodeDeadLetter } from '../protocol/dead-letter.js';
import type { Selection } from './filter.js';
import type { DeadLetterPurgeOptions } from './options.js';

/** Throws away what fits of one queue; keeps nothing of the messages but their tags. */
export async function purgeQueue(
  queues: DeadQueues,
  place: DeadLetterPlace,
  selection: Selection,
  { dryRun = false, signal }: DeadLetterPurgeOptions,
): Promise<{ readonly matched: number; readonly purged: number }> {
  const tags: number[] = [];
  const holding = await queues.hold(place.queue, {
    transactional: true,
    onMessage: (message, tag) => {
      if (tags.length < selection.limit && selection.fits(decodeDeadLetter(message, place))) tags.push(tag);
    },
  });
  if (holding === undefined) return { matched: 0, purged: 0 };
  try {
    if (dryRun || signal?.aborted === true) return { matched: tags.length, purged: 0 };
    await holding.held.drop(tags);
    return { matched: tags.length, purged: tags.length };
  } finally {
    await holding.release();
  }
}
