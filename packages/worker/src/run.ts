import {
  type Delivery,
  type InboundMessage,
  type Lease,
  type ProgressPacer,
  readEmbed,
  type TaskMessage,
  type Timer,
  TQ_HEADER,
} from '@tq/core/internal';

/**
 * One run of one task in this worker: the message, and every delivery of it that is out. A redelivery of a task that
 * still runs here joins its run instead of starting another, and so does a second copy of one message.
 *
 * As a lease it lives while one of its deliveries does.
 */
export class Run implements Lease {
  readonly task: TaskMessage;
  /** The queue that it was delivered from. */
  readonly queue: string;
  readonly message: InboundMessage;
  /** The same for every delivery of one try of one task from one queue. */
  readonly key: string;
  /** When it got its slot, ms on the monotonic clock. */
  startedAt = 0;
  /** Set by who runs it; it settles once its job has ended. */
  state: 'waiting' | 'running' | 'settling' = 'waiting';
  /** How many of its deliveries the broker took away while it went on, since they waited too long for their ack. */
  timeouts = 0;
  /** Fires when it has to be given up before the broker takes the next one. */
  deadline: Timer | undefined;
  /** Of what it tells its caller of its progress; undefined until it does. */
  progress: ProgressPacer | undefined;
  readonly #deliveries: Delivery[];

  constructor(task: TaskMessage, queue: string, delivery: Delivery) {
    this.task = task;
    this.queue = queue;
    this.message = delivery.message;
    this.key = runKey(queue, task);
    this.#deliveries = [delivery];
  }

  get alive(): boolean {
    return this.#deliveries.some(({ lease }) => lease.alive);
  }

  /** True when the end of this run has to be published: somebody waits for a reply, or something follows. */
  get publishes(): boolean {
    return (this.task.replyTo !== undefined && !this.task.ignoreResult) || isFollowed(this.task);
  }

  /** One of its deliveries came with this lease. */
  heldBy(lease: Lease): boolean {
    return this.#deliveries.some((delivery) => delivery.lease === lease);
  }

  /** The channel of one of its deliveries that are its own still holds one of the other's. */
  sharesChannelWith(other: Run): boolean {
    return this.#deliveries.some(({ lease }) => lease.alive && other.heldBy(lease));
  }

  /**
   * Hands its deliveries over, to be settled while it still goes on. What it comes to afterwards is nobody's.
   * @returns them as a run that is over; undefined when all of them are lost
   */
  surrender(): Run | undefined {
    const [first, ...others] = this.#deliveries.filter(({ lease }) => lease.alive);
    if (first === undefined) return undefined;
    this.#deliveries.length = 0;
    const over = new Run(this.task, this.queue, first);
    for (const delivery of others) over.attach(delivery);
    return over;
  }

  attach(delivery: Delivery): void {
    this.#deliveries.push(delivery);
  }

  ack(): void {
    for (const delivery of this.#deliveries) delivery.ack();
  }

  requeue(): void {
    for (const delivery of this.#deliveries) delivery.requeue();
  }
}

/**
 * Identity of one try of one task from one queue: what an exchange has put into several queues is for each of them, also
 * where one worker consumes them. A copy that follows a loss is another try: it often arrives before the confirm of
 * its publish, and joined to the run that published it, it would be acked with that run and never be executed.
 */
export function runKey(queue: string, { id, retries, lost, replacedNesting }: TaskMessage): string {
  // What has taken the place of a task has its id, and is another one.
  return `${id}:${retries}:${lost}${replacedNesting === 0 ? '' : `:${replacedNesting}`}:${queue}`;
}

function isFollowed({ foreign, bodyText }: TaskMessage): boolean {
  if (foreign !== undefined) return false;
  try {
    return readEmbed(bodyText) !== undefined;
  } catch {
    // It ends as a failure, which leaves a dead letter.
    return true;
  }
}

/** True when both are deliveries of messages that say the same: whatever tells one foreign message from another does. */
export function isSameForeign(one: InboundMessage, other: InboundMessage): boolean {
  const { properties: a, body } = one;
  const { properties: b } = other;
  return (
    a.messageId === b.messageId &&
    a.correlationId === b.correlationId &&
    a.replyTo === b.replyTo &&
    one.exchange === other.exchange &&
    one.routingKey === other.routingKey &&
    TRIES.every((name) => a.headers?.[name] === b.headers?.[name]) &&
    body.equals(other.body)
  );
}

/** A copy is another try, as for tasks; see `runKey`. */
const TRIES = [TQ_HEADER.id, TQ_HEADER.retries, TQ_HEADER.lost];
