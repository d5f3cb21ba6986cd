import {
  type AppInternals,
  afterFailure,
  afterReplaced,
  afterSuccess,
  type Embed,
  type Expansion,
  type Fallen,
  type FinalState,
  type JsonText,
  type Lease,
  type Member,
  memberOf,
  readEmbed,
  resultTooLarge,
  type Sender,
  senderOf,
  type TaskMessage,
  taskFailureText,
  toError,
} from '@tq/core/internal';
import type { Continuer } from './continuer.js';
import type { Sent } from './courier.js';
import { type Death, death } from './outcome.js';
import { memberAddress, type ReplyAddress } from './reply-address.js';
import type { Teller } from './teller.js';

/** Joins chords: calls the body once all members have replied. */
export interface Joiner {
  /**
   * The replies of these members are confirmed, so that their chords may be complete. Resolves when those that are have
   * been joined or are somebody else's to join, and before that nothing of the run is acked. Never rejects.
   * @param sender what the body inherits
   */
  joined(lease: Lease, members: readonly Member[], sender: Sender): Promise<'sent' | 'abandoned'>;
}

export interface AftermathOptions {
  readonly app: AppInternals;
  readonly teller: Teller;
  readonly continuer: Continuer;
  readonly joiner: Joiner;
}

/** A run that something follows. */
export interface FollowedRun {
  readonly lease: Lease;
  readonly task: TaskMessage;
  readonly embed: Embed;
  /** The queue that it was delivered from. */
  readonly queue: string;
  /** Who waits for its result. */
  readonly reply: ReplyAddress | undefined;
}

/**
 * What follows a task.
 * @returns undefined when nothing does
 * @throws {TqError} `poison`
 */
export function followingOf(task: TaskMessage | undefined): Embed | undefined {
  return task === undefined || task.foreign !== undefined ? undefined : readEmbed(task.bodyText);
}

/**
 * Ends the runs of tasks whose messages say what follows: tells caller and chord, publishes what comes next, and joins
 * chords that are complete by that.
 */
export class Aftermath {
  readonly #options: AftermathOptions;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /**
   * The task has succeeded: its reply, the next step of its chain and its callbacks go out together.
   * @returns a death when that cannot be: nothing has been published then
   */
  async succeed(run: FollowedRun, resultText: string): Promise<Sent | Death> {
    const { app, continuer } = this.#options;
    const { task, embed, lease } = run;
    const state: FinalState = { status: 'SUCCESS', resultText };
    const sender = senderOf(run.task, run.queue);
    const next = expanded(() => afterSuccess(embed, { id: task.id, resultText }));
    if ('reason' in next) return next;
    const isTold = run.reply !== undefined || embed.chord !== undefined;
    const tooLarge =
      (isTold ? resultTooLarge(app.options.maxMessageBytes, task.id, resultText) : undefined) ??
      continuer.tooLarge(next, sender);
    if (tooLarge !== undefined) return death('failed', tooLarge);
    const [told, followed] = await Promise.all([this.#tell(run, state), continuer.send(lease, next, sender)]);
    return this.#end(run, [told, followed.sent], membersOf(run, followed.lost));
  }

  /**
   * Something runs in the place of the task, and nobody is told of an end before that has come to its own.
   * @returns a death as `succeed`
   */
  async replace(run: FollowedRun, stepText: JsonText): Promise<Sent | Death> {
    const { continuer } = this.#options;
    const { task, embed, lease } = run;
    const sender = { ...senderOf(run.task, run.queue), id: task.parentId };
    const next = expanded(() => afterReplaced(stepText, { ...task, embed }));
    if ('reason' in next) return next;
    const tooLarge = continuer.tooLarge(next, sender);
    if (tooLarge !== undefined) return death('failed', tooLarge);
    const { sent, lost } = await continuer.send(lease, next, sender);
    return this.#end(run, [sent], lost);
  }

  /** The task has failed for good: those who wait are told, its errbacks are called, and chords do not wait for what cannot come. */
  fail(run: FollowedRun, end: Death): Promise<Sent> {
    const { task, queue } = run;
    const failureText = taskFailureText({ message: task, queue, ...end });
    const state: FinalState = { status: 'FAILURE', failure: end.failure };
    return this.#fall(run, state, (embed) => afterFailure(embed, { ...failedOf(task), failureText }));
  }

  /** It was not run to its end, which is no failure: nobody is called for it. */
  revoke(run: FollowedRun, state: FinalState): Promise<Sent> {
    return this.#fall(run, state, (embed) =>
      afterFailure({ ...embed, errbacks: [] }, { ...failedOf(run.task), failureText: '' }),
    );
  }

  async #fall(run: FollowedRun, state: FinalState, fallenOf: (embed: Embed) => Fallen): Promise<Sent> {
    const { app, continuer } = this.#options;
    let fallen: Fallen = NOTHING;
    try {
      fallen = fallenOf(run.embed);
    } catch (err) {
      const { id, task } = run.task;
      app.runtime.logger.error(
        { id, task, err },
        'what follows a failed task cannot be read, so nobody is called for it',
      );
    }
    const [told, followed] = await Promise.all([
      this.#tell(run, state),
      continuer.fail(run.lease, fallen, senderOf(run.task, run.queue), state),
    ]);
    return this.#end(run, [told, followed.sent], membersOf(run, followed.lost));
  }

  #tell({ lease, task, embed, reply }: FollowedRun, state: FinalState): Promise<Sent> | Sent {
    const { teller, app } = this.#options;
    const member = memberOf(embed, task);
    if (member === undefined) return reply === undefined ? 'nobody' : teller.reply(lease, reply, state);
    return teller.replyToChord(lease, memberAddress(member, reply?.replyTo, app.options.prefix), state);
  }

  /** @param members whose chords have been told by it */
  async #end(run: FollowedRun, sent: readonly Sent[], members: readonly Member[]): Promise<Sent> {
    if (sent.includes('abandoned')) return 'abandoned';
    return members.length === 0
      ? 'sent'
      : this.#options.joiner.joined(run.lease, members, senderOf(run.task, run.queue));
  }
}

const NOTHING: Fallen = { errbacks: { calls: [], chords: [] }, members: [], awaited: [] };

function failedOf({ id, task, ignoreResult }: TaskMessage) {
  return { id, unheard: ignoreResult ? task : undefined };
}

/** The member that it is, and others. */
function membersOf({ embed, task }: FollowedRun, others: readonly Member[]): readonly Member[] {
  const own = memberOf(embed, task);
  return own === undefined ? others : [own, ...others];
}

/** What follows where it can be read. */
function expanded(expand: () => Expansion): Expansion | Death {
  try {
    return expand();
  } catch (thrown) {
    return death('poison', toError(thrown));
  }
}
