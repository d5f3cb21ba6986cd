import {
  type AppInternals,
  encodePlainReply,
  encodeReplyWithin,
  type FinalState,
  isDirectReply,
  type Lease,
  lookAtQueue,
  type OutboundMessage,
  toChordReply,
} from '@tq/core/internal';
import { type Courier, isNack, type Sent, settled } from './courier.js';
import type { MemberAddress, ReplyAddress } from './reply-address.js';

/** A reply queue that is full is tried so often, about 10 s: it is its reader's to empty, and a slot waits for it. */
const MAX_REFUSALS = 10;

/** Tells callers, and the chords of members, how tasks end. */
export class Teller {
  readonly #app: AppInternals;
  readonly #courier: Courier;

  constructor(app: AppInternals, courier: Courier) {
    this.#app = app;
    this.#courier = courier;
  }

  /** Answers a caller, unless it and its reply queue are gone. */
  reply(lease: Lease, address: ReplyAddress, state: FinalState): Promise<Sent> {
    const { taskId, plain } = address;
    const { maxMessageBytes } = this.#app.options;
    const message =
      plain === undefined
        ? encodeReplyWithin(maxMessageBytes, taskId, state)
        : encodePlainReply(plain, state, maxMessageBytes);
    return this.#tell(lease, address, message);
  }

  /**
   * Tells a chord, and the caller of its member, unless they are gone. By a publish each: of one that goes to both queues
   * the broker returns nothing while one of them is there, also when the chord's is away with its node.
   */
  async replyToChord(lease: Lease, address: MemberAddress, state: FinalState): Promise<Sent> {
    const { taskId, chordQueue, replyTo } = address;
    const reply = encodeReplyWithin(this.#app.options.maxMessageBytes, taskId, state);
    const joining = this.#tell(lease, { taskId, replyTo: chordQueue }, toChordReply(reply, address));
    if (replyTo === undefined) return joining;
    const [joined, told] = await Promise.all([joining, this.#tell(lease, { taskId, replyTo }, reply)]);
    return told === 'abandoned' ? told : joined;
  }

  /** Tells a caller what it may miss: one try. Resolves when that is over; never rejects. */
  async mention(lease: Lease, { replyTo }: ReplyAddress, message: OutboundMessage): Promise<void> {
    await this.#courier.publish(lease, { exchange: '', routingKey: replyTo }, message).catch(() => undefined);
  }

  async #tell(lease: Lease, address: ReplyAddress, message: OutboundMessage): Promise<Sent> {
    let refusals = 0;
    for (let attempt = 0; ; attempt++) {
      const end = await this.#courier.publish(lease, { exchange: '', routingKey: address.replyTo }, message);
      const sent = settled(end, address.replyTo);
      if (sent === 'unsendable') this.#dropped(address, 'AMQP cannot carry its address or its correlation id');
      if (sent === 'nobody') this.#dropped(address, 'it is no address that the broker knows');
      if (sent !== undefined) return sent;
      if (end.kind === 'returned') {
        if (await this.#replyQueueIsGone(address)) return 'nobody';
        // RabbitMQ returns these although it has handed them over, since no queue got them.
        if (isDirectReply(address.replyTo)) return 'sent';
      }
      refusals = isNack(end) ? refusals + 1 : 0;
      if (refusals === MAX_REFUSALS) {
        this.#dropped(address, 'the broker refused it again and again: its reply queue is full');
        return 'nobody';
      }
      await this.#courier.pause(attempt);
    }
  }

  /** A queue that is away with its node returns like one that is gone, and comes back with the node. */
  async #replyQueueIsGone({ taskId, replyTo }: ReplyAddress): Promise<boolean> {
    const { link } = this.#app.broker().publishing;
    if (link === undefined) return false;
    const look = await lookAtQueue(link.model, replyTo).catch(() => undefined);
    if (look?.kind !== 'missing') return false;
    this.#app.runtime.logger.info(
      { id: taskId, replyTo },
      'nobody waits for this result any more: its reply queue is gone',
    );
    return true;
  }

  #dropped({ taskId, replyTo }: ReplyAddress, why: string): void {
    this.#app.runtime.logger.warn({ id: taskId, replyTo }, `a reply is dropped: ${why}`);
  }
}
