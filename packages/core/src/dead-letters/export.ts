import { createHash } from 'node:crypto';
import type { DeadQueues } from '../broker/dead-queues.js';
import { type DeadLetterMessage, type DeadLetterPlace, decodeDeadLetter } from '../protocol/dead-letter.js';
import { DELIVERY_COUNT_HEADER } from '../protocol/names.js';
import type { Selection } from './filter.js';

/** Bodies that are kept at once, bytes. */
const MAX_KEPT_BYTES = 32 * 1_024 * 1_024;

/** Which letters of a queue were given already, so that the next look goes on where the one before ended. */
export class SeenLetters {
  readonly #counts = new Map<string, number>();

  add(letter: DeadLetterMessage): void {
    const print = printOf(letter);
    this.#counts.set(print, (this.#counts.get(print) ?? 0) + 1);
  }

  /** A copy to be counted down in one look: of equal letters as many are left out as were given. */
  skipping(): (letter: DeadLetterMessage) => boolean {
    const left = new Map(this.#counts);
    return (letter) => {
      if (left.size === 0) return false;
      const print = printOf(letter);
      const count = left.get(print) ?? 0;
      if (count === 0) return false;
      left.set(print, count - 1);
      return true;
    };
  }
}

/** Looks at a queue and takes what has not been seen of it, as far as memory allows; `complete` when that is all. */
export async function exportPart(
  queues: DeadQueues,
  place: DeadLetterPlace,
  selection: Selection,
  seen: SeenLetters,
): Promise<{ readonly letters: readonly DeadLetterMessage[]; readonly complete: boolean }> {
  const letters: DeadLetterMessage[] = [];
  const isSeen = seen.skipping();
  let bytes = 0;
  let complete = true;
  const holding = await queues.hold(place.queue, {
    onMessage: (message) => {
      if (!complete || letters.length === selection.limit) return;
      const letter = decodeDeadLetter(message, place);
      if (!selection.fits(letter) || isSeen(letter)) return;
      if (letters.length > 0 && bytes + letter.size > MAX_KEPT_BYTES) {
        complete = false;
        return;
      }
      bytes += letter.size;
      letters.push(letter);
    },
  });
  await holding?.release();
  if (!complete) for (const letter of letters) seen.add(letter);
  return { letters, complete };
}

/** Equal for a message at each look, though its queue counts the looks. */
function printOf({ headers, body }: DeadLetterMessage): string {
  const { [DELIVERY_COUNT_HEADER]: _, ...own } = headers;
  return createHash('sha256').update(JSON.stringify(own)).update(body).digest('base64');
}
