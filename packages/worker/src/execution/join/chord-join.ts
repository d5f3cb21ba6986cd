import {
  type AppInternals,
  afterFailedJoin,
  afterJoin,
  CELERY_TASK,
  type ChordChannel,
  type EncodedError,
  type Expansion,
  encodeError,
  type FailedJoin,
  type FinalState,
  type JsonText,
  type Lease,
  type Member,
  type Sender,
  type TqError,
  taskFailureText,
  toError,
} from '@tq/core/internal';
import type { Continuer, Followed } from '../continuer.js';
import type { Teller } from '../teller.js';
import { chordFailure, type FailedMember } from './chord-failure.js';
import { sortReplies } from './sort-replies.js';

/** A chord that may be complete. */
export interface Chord {
  /** Full name. */
  readonly queue: string;
  /** One of its members. */
  readonly member: Member;
  /** What its body inherits. */
  readonly sender: Sender;
}

/**
 * What came of joining a chord.
 *
 *   joined     its body is called, or told that it failed, and the queue is gone
 *   gone       the queue is: it was joined before, or its time was over
 *   busy       somebody else joins it just now
 *   away       the queue is, with its node
 *   given back replies are missing, or were lost on the way; what was there has to be counted anew
 */
export type JoinEnd = 'joined' | 'gone' | 'busy' | 'away' | GivenBack;

/** Replies go back to their queue. The broker says so before it counts them again. */
export interface GivenBack {
  /** How many members replied: so many will be there again, or taken by somebody who gives them back in turn. */
  readonly count: number;
  /** With the channel, after the chord was complete. */
  readonly lost: boolean;
}

/** What chords are joined with. */
export interface JoinerParts {
  readonly app: AppInternals;
  readonly teller: Teller;
  readonly continuer: Continuer;
}

export interface ChordJoinOptions extends JoinerParts {
  /** Joins the chords that these members were the last of. */
  readonly joinOuter: (lease: Lease, members: readonly Member[], sender: Sender) => Promise<'sent' | 'abandoned'>;
}

/**
 * Joins one chord on a channel: takes the replies, publishes what follows, deletes the queue. Whoever is killed on the way
 * gives the replies back, and has not acked its own task, so that all of it happens once more.
 */
export class ChordJoin {
  readonly #options: ChordJoinOptions;

  constructor(options: ChordJoinOptions) {
    this.#options = options;
  }

  /**
   * @param counted how many replies the queue had
   * @throws {Error} when the channel is lost while the broker is asked
   */
  async join(chord: Chord, channel: ChordChannel, counted: number): Promise<JoinEnd> {
    const take = await channel.take(chord.queue, counted);
    if (take.kind === 'missing') return 'gone';
    if (take.kind !== 'taken') return take.kind;
    const { size } = chord.member;
    const { count, results, failed, surplus } = sortReplies(take.replies, size);
    for (const reply of surplus) channel.drop(reply);
    if (count < size) return { count, lost: false };
    // Whoever holds the replies is the only one to join, and for as long as it holds them.
    const lease: Lease = {
      get alive() {
        return channel.isOpen;
      },
    };
    const followed = failed === undefined ? this.#succeed(chord, lease, results) : this.#fail(chord, lease, failed);
    if (!(await this.#isDone(await followed, chord, lease))) return { count, lost: true };
    await channel.delete(chord.queue);
    return 'joined';
  }

  async #isDone({ sent, lost }: Followed, { sender }: Chord, lease: Lease): Promise<boolean> {
    if (sent === 'abandoned') return false;
    return lost.length === 0 || (await this.#options.joinOuter(lease, lost, sender)) === 'sent';
  }

  async #succeed(chord: Chord, lease: Lease, results: ReadonlyMap<number, JsonText>): Promise<Followed> {
    const { continuer } = this.#options;
    let body: Expansion;
    let tooLarge: TqError | undefined;
    try {
      body = afterJoin(chord.member, results);
      tooLarge = continuer.tooLarge(body, chord.sender);
    } catch (thrown) {
      return this.#fall(chord, lease, { failure: encodeError(toError(thrown)), reason: 'poison' });
    }
    if (tooLarge === undefined) return continuer.send(lease, body, chord.sender);
    return this.#fall(chord, lease, { failure: { ...encodeError(tooLarge), traceback: null }, reason: 'failed' });
  }

  #fail(chord: Chord, lease: Lease, failed: FailedMember): Promise<Followed> {
    return this.#fall(chord, lease, { failure: chordFailure(failed), reason: 'failed', failed });
  }

  /** The body can never run: who waits for it is told, its errbacks are called, and the chords that it is a member of are told. */
  async #fall(chord: Chord, lease: Lease, fall: Fall): Promise<Followed> {
    const { app, teller, continuer } = this.#options;
    const { member, sender, queue } = chord;
    const state: FinalState = { status: 'FAILURE', failure: fall.failure };
    let fallen: FailedJoin;
    try {
      fallen = afterFailedJoin(member, failedTask(chord, fall));
    } catch (err) {
      app.runtime.logger.error(
        { chord: queue, err },
        'the body of a chord cannot be read, so nobody is told of its end',
      );
      return { sent: 'sent', lost: [] };
    }
    const { entries } = fallen;
    const waiting = entries.flatMap(({ id: taskId, options }) => {
      const replyTo = options.replyTo ?? sender.replyTo;
      return replyTo === undefined || options.ignoreResult === true ? [] : [{ taskId, replyTo }];
    });
    const [followed, ...told] = await Promise.all([
      continuer.fail(lease, fallen, sender, state),
      ...waiting.map((address) => teller.reply(lease, address, state)),
    ]);
    return told.includes('abandoned') ? { ...followed, sent: 'abandoned' } : followed;
  }
}

/** Why a body does not run. */
interface Fall {
  readonly failure: EncodedError;
  readonly reason: 'failed' | 'poison';
  /** Undefined where it is not a member that failed. */
  readonly failed?: FailedMember;
}

/** What errbacks are told: of the member that failed, or else of the chord. */
function failedTask({ member: { groupId }, sender }: Chord, { failure, reason, failed }: Fall) {
  const { taskId: id, task = CELERY_TASK.chord, failure: own } = failed ?? { taskId: groupId, failure };
  const message = { id, task, retries: 0 };
  return { id, failureText: taskFailureText({ message, queue: sender.queue, reason, failure: own }) };
}
