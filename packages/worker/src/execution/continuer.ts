import {
  type AppInternals,
  type Awaited,
  afterFailure,
  type ExpandedCall,
  type Expansion,
  encodeError,
  type Fallen,
  type FinalState,
  type InboundMessage,
  type Lease,
  type Member,
  memberOf,
  type Sender,
  type StepMessage,
  stateAfter,
  type TqError,
  taskFailureText,
} from '@tq/core/internal';
import type { Courier, Sent } from './courier.js';
import type { Death } from './outcome.js';
import { memberAddress } from './reply-address.js';
import { StepCourier } from './step-courier.js';
import type { Teller } from './teller.js';
import type { Undertaker } from './undertaker.js';

/** What became of what follows a task. */
export interface Followed {
  /** All of it is where it belongs, or has failed and everybody knows; or the delivery is not ours any more. */
  readonly sent: 'sent' | 'abandoned';
  /** Members that can never run, whose chords have been told: these may be complete now. */
  readonly lost: readonly Member[];
}

export interface ContinuerOptions {
  readonly app: AppInternals;
  readonly courier: Courier;
  readonly teller: Teller;
  readonly undertaker: Undertaker;
}

/** So many steps are published at a time: a group may have ten thousand. */
const AT_ONCE = 500;

/** Publishes what follows a task: the next step of its chain, its callbacks, and what is called when it has failed. */
export class Continuer {
  readonly #options: ContinuerOptions;
  readonly #steps: StepCourier;

  constructor(options: ContinuerOptions) {
    this.#options = options;
    this.#steps = new StepCourier(options.app, options.courier);
  }

  /** Why these steps cannot be sent: the first of them that is larger than a message may be. */
  tooLarge({ calls }: Expansion, sender: Sender): TqError | undefined {
    for (const call of calls) {
      const error = this.#steps.tooLarge(this.#steps.messageOf(call, sender));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  /**
   * Publishes steps, once the queues of their chords are there. One that cannot be sent ends as if it had run and failed:
   * its caller and its chord are told, it leaves a dead letter, its errbacks are called. Never rejects.
   */
  async send(lease: Lease, { calls, chords }: Expansion, sender: Sender): Promise<Followed> {
    const refusal = chords.length === 0 ? undefined : await this.#steps.ensureChords(lease, chords);
    if (refusal === 'abandoned') return ABANDONED;
    const all: Followed[] = [];
    for (let from = 0; from < calls.length; from += AT_ONCE) {
      const some = calls.slice(from, from + AT_ONCE);
      all.push(...(await Promise.all(some.map((call) => this.#sendOne(lease, call, sender, refusal)))));
    }
    return together(all);
  }

  /** Does what is done about a failure: calls the errbacks, and tells the chords whose members can never come. */
  async fail(
    lease: Lease,
    { errbacks, members, awaited }: Fallen,
    sender: Sender,
    state: FinalState,
  ): Promise<Followed> {
    const { teller, app } = this.#options;
    // Nobody runs them: their callers are told by what they follow.
    const addresses = members.map((member) => memberAddress(member, undefined, app.options.prefix));
    const [called, ...told] = await Promise.all([
      this.send(lease, errbacks, sender),
      ...addresses.map((address) => teller.replyToChord(lease, address, state)),
      ...awaited.map((one) => this.#tellAwaited(lease, one, sender, state)),
    ]);
    const lost = [...called.lost, ...members];
    return told.includes('abandoned') ? { sent: 'abandoned', lost } : { ...called, lost };
  }

  #tellAwaited(lease: Lease, { taskId, after, ...own }: Awaited, sender: Sender, state: FinalState) {
    const replyTo = own.replyTo ?? sender.replyTo;
    if (replyTo === undefined) return 'nobody';
    return this.#options.teller.reply(
      lease,
      { taskId, replyTo },
      after === undefined ? state : stateAfter(after, state),
    );
  }

  /** @param refusal why none of them can be sent */
  async #sendOne(lease: Lease, call: ExpandedCall, sender: Sender, refusal: TqError | undefined): Promise<Followed> {
    const message = this.#steps.messageOf(call, sender);
    const unsent = refusal ?? this.#steps.tooLarge(message) ?? (await this.#steps.send(lease, message));
    if (unsent === undefined) return SENT;
    return unsent === 'abandoned' ? ABANDONED : this.#unsent(lease, call, message, sender, unsent);
  }

  async #unsent(
    lease: Lease,
    call: ExpandedCall,
    message: StepMessage,
    sender: Sender,
    error: TqError,
  ): Promise<Followed> {
    const { app } = this.#options;
    const { envelope, replyTo, queue } = message;
    const { id, task, rootId } = envelope;
    app.runtime.logger.error({ id, task, queue, err: error }, 'a step that follows a task cannot be sent, so it fails');
    const failure = { ...encodeError(error), traceback: null };
    const death: Death = { reason: NOWHERE.has(error.code) ? 'no-queue' : 'refused', failure };
    const state: FinalState = { status: 'FAILURE', failure };
    const failureText = taskFailureText({ message: { id, task, retries: 0 }, queue, ...death });
    const unheard = envelope.ignoreResult ? task : undefined;
    const fallen = afterFailure(call.embed, { id, failureText, unheard });
    const [told, buried, followed] = await Promise.all([
      this.#tell(lease, call, message, state),
      error.code === 'message-too-large' ? 'nobody' : this.#bury(lease, message, death),
      // Its own queue may be what is missing.
      this.fail(lease, fallen, { id, rootId, replyTo, queue: sender.queue }, state),
    ]);
    const member = memberOf(call.embed, call.step);
    const lost = member === undefined ? followed.lost : [member, ...followed.lost];
    return { sent: [told, buried].includes('abandoned') ? 'abandoned' : followed.sent, lost };
  }

  #tell(lease: Lease, call: ExpandedCall, { envelope, replyTo }: StepMessage, state: FinalState): Promise<Sent> | Sent {
    const { teller, app } = this.#options;
    const address = envelope.ignoreResult ? undefined : replyTo;
    const member = memberOf(call.embed, call.step);
    if (member !== undefined)
      return teller.replyToChord(lease, memberAddress(member, address, app.options.prefix), state);
    return address === undefined ? 'nobody' : teller.reply(lease, { taskId: envelope.id, replyTo: address }, state);
  }

  /** As it would have come: from there it can be put back, once its queue is. */
  #bury(lease: Lease, { envelope, replyTo, queue, target }: StepMessage, death: Death): Promise<Sent> {
    const route = target ?? { exchange: '', routingKey: queue };
    const message: InboundMessage = { ...this.#steps.encode(envelope, replyTo), ...route, redelivered: false };
    return this.#options.undertaker.bury({ lease, message, queue, optional: true }, death);
  }
}

/** Codes of what has no place to go to. */
const NOWHERE: ReadonlySet<string> = new Set(['queue-missing', 'exchange-missing', 'unroutable']);

const SENT: Followed = { sent: 'sent', lost: [] };
const ABANDONED: Followed = { sent: 'abandoned', lost: [] };

function together(all: readonly Followed[]): Followed {
  const [only] = all;
  if (all.length === 1 && only !== undefined) return only;
  const sent = all.some((one) => one.sent === 'abandoned') ? 'abandoned' : 'sent';
  return { sent, lost: all.flatMap(({ lost }) => lost) };
}
