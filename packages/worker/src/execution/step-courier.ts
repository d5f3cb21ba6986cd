import {
  type AppInternals,
  broadcastExchange,
  chordQueueOf,
  type Encoder,
  type ExpandedCall,
  type Expansion,
  encoderOf,
  hasCode,
  type Lease,
  type Sender,
  type StepMessage,
  stepMessage,
  stepTooLarge,
  TqError,
  toError,
} from '@tq/core/internal';
import type { Courier, Sent } from './courier.js';

/** Why a step is not where it belongs: it cannot be sent, or the delivery is not ours any more; undefined where it is. */
export type Unsent = TqError | 'abandoned' | undefined;

/** Brings the steps of a canvas to their queues and exchanges, at once or by the delays. */
export class StepCourier {
  readonly #app: AppInternals;
  readonly #courier: Courier;
  /** Turns a step into its message. */
  readonly encode: Encoder;

  constructor(app: AppInternals, courier: Courier) {
    this.#app = app;
    this.#courier = courier;
    this.encode = encoderOf(app.options.preset);
  }

  /** The message of a step; a child of the task whose run sends it. */
  messageOf(call: ExpandedCall, sender: Sender): StepMessage {
    const { preset } = this.#app.options;
    return stepMessage(call, sender, { preset, now: this.#app.runtime.clock.wallTime() });
  }

  /** Why it is no message: it is larger than one may be. */
  tooLarge(message: StepMessage): TqError | undefined {
    return stepTooLarge(message, this.#app.options.maxMessageBytes);
  }

  /** Declares the queues of chords; resolves once they are there. */
  async ensureChords(lease: Lease, chords: Expansion['chords']): Promise<Unsent> {
    const { options, runtime } = this.#app;
    const settings = { prefix: options.prefix, chordExpiresMs: options.chordExpires };
    const now = runtime.clock.wallTime();
    const ready = this.#app.broker().chordQueues.ready(chords.map((chord) => chordQueueOf(chord, settings, now)));
    try {
      return ready === true || (await this.#courier.waitFor(ready, lease)) ? undefined : 'abandoned';
    } catch (thrown) {
      return refusalOf(thrown, lease);
    }
  }

  /** Publishes a step; resolves once it is confirmed. */
  async send(lease: Lease, message: StepMessage): Promise<Unsent> {
    const { prefix } = this.#app.options;
    const { envelope, queue, target } = message;
    try {
      const sent = await this.#carry(lease, message);
      if (sent === 'sent') return undefined;
      if (sent === 'abandoned') return sent;
      if (sent === 'unsendable') return headersTooLarge(envelope.task);
      // A broadcast may be for nobody.
      return target?.exchange === broadcastExchange(prefix) ? undefined : nowhereToGo(envelope.task, queue, target);
    } catch (thrown) {
      return refusalOf(thrown, lease);
    }
  }

  #carry(lease: Lease, { envelope, replyTo, queue, target }: StepMessage): Promise<Sent> {
    const { eta } = envelope;
    const message = this.encode(envelope, replyTo);
    const delayMs = eta === undefined ? 0 : eta - this.#app.runtime.clock.wallTime();
    if (delayMs > 0) return this.#courier.sendLater(lease, target ?? queue, delayMs, message);
    if (target !== undefined) return this.#courier.sendToExchange(lease, target, message);
    return this.#courier.send(lease, { exchange: '', routingKey: queue, queue, optional: true }, message);
  }
}

/** What no waiting mends. What ends with the app is no refusal: another worker has the task then. */
function refusalOf(thrown: unknown, lease: Lease): TqError | 'abandoned' {
  const error = toError(thrown);
  if (!lease.alive || hasCode(error, 'closed')) return 'abandoned';
  return error instanceof TqError ? error : new TqError('refused', error.message, { cause: error });
}

function headersTooLarge(task: string): TqError {
  const text = `The call of '${task}' that follows has headers that are too large for a message: put what is large into its arguments.`;
  return new TqError('unserialisable', text, { fields: { task } });
}

function nowhereToGo(task: string, queue: string, target: StepMessage['target']): TqError {
  if (target === undefined) {
    const text = `The call of '${task}' that follows is for the queue '${queue}', which is missing and cannot be declared from here: declare it, or fix its name.`;
    return new TqError('queue-missing', text, { fields: { task, queue } });
  }
  const { exchange, routingKey } = target;
  const text = `The call of '${task}' that follows is for the exchange '${exchange}', which is missing or brings the key '${routingKey}' to no queue: declare it, or bind a queue to it.`;
  return new TqError('unroutable', text, { fields: { task, exchange, routingKey } });
}
