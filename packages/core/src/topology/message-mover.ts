import { lookAtQueue } from '../broker/declare.js';
import type { HeldQueue, Move } from '../broker/held-queue.js';
import { queueMissing } from '../broker/queue-refusal.js';
import type { QueueSession } from '../broker/queue-session.js';
import { Room } from '../broker/room.js';
import { assertNever, TqError } from '../errors.js';
import { encodeHeld, encodeReleased } from '../protocol/held-message.js';
import type { InboundMessage, OutboundMessage } from '../protocol/message.js';
import type { MigrationPlan } from './migration-plan.js';

/** One direction of a migration's messages. */
interface Course {
  /** Full names of queues. */
  readonly from: string;
  readonly to: string;
  /** Fanout exchange that leads there: the routing key stays what it was. */
  readonly exchange: string;
  encode(message: InboundMessage): OutboundMessage;
  /** The same message for where it was. */
  readonly back: { readonly exchange: string; encode(message: InboundMessage): OutboundMessage };
  readonly limits: MigrationPlan['limits'];
}

interface Found {
  readonly message: InboundMessage;
  readonly tag: number;
}

const NO_LIMITS: MigrationPlan['limits'] = { messages: undefined, isLimited: false, isQuorum: false };
/** Taken at once: what is not moved goes back, and takes as long. */
const TAKEN = 1_000;
/** Of one transaction, which takes the broker some milliseconds whatever is in it. */
const BATCH = 32;
const BATCH_BYTES = 1_024 * 1_024;

/** Moves the messages of a queue that is declared anew out of it and into it, each in a transaction with others or alone. */
export class MessageMover {
  readonly #session: QueueSession;
  readonly #out: Course;
  readonly #in: Course;
  readonly #signal: AbortSignal | undefined;
  readonly #onMoved: (count: number, direction: 'out' | 'in') => void;
  #taken = TAKEN;

  constructor(
    session: QueueSession,
    { queue, hold, into, via, limits }: MigrationPlan,
    signal: AbortSignal | undefined,
    onMoved: (count: number, direction: 'out' | 'in') => void,
  ) {
    this.#session = session;
    this.#signal = signal;
    this.#onMoved = onMoved;
    const outside = { from: queue.name, to: hold.name, exchange: into, encode: encodeHeld };
    const inside = { from: hold.name, to: queue.name, exchange: via, encode: encodeReleased };
    this.#out = { ...outside, limits: NO_LIMITS, back: { exchange: via, encode: encodeReleased } };
    this.#in = { ...inside, limits, back: { exchange: into, encode: encodeHeld } };
  }

  /**
   * Moves what is ready now, some of it at most.
   * @returns how many
   * @throws {TqError} `publish-nacked` when the queue that it goes to is full, `queue-missing`, `message-too-large`; what was
   *   not moved is where it was
   */
  async pass(direction: 'out' | 'in'): Promise<number> {
    const course = direction === 'out' ? this.#out : this.#in;
    const found: Found[] = [];
    const room = new Room();
    const held = await this.#session.take(course.from, {
      transactional: true,
      limit: this.#taken,
      onMessage: (message, tag) => {
        if (room.take(message.properties, message.body)) found.push({ message, tag });
      },
    });
    if (held === undefined) return 0;
    if (room.full) this.#taken = Math.max(1, found.length);
    let moved = 0;
    try {
      while (moved < found.length && this.#signal?.aborted !== true) {
        const count = await this.#moveSome(held, found.slice(moved, moved + BATCH), course);
        moved += count;
        this.#onMoved(count, direction);
      }
      return moved;
    } finally {
      await held.release();
    }
  }

  #moveSome(held: HeldQueue, found: readonly Found[], course: Course): Promise<number> {
    const [first] = found as readonly [Found, ...Found[]];
    if (!course.limits.isLimited) return this.#transact(held, upTo(BATCH_BYTES, found), course);
    return course.limits.isQuorum ? this.#confirmThenAck(held, first, course) : this.#transactOne(held, first, course);
  }

  async #transactOne(held: HeldQueue, found: Found, course: Course): Promise<number> {
    await this.#requireRoom(course);
    return this.#transact(held, [found], course);
  }

  async #transact(held: HeldQueue, found: readonly Found[], course: Course): Promise<number> {
    const { end, count } = await moveAll(held, found, course);
    switch (end) {
      case 'moved':
        return count;
      case 'missing':
        throw queueMissing(course.to);
      case 'returned':
      case 'refused':
        // Which of several a policy's limit has refused, the broker does not say.
        for (const { message } of found.slice(0, count)) await this.#putBack(message, course);
        throw queueFull(course);
      default:
        return assertNever(end);
    }
  }

  /** A quorum queue says nothing of what it refuses in a transaction. */
  async #confirmThenAck(held: HeldQueue, { message, tag }: Found, course: Course): Promise<number> {
    await this.#requireRoom(course);
    const route = { exchange: course.exchange, routingKey: message.routingKey };
    if ((await this.#session.publish(route, course.encode(message))) !== 'taken') throw queueFull(course);
    await held.drop([tag]);
    return 1;
  }

  /** A queue that drops its oldest messages refuses none. */
  async #requireRoom({ to, limits, ...course }: Course): Promise<void> {
    if (limits.messages === undefined) return;
    const look = await this.#session.use(to, (model) => lookAtQueue(model, to));
    if (look.kind === 'there' && look.messages >= limits.messages) throw queueFull({ to, limits, ...course });
  }

  #putBack(message: InboundMessage, { back }: Course): Promise<void> {
    return this.#session.putBack({ exchange: back.exchange, routingKey: message.routingKey }, back.encode(message));
  }
}

/** At least one. */
function upTo(bytes: number, found: readonly Found[]): readonly Found[] {
  let sum = 0;
  const end = found.findIndex(({ message }, index) => {
    sum += message.body.length;
    return index > 0 && sum > bytes;
  });
  return end < 0 ? found : found.slice(0, end);
}

async function moveAll(held: HeldQueue, found: readonly Found[], course: Course) {
  const moves = found.map(
    ({ message, tag }): Move => ({
      tag,
      route: { exchange: course.exchange, routingKey: message.routingKey },
      message: course.encode(message),
    }),
  );
  try {
    return await held.moveAll(moves, course.to);
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(course, error) : error;
  }
}

function tooLarge({ from }: Course, cause: RangeError): TqError {
  const text = `The oldest message of '${from}' has more headers than AMQP lets tq send again: let a worker take it, and migrate the queue again.`;
  return new TqError('message-too-large', text, { fields: { queue: from }, cause });
}

function queueFull({ from, to }: Course): TqError {
  const text = `The queue '${to}' is full and takes no message: what is left is in '${from}'. Let its workers catch up, and migrate it again.`;
  return new TqError('publish-nacked', text, { fields: { queue: to } });
}
