import {
  type AppInternals,
  assertNever,
  copyHeaders,
  copyMessage,
  copyToDelay,
  encodeError,
  encodeProgress,
  encodeReply,
  encoderOf,
  encodeStarted,
  type FinalState,
  failureEnvelope,
  type Headers,
  type InboundMessage,
  type Lease,
  NO_EMBED,
  type OutboundMessage,
  type TaskAddress,
  type TaskFacts,
  type TaskMessage,
  type TaskProgress,
  TqError,
  toError,
} from '@tq/core/internal';
import { type Aftermath, type FollowedRun, followingOf } from './aftermath.js';
import type { Courier, Destination, Sent } from './courier.js';
import { type Death, death, type Later, type Outcome } from './outcome.js';
import type { ReplyAddress } from './reply-address.js';
import type { Teller } from './teller.js';
import type { Undertaker } from './undertaker.js';

/** What is settled: a run, or a delivery that never became one. */
export interface Settleable extends Lease {
  /** Undefined where the message could not be read. */
  readonly task: TaskMessage | undefined;
  readonly queue: string;
  readonly message: InboundMessage;
  ack(): void;
  requeue(): void;
}

export interface SettlerOptions {
  readonly app: AppInternals;
  /** Name of the worker, for callers that are told of a start. */
  readonly worker: string;
  /** What a task's definition says; undefined where that is nothing, or nobody knows the task here. */
  readonly factsOf: (task: string) => TaskFacts | undefined;
  /** Told of what is given up since what was to follow cannot be sent. */
  readonly onGivenUp: (item: Settleable, death: Death) => void;
  readonly courier: Courier;
  readonly teller: Teller;
  readonly undertaker: Undertaker;
  readonly aftermath: Aftermath;
}

/**
 * Ends deliveries: publishes the reply, the copy, the dead letter or the call of `onFailure`, gets its confirm, and only
 * then acks. A crash in between repeats the task and never loses it. What a lost delivery wanted to publish is dropped
 * with its lease.
 */
export class Settler {
  readonly #options: SettlerOptions;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the delivery is settled, or is not ours any more; never rejects. Undefined when that is done already,
   * since there was nothing to publish: most runs with `ignoreResult` cost no promise.
   */
  settle(item: Settleable, outcome: Outcome, reply: ReplyAddress | undefined): Promise<void> | undefined {
    switch (outcome.kind) {
      case 'done':
        return this.#done(item, outcome.state, reply);
      case 'replaced':
        return this.#replace(item, outcome.stepText, reply);
      case 'dead':
        return this.#giveUp(item, outcome, reply);
      case 'again':
        return this.#again(item, outcome.headers, reply);
      case 'later':
        return this.#later(item, outcome, reply);
      case 'ignored':
        item.ack();
        return undefined;
      case 'give-back':
        item.requeue();
        return undefined;
      default:
        return assertNever(outcome);
    }
  }

  /** Lets go of deliveries that are lost, whatever they wait for. */
  dropAbandoned(): void {
    this.#options.app.broker().publisher.dropAbandoned();
    this.#options.courier.dropAbandoned();
  }

  /**
   * Tells the caller of a task that expires that it has started. Nobody waits for that: it goes out before the end of the
   * run, on the same channel and with the same lease, so that it never comes after it.
   */
  started(item: Settleable, reply: ReplyAddress): void {
    if (reply.plain !== undefined) return;
    const message = encodeStarted(reply.taskId, { hostname: this.#options.worker, pid: process.pid });
    void this.#options.teller.mention(item, reply, message);
  }

  /** Tells the caller how far a task is, in the same way. Resolves when that is over; never rejects. */
  progressed(item: Settleable, reply: ReplyAddress, progress: TaskProgress): Promise<void> {
    return this.#options.teller.mention(item, reply, encodeProgress(reply.taskId, progress));
  }

  /**
   * A copy that AMQP cannot carry (its headers passed 64 KiB) would be tried for ever, and so would one for a queue that was
   * deleted and that others are to declare: both end as dead letters.
   */
  async #again(item: Settleable, headers: Headers, reply: ReplyAddress | undefined): Promise<void> {
    const to = { ...straightTo(item.queue), optional: true };
    const sent = await this.#options.courier.send(item, to, copyMessage(item.message, { ...headers, ...ownOf(item) }));
    if (sent === 'sent') item.ack();
    else if (sent === 'unsendable') await this.#endUnsent(item, headersTooLarge(), reply);
    else if (sent === 'nobody') await this.#endUnsent(item, queueGone(item.queue), reply);
  }

  /** What cannot be delayed would be tried for ever too. */
  async #later(item: Settleable, later: Later, reply: ReplyAddress | undefined): Promise<void> {
    const { why, delayMs, headers, otherwise } = later;
    // Before the copy, on the same channel: nothing that the next try says overtakes it.
    if (why === 'retry' && reply !== undefined && reply.plain === undefined) {
      const state = encodeReply(reply.taskId, { status: 'RETRY', failure: otherwise.failure });
      void this.#options.teller.mention(item, reply, state);
    }
    const sent = await this.#sendLater(item, delayMs, copyToDelay(item.message, { ...headers, ...ownOf(item) }));
    if (sent === 'sent') item.ack();
    if (sent === 'unsendable') await this.#endUnsent(item, otherwise, reply);
  }

  async #sendLater(item: Settleable, delayMs: number, copy: OutboundMessage): Promise<Sent> {
    const { logger } = this.#options.app.runtime;
    const fields = { id: item.task?.id, task: item.task?.task, queue: item.queue };
    try {
      const sent = await this.#options.courier.sendLater(item, item.queue, delayMs, copy);
      if (sent === 'unsendable') logger.error(fields, 'the headers of a message are too large to delay it');
      return sent;
    } catch (thrown) {
      const err = toError(thrown);
      if (!item.alive || (err instanceof TqError && err.code === 'closed')) return 'abandoned';
      logger.error({ ...fields, err }, 'a message cannot be delayed, so it is given up');
      return 'unsendable';
    }
  }

  #endUnsent(item: Settleable, death: Death, reply: ReplyAddress | undefined): Promise<void> {
    this.#options.onGivenUp(item, death);
    return this.#giveUp(item, death, reply);
  }

  #done(item: Settleable, state: FinalState, reply: ReplyAddress | undefined): Promise<void> | undefined {
    let run: FollowedRun | undefined;
    try {
      run = followedRun(item, reply);
    } catch (thrown) {
      return this.#endUnsent(item, death('poison', toError(thrown)), reply);
    }
    if (run !== undefined) return this.#follow(item, run, state);
    if (reply !== undefined) return ackOnce(item, this.#options.teller.reply(item, reply, state));
    item.ack();
    return undefined;
  }

  async #replace(item: Settleable, stepText: string, reply: ReplyAddress | undefined): Promise<void> {
    const { task, queue } = item;
    if (task === undefined) throw new Error('What was never read cannot be replaced.');
    let embed = NO_EMBED;
    try {
      embed = followingOf(task) ?? NO_EMBED;
    } catch (thrown) {
      return this.#endUnsent(item, death('poison', toError(thrown)), reply);
    }
    const end = await this.#options.aftermath.replace({ lease: item, task, embed, queue, reply }, stepText);
    if (typeof end === 'object') await this.#endUnsent(item, end, reply);
    else if (end !== 'abandoned') item.ack();
  }

  async #follow(item: Settleable, run: FollowedRun, state: FinalState): Promise<void> {
    const { aftermath } = this.#options;
    const end = await (state.status === 'SUCCESS'
      ? aftermath.succeed(run, state.resultText)
      : aftermath.revoke(run, state));
    if (typeof end === 'object') await this.#endUnsent(item, end, run.reply);
    else if (end !== 'abandoned') item.ack();
  }

  async #giveUp(item: Settleable, death: Death, reply: ReplyAddress | undefined): Promise<void> {
    const { task } = item;
    const facts = task && this.#options.factsOf(task.task);
    // To be late is no failure.
    const onFailure = death.reason === 'expired' ? undefined : (task?.onFailure ?? facts?.onFailure);
    // A message that cannot be read is kept whatever its task says: nobody else knows what was in it.
    const dropped = facts?.deadLetter === false && death.reason !== 'poison';
    const [buried, ...told] = await Promise.all([
      dropped ? 'sent' : this.#leaveDeadLetter(item, death),
      this.#tellOfDeath(item, death, reply),
      task === undefined || onFailure === undefined ? 'nobody' : this.#call(onFailure, item, task, death),
    ]);
    if (buried === 'sent' && !told.includes('abandoned')) item.ack();
  }

  #tellOfDeath(item: Settleable, death: Death, reply: ReplyAddress | undefined): Promise<Sent> | Sent {
    const { aftermath } = this.#options;
    const state = finalState(death);
    const run = readableRun(item, reply);
    if (run !== undefined)
      return state.status === 'REVOKED' ? aftermath.revoke(run, state) : aftermath.fail(run, death);
    return reply === undefined ? 'nobody' : this.#options.teller.reply(item, reply, state);
  }

  #leaveDeadLetter(item: Settleable, death: Death): Promise<Sent> {
    const { message, queue } = item;
    return this.#options.undertaker.bury({ lease: item, message, queue, own: ownOf(item) }, death);
  }

  /** Calls the task that wants to know of the failure. */
  async #call(
    onFailure: TaskAddress,
    item: Settleable,
    message: TaskMessage,
    { reason, failure }: Death,
  ): Promise<Sent> {
    const { preset } = this.#options.app.options;
    const envelope = failureEnvelope(onFailure, { message, queue: item.queue, reason, failure }, preset);
    // A call may name any queue: one that cannot be there must not keep the failed task, its slot and its caller's answer.
    const to = { ...straightTo(onFailure.queue), optional: true };
    const sent = await this.#options.courier.send(item, to, encoderOf(preset)(envelope, undefined));
    if (sent !== 'nobody') return sent;
    const { logger } = this.#options.app.runtime;
    const what = { id: message.id, task: message.task, onFailure };
    logger.error(what, 'the task of onFailure cannot be called, since its queue is missing and cannot be declared');
    return sent;
  }
}

/** The run of a task that something follows. */
function followedRun(item: Settleable, reply: ReplyAddress | undefined): FollowedRun | undefined {
  const { task, queue } = item;
  const embed = followingOf(task);
  return embed && task && { lease: item, task, embed, queue, reply };
}

/** The same of one that is given up anyway: what cannot be read follows nothing. */
function readableRun(item: Settleable, reply: ReplyAddress | undefined): FollowedRun | undefined {
  try {
    return followedRun(item, reply);
  } catch {
    return undefined;
  }
}

/** What is known of it that its own message does not say. */
function ownOf({ task }: Settleable): Headers | undefined {
  return task?.foreign && copyHeaders(task);
}

function finalState({ reason, failure }: Death): FinalState {
  return { status: reason === 'expired' ? 'REVOKED' : 'FAILURE', failure };
}

function headersTooLarge(): Death {
  const text =
    'The message has to be published again, and its headers are too large for that: put what is large into the arguments.';
  return { reason: 'poison', failure: encodeError(new TqError('poison', text)) };
}

function queueGone(queue: string): Death {
  const text = `The run was lost, and it cannot be tried again, since its queue '${queue}' was deleted and others are to declare it.`;
  return { reason: 'worker-lost', failure: encodeError(new TqError('worker-lost', text)) };
}

function straightTo(queue: string): Destination {
  return { exchange: '', routingKey: queue, queue };
}

async function ackOnce(item: Settleable, sending: Promise<Sent>): Promise<void> {
  if ((await sending) !== 'abandoned') item.ack();
}
