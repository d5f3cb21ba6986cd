import { createHash } from 'node:crypto';
import type { DeadQueues } from '../broker/dead-queues.js';
import { Room } from '../broker/room.js';
import { type DeadLetterMessage, type DeadLetterPlace, decodeDeadLetter } from '../protocol/dead-letter.js';
import { DELIVERY_COUNT_HEADER } from '../protocol/names.js';
import type { Selection } from './filter.js';

/** Which letters of a queue were given already, so that the next look goes on where the one before ended. */
export class SeenLetters {
  readonly #counts = new Map<string, number>();

  add(prints: readonly string[]): void {
    for (const print of prints) this.#counts.set(print, (this.#counts.get(print) ?? 0) + 1);
  }

  /** A copy to be counted down in one look: of equal letters as many are left out as were given. */
  skipping(): (print: string) => boolean {
    const left = new Map(this.#counts);
    return (print) => {
      const count = left.get(print) ?? 0;
      if (count > 0) left.set(print, count - 1);
      return count > 0;
    };
  }
}

/** What a look at one queue is for. `keep` makes of a letter what is kept of it. */
export interface PartRequest<T> {
  readonly place: DeadLetterPlace;
  readonly selection: Selection;
  readonly seen: SeenLetters;
  readonly keep: (letter: DeadLetterMessage) => T;
}

/** Looks at a queue and takes what has not been seen of it, as far as memory allows; `complete` when that is all. */
export async function readPart<T>(
  queues: DeadQueues,
  { place, selection, seen, keep }: PartRequest<T>,
): Promise<{ readonly letters: readonly T[]; readonly complete: boolean }> {
  const letters: T[] = [];
  const prints: string[] = [];
  const isSeen = seen.skipping();
  const room = new Room();
  const holding = await queues.hold(place.queue, {
    onMessage: (message) => {
      if (room.full || letters.length === selection.limit) return;
      const letter = decodeDeadLetter(message, place);
      if (!selection.fits(letter)) return;
      const print = printOf(letter);
      if (isSeen(print)) return;
      const kept = keep(letter);
      if (!room.take(kept)) return;
      prints.push(print);
      letters.push(kept);
    },
  });
  await holding?.release();
  seen.add(prints);
  return { letters, complete: !room.full };
}

/** Equal for a message at each look, though its queue counts the looks. */
function printOf({ headers, body }: DeadLetterMessage): string {
  const { [DELIVERY_COUNT_HEADER]: _, ...own } = headers;
  return createHash('sha256').update(JSON.stringify(own)).update(body).digest('base64');
}
