import { destinationKey } from '../protocol/delay-key.js';
import type { Headers, HeaderValue } from '../protocol/message.js';
import {
  deadLetterExchange,
  deadLetterQueue,
  delayDeadQueue,
  delayDeliveryExchange,
  delayLostExchange,
  workflowsExchange,
} from '../protocol/names.js';
import type { ExchangeType } from './exchange-options.js';
import type { QueueDeclare, QueueSettings, QueueType } from './queue-options.js';

/** An exchange to declare (AMQP exchange.declare). */
export interface ExchangeDeclaration {
  /** Full name, prefix included. */
  readonly name: string;
  /** How it compares keys. */
  readonly type: ExchangeType;
  /** Outlives the broker's restart. Default: true. */
  readonly durable?: boolean | undefined;
  /** Goes with its last binding. Default: false. */
  readonly autoDelete?: boolean | undefined;
  /** Takes messages from other exchanges alone. Default: false. */
  readonly internal?: boolean | undefined;
  /** Takes what no binding wants. Default: nothing does. */
  readonly alternate?: string | undefined;
  /** Beside the alternate exchange. Default: none. */
  readonly arguments?: Headers | undefined;
  /** Others declare it: it has to be there, and is used as it is. Default: false. */
  readonly passive?: boolean | undefined;
}

/** A queue to declare (AMQP queue.declare). */
export interface QueueDeclaration {
  /** Full name, prefix included. */
  readonly name: string;
  /** What RabbitMQ calls optional queue arguments, `x-max-length` for instance. */
  readonly arguments: Headers;
  /** Outlives the broker's restart. Default: true. */
  readonly durable?: boolean | undefined;
  /** Goes with its last consumer. Default: false. */
  readonly autoDelete?: boolean | undefined;
  /** Belongs to the connection that declares it, and goes with it. Default: false. */
  readonly exclusive?: boolean | undefined;
  /** Others declare it: it has to be there, and is used as it is. Default: false. */
  readonly passive?: boolean | undefined;
  /** Apps of different queue types share it, so one that exists with the other type is used as it is. Default: false. */
  readonly anyType?: boolean | undefined;
}

/** What leads from an exchange to a queue, or to another exchange. */
export type Binding = {
  /** Where messages come from. */
  readonly exchange: string;
  /** What it compares with theirs, by its type. */
  readonly routingKey: string;
  /** What a headers exchange compares, `x-match` among it. Default: nothing. */
  readonly arguments?: Headers | undefined;
} & (
  | {
      /** The queue that gets them. */
      readonly queue: string;
    }
  | {
      /** The exchange that gets them. */
      readonly to: string;
    }
);

/** What has to exist before something is used. Others than those of the user's are durable. */
export interface Topology {
  /** Each once. */
  readonly exchanges: readonly ExchangeDeclaration[];
  /** Each once. */
  readonly queues: readonly QueueDeclaration[];
  /** Between them, and from exchanges of the broker's own. */
  readonly bindings: readonly Binding[];
}

/** A task queue's settings, resolved. */
export interface TaskQueueSettings {
  readonly prefix: string;
  /** Of the queue where it says nothing of it, and of what tq keeps for it. */
  readonly type: QueueType;
  /** `bare` where Celery declares the same queue: its workers would die of a 406. */
  readonly declare: QueueDeclare;
  /** What is said of this queue. */
  readonly own: QueueSettings;
}

/** A backstop: the worker itself gives a message up earlier, with a reply, since the broker's dead letter answers nobody. */
const DELIVERY_LIMIT = 30;
const DEAD_LETTER_TTL_MS = 7 * 24 * 60 * 60 * 1_000;
const DEAD_LETTER_MAX_LENGTH = 100_000;
/** Looking at a message is a get and a requeue, which quorum queues count; this is the largest limit that they take. */
export const NO_DELIVERY_LIMIT = 2_147_483_647;
/** A reply queue outlives its client by this: long enough for a reconnect, short enough not to pile up. */
const REPLY_QUEUE_EXPIRES_MS = 60 * 60 * 1_000;
/** RabbitMQ takes no longer time: ten years. */
const MAX_EXPIRES_MS = 315_360_000_000;

/**
 * A task queue with its dead-letter exchange and queue, and the way by which delayed messages come to it. What others
 * declare is bound to that way when the first message is delayed to it.
 */
export function taskQueueTopology(queue: string, settings: TaskQueueSettings): Topology {
  const { prefix, type } = settings;
  const dead = deadLetterTopology(queue, { prefix, type });
  const delays = deliveryTopology(prefix, type);
  return {
    exchanges: [...dead.exchanges, ...delays.exchanges],
    queues: [...dead.queues, taskQueue(queue, deadLetterExchange(prefix), settings), ...delays.queues],
    bindings: [
      ...dead.bindings,
      ...delays.bindings,
      ...(settings.declare === 'passive' ? [] : [deliveryBinding(prefix, queue)]),
    ],
  };
}

/** Where the dead letters of a queue are kept; apart from it, since others may declare and delete the queue itself. */
export function deadLetterTopology(
  queue: string,
  { prefix, type }: Pick<TaskQueueSettings, 'prefix' | 'type'>,
): Topology {
  const exchange = deadLetterExchange(prefix);
  const dead = deadLetterQueue(queue);
  return {
    exchanges: [{ name: exchange, type: 'direct' }],
    queues: [{ name: dead, arguments: deadLetterArguments(type), anyType: true }],
    bindings: [{ queue: dead, exchange, routingKey: queue }],
  };
}

/** Where delayed messages leave the ladder for their queues, and where those go whose queue is gone. */
export function deliveryTopology(prefix: string, type: QueueType): Topology {
  const lost = delayLostExchange(prefix);
  const dead = delayDeadQueue(prefix);
  return {
    exchanges: [
      { name: lost, type: 'fanout' },
      { name: delayDeliveryExchange(prefix), type: 'topic', alternate: lost },
    ],
    queues: [{ name: dead, arguments: deadLetterArguments(type), anyType: true }],
    bindings: [{ queue: dead, exchange: lost, routingKey: '' }],
  };
}

/**
 * Brings delayed messages to a queue.
 * @throws {TqError} `invalid-option` when the queue's name is too long for that
 */
export function deliveryBinding(prefix: string, queue: string): Binding {
  return { queue, exchange: delayDeliveryExchange(prefix), routingKey: destinationKey(queue) };
}

function taskQueue(name: string, deadLetters: string, { type, declare, own }: TaskQueueSettings): QueueDeclaration {
  if (declare === 'passive') return { name, arguments: {}, passive: true };
  const flags = {
    ...(own.durable === false ? { durable: false } : {}),
    ...(own.autoDelete === true ? { autoDelete: true } : {}),
  };
  if (declare === 'bare') {
    const kind = own.type === undefined ? {} : { 'x-queue-type': own.type };
    return { name, arguments: { ...kind, ...ownArguments(own) }, ...flags };
  }
  const kind = own.type ?? type;
  const base = { 'x-queue-type': kind, 'x-dead-letter-exchange': deadLetters, 'x-dead-letter-routing-key': name };
  const limits = kind === 'quorum' ? quorumArguments(own) : {};
  return { name, arguments: { ...base, ...limits, ...ownArguments(own) }, ...flags };
}

/** By which a queue loses nothing. One that is to drop messages has its dead letters at most once, whatever is asked for. */
function quorumArguments({ overflow }: QueueSettings): Headers {
  const strategy = overflow === 'drop-head' ? {} : { 'x-dead-letter-strategy': 'at-least-once' };
  return { ...strategy, 'x-overflow': 'reject-publish', 'x-delivery-limit': DELIVERY_LIMIT };
}

function ownArguments(own: QueueSettings): Headers {
  const given: Record<string, HeaderValue> = {
    'x-max-priority': own.maxPriority,
    'x-max-length': own.maxLength,
    'x-max-length-bytes': own.maxLengthBytes,
    'x-overflow': own.overflow,
    'x-message-ttl': own.messageTtl,
    'x-expires': own.expires,
    'x-single-active-consumer': own.singleActiveConsumer === true ? true : undefined,
    'x-delivery-limit': own.deliveryLimit,
    ...own.arguments,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Of a queue that holds dead letters. */
export function deadLetterArguments(type: QueueType): QueueDeclaration['arguments'] {
  return {
    'x-queue-type': type,
    'x-message-ttl': DEAD_LETTER_TTL_MS,
    'x-max-length': DEAD_LETTER_MAX_LENGTH,
    'x-overflow': 'drop-head',
    ...(type === 'quorum' ? { 'x-delivery-limit': NO_DELIVERY_LIMIT } : {}),
  };
}

/** A client's reply queue: classic, since no unique or short-lived name is ever a quorum queue. */
export function replyQueueTopology(name: string): Topology {
  const queue = { name, arguments: { 'x-queue-type': 'classic', 'x-expires': REPLY_QUEUE_EXPIRES_MS } };
  return { exchanges: [], queues: [queue], bindings: [] };
}

/** Where the replies of a chord's header wait to be joined: classic, as every queue with a name of its own. */
export function chordQueueDeclaration(name: string, expiresMs: number): QueueDeclaration {
  const expires = Math.min(Math.ceil(expiresMs), MAX_EXPIRES_MS);
  return { name, arguments: { 'x-queue-type': 'classic', 'x-expires': expires } };
}

/** What brings the questions for workflows to a reply queue, which exists. */
export function workflowsTopology(prefix: string, replyQueue: string): Topology {
  const exchange = workflowsExchange(prefix);
  return {
    exchanges: [{ name: exchange, type: 'fanout' }],
    queues: [],
    bindings: [{ exchange, queue: replyQueue, routingKey: '' }],
  };
}
