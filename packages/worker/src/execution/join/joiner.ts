import {
  type AppInternals,
  assertNever,
  chordQueue,
  fullJitter,
  type Lease,
  type Member,
  type QueueLook,
  type Sender,
  TqError,
  toError,
} from '@tq/core/internal';
import type { Joiner } from '../aftermath.js';
import type { Companions } from '../companions.js';
import { type Chord, ChordJoin, type GivenBack, type JoinEnd, type JoinerParts } from './chord-join.js';

/** A run whose member has replied, and waits for what that comes to. */
interface Waiter extends Chord {
  readonly lease: Lease;
  readonly resolve: (end: 'sent' | 'abandoned') => void;
}

/** What an attempt came to; `left` where others have to go on. */
type Attempt = 'joined' | 'left' | 'abandoned';

const RETRY = { baseMs: 50, maxMs: 5_000 };

/**
 * Joins chords: after each reply of a member, and before its delivery is acked, it counts what the chord's queue has, and
 * joins the chord that is complete. Of members of one chord that wait at a time, one does it for all.
 *
 * That nobody misses the last reply rests on three things: the count comes after one's own reply is confirmed; whoever
 * takes replies and has too few gives them back and counts again before it leaves; and until then its own delivery is not
 * acked, so that whoever comes after a crash does it all again.
 */
export class ChordJoiner implements Joiner {
  readonly #app: AppInternals;
  readonly #companions: Companions;
  readonly #join: ChordJoin;
  /** By queue: who waits for the next attempt while one is under way. */
  readonly #chords = new Map<string, Waiter[]>();

  constructor({ app, teller, continuer }: JoinerParts, companions: Companions) {
    this.#app = app;
    this.#companions = companions;
    const joinOuter: Joiner['joined'] = (...members) => this.joined(...members);
    this.#join = new ChordJoin({ app, teller, continuer, joinOuter });
  }

  async joined(lease: Lease, members: readonly Member[], sender: Sender): Promise<'sent' | 'abandoned'> {
    const { prefix } = this.#app.options;
    const last = members.filter(({ groupId }) => !this.#companions.areLeftBy(lease, groupId));
    const chords = new Map(last.map((member) => [chordQueue(prefix, member.groupId), member]));
    const ends = await Promise.all(
      Array.from(chords, ([queue, member]) => this.#attend({ lease, queue, member, sender })),
    );
    return ends.includes('abandoned') ? 'abandoned' : 'sent';
  }

  #attend(chord: Omit<Waiter, 'resolve'>): Promise<'sent' | 'abandoned'> {
    return new Promise((resolve) => {
      const waiter = { ...chord, resolve };
      const waiting = this.#chords.get(chord.queue);
      if (waiting !== undefined) waiting.push(waiter);
      else void this.#attempts(chord.queue, waiter);
    });
  }

  /** Goes on as long as members come that have replied since the last attempt began. */
  async #attempts(queue: string, first: Waiter): Promise<void> {
    const waiting: Waiter[] = [first];
    this.#chords.set(queue, waiting);
    while (waiting.length > 0) {
      const party = waiting.splice(0);
      const end = await this.#attempt(queue, party);
      // Of a chord that is joined every further reply is one too many.
      if (end === 'joined') party.push(...waiting.splice(0));
      for (const { resolve } of party) resolve(end === 'abandoned' ? end : 'sent');
    }
    this.#chords.delete(queue);
  }

  /** One count and, where that is enough, one join; again as long as the broker gives no answer or replies went back. */
  async #attempt(queue: string, party: readonly Waiter[]): Promise<Attempt> {
    const { runtime } = this.#app;
    // Who has held replies has hidden them from others, who may have left since: it counts again whatever became of its delivery.
    let owes = false;
    // So many will be there again: until then a count says nothing.
    let expected = 0;
    for (let failures = 0; owes || party.some(({ lease }) => lease.alive); ) {
      try {
        const end = await this.#once(queue, party[0] as Waiter, expected);
        if (typeof end !== 'string') {
          expected = end.count;
          if (end.lost) throw new Error('its channel was lost');
          owes = true;
          continue;
        }
        if (end !== 'hidden' && end !== 'away') return end;
        if (end === 'away') {
          owes = false;
          expected = 0;
        }
      } catch (thrown) {
        const err = toError(thrown);
        if (err instanceof TqError && err.code !== 'connection-lost') {
          runtime.logger.error({ chord: queue, err }, 'a chord cannot be joined from here');
          return 'left';
        }
        // What it held is back where it was, and with the connection its delivery is somebody else's.
        owes = false;
        runtime.logger.warn({ chord: queue, err }, 'a chord cannot be joined yet; trying again');
      }
      await this.#pause(failures++);
    }
    return 'abandoned';
  }

  /** @param expected how many replies are to come back before what is counted says anything */
  async #once(queue: string, chord: Chord, expected: number): Promise<Attempt | 'hidden' | 'away' | GivenBack> {
    const { chords } = this.#app.broker();
    const look = await chords.look(queue);
    if (look.kind !== 'there') return this.#unseen(queue, look);
    if (look.messages < expected) return 'hidden';
    if (look.messages < chord.member.size) return 'left';
    const end = await chords.lend((channel) => this.#join.join(chord, channel, look.messages));
    return this.#ended(queue, end);
  }

  #ended(queue: string, end: JoinEnd): Attempt | 'away' | GivenBack {
    if (typeof end !== 'string') return end;
    switch (end) {
      case 'gone':
        return this.#unseen(queue, { kind: 'missing' });
      case 'busy':
        return 'left';
      case 'joined':
      case 'away':
        return end;
      default:
        return assertNever(end);
    }
  }

  #unseen(queue: string, look: Exclude<QueueLook, { kind: 'there' }>): Attempt | 'away' {
    const { logger } = this.#app.runtime;
    if (look.kind === 'missing') {
      logger.info({ chord: queue }, 'the queue of a chord is gone: it was joined already, or its time was over');
      return 'joined';
    }
    logger.warn({ chord: queue, err: look.error }, 'the node of a chord is away; waiting for it');
    return 'away';
  }

  #pause(attempt: number): Promise<void> {
    const { clock, random } = this.#app.runtime;
    return new Promise((resolve) => clock.setTimer(resolve, fullJitter(attempt, RETRY, random())));
  }
}
