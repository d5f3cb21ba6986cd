import type { Channel, ChannelModel } from 'amqplib';
import { toError } from '../errors.js';
import { isAway, onThrowawayChannel, replyCodeOf } from './declare.js';
import { type Inequivalence, parseInequivalence } from './inequivalence.js';
import type { ExchangeDeclaration, QueueDeclaration } from './topology.js';

/** How something on the broker compares to a declaration of it. */
export type Probe =
  | { readonly kind: 'same' }
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'different';
      readonly differences: readonly Inequivalence[];
      /** Whether these are all of them: what is there cannot always be said back to the broker. */
      readonly isWhole: boolean;
    }
  /** Nothing can be said of it: its node is down, it is exclusive to another connection, the user may not look. */
  | { readonly kind: 'unavailable' | 'exclusive' | 'refused'; readonly error: Error };

/** More differences than a queue has arguments. */
const MAX_DIFFERENCES = 32;
/** AMQP reply codes (AMQP 0-9-1 section 1.2). */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
const PRECONDITION_FAILED = 406;

/** Arguments that come with the type of a queue: one that may be of any type may have others. */
const OF_TYPE = new Set(['x-queue-type', 'x-overflow', 'x-dead-letter-strategy', 'x-delivery-limit']);

/**
 * Compares a queue to its declaration. A broker names one difference at a time: what it has is taken into the question,
 * which is asked again until it agrees. Nothing is changed: only what exists is declared, with what it has. (If it is
 * deleted in that moment it is declared again.)
 */
export async function probeQueue(model: ChannelModel, queue: QueueDeclaration): Promise<Probe> {
  const missing = await ask(model, (channel) => channel.checkQueue(queue.name));
  if (missing !== undefined || queue.passive === true) return missing ?? { kind: 'same' };
  const found = await compare(queue, adoptIntoQueue, (asked) =>
    ask(model, (channel) =>
      channel.assertQueue(asked.name, {
        durable: asked.durable ?? true,
        autoDelete: asked.autoDelete ?? false,
        exclusive: asked.exclusive ?? false,
        arguments: asked.arguments,
      }),
    ),
  );
  if (found.kind !== 'different' || queue.anyType !== true) return found;
  const differences = found.differences.filter(({ argument }) => !OF_TYPE.has(argument));
  return differences.length === 0 ? { kind: 'same' } : { ...found, differences };
}

/** Compares an exchange to its declaration, in the same way. */
export async function probeExchange(model: ChannelModel, exchange: ExchangeDeclaration): Promise<Probe> {
  const missing = await ask(model, (channel) => channel.checkExchange(exchange.name));
  if (missing !== undefined || exchange.passive === true) return missing ?? { kind: 'same' };
  return compare(exchange, adoptIntoExchange, (asked) =>
    ask(model, (channel) =>
      channel.assertExchange(asked.name, asked.type, {
        durable: asked.durable ?? true,
        autoDelete: asked.autoDelete ?? false,
        internal: asked.internal ?? false,
        arguments: asked.arguments ?? {},
        ...(asked.alternate === undefined ? {} : { alternateExchange: asked.alternate }),
      }),
    ),
  );
}

/** What a question came to that was refused; undefined when it was answered. */
type Refusal = Exclude<Probe, { readonly kind: 'same' }>;

async function compare<T>(
  wanted: T,
  adopt: (asked: T, difference: Inequivalence) => T,
  question: (asked: T) => Promise<Refusal | undefined>,
): Promise<Probe> {
  const differences: Inequivalence[] = [];
  for (let asked = wanted; ; ) {
    const refusal = await question(asked);
    if (refusal === undefined) break;
    const [difference] = refusal.kind === 'different' ? refusal.differences : [];
    const isKnown = differences.some(({ argument }) => argument === difference?.argument);
    if (difference === undefined || isKnown || differences.length === MAX_DIFFERENCES) {
      return differences.length === 0 ? refusal : { kind: 'different', differences, isWhole: false };
    }
    differences.push(difference);
    asked = adopt(asked, difference);
  }
  return differences.length === 0 ? { kind: 'same' } : { kind: 'different', differences, isWhole: true };
}

function adoptIntoQueue(queue: QueueDeclaration, { argument, found }: Inequivalence): QueueDeclaration {
  switch (argument) {
    case 'durable':
      return { ...queue, durable: found === true };
    case 'auto_delete':
      return { ...queue, autoDelete: found === true };
    default:
      return { ...queue, arguments: { ...queue.arguments, [argument]: found } };
  }
}

function adoptIntoExchange(exchange: ExchangeDeclaration, { argument, found }: Inequivalence): ExchangeDeclaration {
  switch (argument) {
    case 'type':
      return { ...exchange, type: String(found) as ExchangeDeclaration['type'] };
    case 'durable':
      return { ...exchange, durable: found === true };
    case 'auto_delete':
      return { ...exchange, autoDelete: found === true };
    case 'internal':
      return { ...exchange, internal: found === true };
    case 'alternate-exchange':
      return { ...exchange, alternate: found === undefined ? undefined : String(found) };
    default:
      return { ...exchange, arguments: { ...exchange.arguments, [argument]: found } };
  }
}

/** Rejects when the connection is lost before the answer. */
async function ask(
  model: ChannelModel,
  question: (channel: Channel) => Promise<unknown>,
): Promise<Refusal | undefined> {
  try {
    await onThrowawayChannel(model, question);
    return undefined;
  } catch (thrown) {
    const error = toError(thrown);
    switch (replyCodeOf(error)) {
      case NOT_FOUND:
        return isAway(error) ? { kind: 'unavailable', error } : { kind: 'missing' };
      case RESOURCE_LOCKED:
        return { kind: 'exclusive', error };
      case ACCESS_REFUSED:
        return { kind: 'refused', error };
      case PRECONDITION_FAILED: {
        const difference = parseInequivalence(error.message);
        if (difference === undefined) return { kind: 'refused', error };
        return { kind: 'different', differences: [difference], isWhole: false };
      }
      default:
        throw error;
    }
  }
}
