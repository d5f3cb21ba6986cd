/** Which arguments a queue of each type has, and what they may be. */
import { AmqpError } from '../errors.js';
import { type FieldTable, field, integerOf, textOf } from '../field-value.js';
import {
  type ArgumentChecks,
  boolean,
  checkArguments,
  integerUpTo,
  notZero,
  oneOf,
  refuseArguments,
  text,
} from './argument-check.js';
import { printedText, printedValue } from './printed-value.js';

/** The types of queue that there are. */
export type QueueType = 'classic' | 'quorum';

/** What each type has, in the order in which RabbitMQ compares them when a queue is declared again. */
const ARGUMENTS: Readonly<Record<QueueType | 'stream', readonly string[]>> = {
  classic: [
    'x-expires',
    'x-message-ttl',
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-priority',
    'x-overflow',
    'x-queue-mode',
    'x-queue-version',
    'x-single-active-consumer',
    'x-queue-type',
    'x-queue-master-locator',
  ],
  quorum: [
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-dead-letter-strategy',
    'x-expires',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-in-memory-length',
    'x-max-in-memory-bytes',
    'x-overflow',
    'x-single-active-consumer',
    'x-queue-type',
    'x-quorum-initial-group-size',
    'x-delivery-limit',
    'x-message-ttl',
    'x-queue-leader-locator',
  ],
  stream: ['x-max-age', 'x-stream-max-segment-size-bytes', 'x-initial-cluster-size'],
};

const ALL_ARGUMENTS = [...new Set(Object.values(ARGUMENTS).flat())];

/** Ten years in ms, the longest time that RabbitMQ takes. */
const MAX_TIME_MS = 315_360_000_000;

const nonNegative = integerUpTo(Number.POSITIVE_INFINITY, '');
const time = integerUpTo(MAX_TIME_MS, 'value_too_large');

/** The checks of all types in RabbitMQ's order, which decides what a table with several faults is refused for. */
const CHECKS: ArgumentChecks = [
  ['x-expires', notZero(time)],
  ['x-message-ttl', time],
  ['x-dead-letter-exchange', text],
  [
    'x-dead-letter-routing-key',
    (value, all) =>
      text(value, all) ?? (field(all, 'x-dead-letter-exchange') ? undefined : 'routing_key_but_no_dlx_defined'),
  ],
  ['x-dead-letter-strategy', oneOf(['at-most-once', 'at-least-once'], () => 'invalid_dlx_strategy')],
  ['x-max-length', nonNegative],
  ['x-max-length-bytes', nonNegative],
  ['x-max-in-memory-length', nonNegative],
  ['x-max-in-memory-bytes', nonNegative],
  ['x-max-priority', integerUpTo(255, 'max_value_exceeded')],
  ['x-overflow', oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow')],
  ['x-queue-mode', oneOf(['default', 'lazy'], (found) => printedText(`unsupported queue mode '${found}'`))],
  [
    'x-queue-version',
    (value, all) => {
      const version = integerOf(value);
      if (version === undefined || version < 0) return nonNegative(value, all);
      const known = version === 1 || version === 2;
      return known ? undefined : printedText(`unsupported queue version '${printedValue(value)}'`);
    },
  ],
  ['x-single-active-consumer', boolean],
  ['x-quorum-initial-group-size', notZero(nonNegative)],
  [
    'x-queue-leader-locator',
    oneOf(['client-local', 'balanced', 'random', 'least-leaders'], () => 'invalid_queue_locator_arg'),
  ],
];

const TYPE_CHECK: ArgumentChecks = [
  ['x-queue-type', oneOf(['classic', 'quorum', 'stream'], (found) => printedText(`unsupported queue type '${found}'`))],
];

/** The arguments that a queue of this type is compared by when it is declared again (`assertSameArguments`). */
export function comparedQueueArguments(type: QueueType): readonly string[] {
  return ARGUMENTS[type];
}

/**
 * Checks the arguments of a new queue, as far as RabbitMQ does: it takes any x-delivery-limit, and whatever it does not know.
 * @param resource as from `resourceName`
 * @returns the queue's type
 * @throws AmqpError 406; 540 for a stream
 */
export function checkQueueArguments(resource: string, queueArguments: FieldTable): QueueType {
  checkArguments(resource, queueArguments, TYPE_CHECK);
  const type = queueTypeOf(queueArguments);
  if (type === 'stream') {
    const text = `${resource} is to be a stream, which this broker does not have: declare it as classic or quorum`;
    throw new AmqpError('NOT_IMPLEMENTED', text);
  }
  const own = ARGUMENTS[type];
  const checks = CHECKS.filter(([name]) => own.includes(name));
  checkArguments(resource, queueArguments, checks);
  const others = ALL_ARGUMENTS.filter((name) => !own.includes(name));
  refuseArguments(resource, type, queueArguments, others);
  return type;
}

/**
 * Only classic queues may be declared without a name.
 * @throws AmqpError 406, before anything else about the declaration is looked at
 */
export function assertServerNamed(queueArguments: FieldTable): void {
  const type = queueTypeOf(queueArguments);
  if (type === 'classic') return;
  const text = `Cannot declare a server-named queue for type rabbit_${type}_queue`;
  throw new AmqpError('PRECONDITION_FAILED', text);
}

/** Classic also where the argument is none of the known ones, which is for the check to say. */
function queueTypeOf(queueArguments: FieldTable): QueueType | 'stream' {
  const type = textOf(field(queueArguments, 'x-queue-type'));
  return type === 'quorum' || type === 'stream' ? type : 'classic';
}
