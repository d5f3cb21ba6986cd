// Longer than most files: what is declared and what the broker says to it, each kind of it short.

import type { Channel, ChannelModel } from 'amqplib';
import { TqError, toError } from '../errors.js';
import type { Binding, ExchangeDeclaration, QueueDeclaration, Topology } from './topology.js';

/** What a passive declaration says of a queue. */
export type QueueLook =
  | { readonly kind: 'there'; readonly messages: number; readonly consumers: number }
  | { readonly kind: 'missing' }
  /** It exists, and its node is down: in a cluster a classic queue is away with its node and comes back with it. */
  | { readonly kind: 'away'; readonly error: Error };

/** AMQP reply codes (AMQP 0-9-1 section 1.2). */
const NOT_FOUND = 404;
const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;

/** One thing to declare: what it is, for error texts, and the question to the broker. */
interface Step {
  readonly what: 'exchange' | 'queue' | 'binding';
  readonly name: string;
  readonly anyType?: boolean | undefined;
  /** Others declare it, so that it may be missing. */
  readonly foreign?: boolean | undefined;
  run(channel: Channel): Promise<unknown>;
}

const NO_ARGUMENTS = Object.freeze({});

/** More steps than a task queue needs are worth more than one channel; more than four channels gain nothing. */
const FEW_STEPS = 20;
const CHANNELS = 4;

/**
 * Declares all of a topology on channels of its own, since a refusal closes the channel. What others declare comes first,
 * so that nothing is left behind where it is missing.
 * @throws {TqError} `declaration-conflict` when something exists with other properties, saying which;
 *   `invalid-option` when the broker takes nothing of that kind;
 *   `queue-missing` or `exchange-missing` when others have not declared what they are to; `queue-missing` when the user
 *   may not declare
 */
export async function declare(model: ChannelModel, { exchanges, queues, bindings }: Topology): Promise<void> {
  const phases = [
    [...exchanges.filter(isPassive).map(exchangeLook), ...queues.filter(isPassive).map(queueLook)],
    exchanges.filter(isOwn).map(exchangeStep),
    queues.filter(isOwn).map(queueStep),
    bindings.map(bindingStep),
  ];
  const steps = phases.flat();
  if (steps.length <= FEW_STEPS) await declareInTurn(model, steps);
  else for (const phase of phases) await declareSideBySide(model, phase);
}

/** A channel answers one declaration after the other, and the broker works on those of several channels at a time. */
async function declareSideBySide(model: ChannelModel, steps: readonly Step[]): Promise<void> {
  const shares = Array.from({ length: CHANNELS }, (_, share) => steps.filter((_, at) => at % CHANNELS === share));
  const ends = await Promise.allSettled(shares.map((share) => declareInTurn(model, share)));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function declareInTurn(model: ChannelModel, steps: readonly Step[]): Promise<void> {
  for (let next = 0; next < steps.length; ) {
    next = await onThrowawayChannel(model, (channel) => declareFrom(next, steps, channel));
  }
}

/** @returns how far it came: a queue of the other type that will do has closed the channel, and the rest needs another */
async function declareFrom(first: number, steps: readonly Step[], channel: Channel): Promise<number> {
  for (let at = first; at < steps.length; at++) {
    const step = steps[at] as Step;
    try {
      await step.run(channel);
    } catch (thrown) {
      const error = explain(toError(thrown), step);
      if (step.anyType === true && isOtherType(error)) return at + 1;
      throw error;
    }
  }
  return steps.length;
}

function isPassive({ passive = false }: { readonly passive?: boolean | undefined }): boolean {
  return passive;
}

function isOwn(declaration: { readonly passive?: boolean | undefined }): boolean {
  return !isPassive(declaration);
}

function exchangeLook({ name }: ExchangeDeclaration): Step {
  return { what: 'exchange', name, foreign: true, run: (channel) => channel.checkExchange(name) };
}

function queueLook({ name }: QueueDeclaration): Step {
  return { what: 'queue', name, foreign: true, run: (channel) => channel.checkQueue(name) };
}

function exchangeStep({
  name,
  type,
  durable,
  autoDelete,
  internal,
  alternate,
  arguments: own,
}: ExchangeDeclaration): Step {
  const options = {
    durable: durable ?? true,
    autoDelete: autoDelete ?? false,
    internal: internal ?? false,
    arguments: own ?? NO_ARGUMENTS,
    ...(alternate === undefined ? {} : { alternateExchange: alternate }),
  };
  return { what: 'exchange', name, run: (channel) => channel.assertExchange(name, type, options) };
}

function queueStep({ name, durable, autoDelete, exclusive, anyType, arguments: own }: QueueDeclaration): Step {
  const options = {
    durable: durable ?? true,
    autoDelete: autoDelete ?? false,
    exclusive: exclusive ?? false,
    arguments: own,
  };
  return { what: 'queue', name, anyType, run: (channel) => channel.assertQueue(name, options) };
}

function bindingStep(binding: Binding): Step {
  const { exchange, routingKey, arguments: own = NO_ARGUMENTS } = binding;
  const name = 'queue' in binding ? binding.queue : binding.to;
  const run = (channel: Channel) =>
    'queue' in binding
      ? channel.bindQueue(name, exchange, routingKey, own)
      : channel.bindExchange(name, exchange, routingKey, own);
  return { what: 'binding', name: `${exchange} to ${name}`, run };
}

/**
 * Declares one queue on a channel that somebody keeps for that. A refusal closes it.
 * @throws as `declare`
 * @throws {Error} when the channel is closed before the answer
 */
export async function declareQueue(channel: Channel, queue: QueueDeclaration): Promise<void> {
  const step = queueStep(queue);
  try {
    await step.run(channel);
  } catch (thrown) {
    throw explain(toError(thrown), step);
  }
}

/** Looks at a queue without changing it (queue.declare, passive). Rejects when the connection or the right to look fails. */
export async function lookAtQueue(model: ChannelModel, queue: string): Promise<QueueLook> {
  return onThrowawayChannel(model, async (channel) => {
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      return { kind: 'there', messages: messageCount, consumers: consumerCount };
    } catch (thrown) {
      const error = toError(thrown);
      if (replyCodeOf(error) !== NOT_FOUND) throw error;
      return isAway(error) ? { kind: 'away', error } : { kind: 'missing' };
    }
  });
}

/** Makes sure that a queue is there: looks first, and declares only what is missing, so that foreign queues stay as they are. */
export async function ensureQueue(model: ChannelModel, queue: string, topology: Topology): Promise<void> {
  const look = await lookAtQueue(model, queue);
  if (look.kind === 'away') throw look.error;
  if (look.kind !== 'missing') return;
  try {
    await declare(model, topology);
  } catch (thrown) {
    const error = toError(thrown);
    // Declared by somebody else since it was looked at, whoever had it another way: it is migrated.
    if (isConflictOf(queue, error)) return;
    // Deleted before it was bound: whoever publishes to it now is told by the broker.
    if (replyCodeOf(error) !== NOT_FOUND || isAway(error)) throw error;
  }
}

/** The queue itself is there with other properties, not something around it. */
export function isConflictOf(queue: string, error: unknown): boolean {
  return error instanceof TqError && error.code === 'declaration-conflict' && error.fields.name === queue;
}

/**
 * Makes sure that an exchange is there, before something is published that would be lost in silence: looks first, and
 * declares what the app's options have.
 * @param topology undefined where they do not have it
 * @throws {TqError} `exchange-missing`, and what `declare` throws
 */
export async function ensureExchange(
  model: ChannelModel,
  exchange: string,
  topology: Topology | undefined,
): Promise<void> {
  try {
    await onThrowawayChannel(model, (channel) => channel.checkExchange(exchange));
  } catch (thrown) {
    const cause = toError(thrown);
    if (replyCodeOf(cause) !== NOT_FOUND || isAway(cause)) throw cause;
    if (topology === undefined) throw exchangeMissing(exchange, cause);
    await declare(model, topology);
  }
}

/** There is no such exchange, for whoever publishes to it. */
export function exchangeMissing(exchange: string, cause: Error | undefined): TqError {
  const text = `There is no exchange '${exchange}': declare it first, or let the app's option \`exchanges\` do it. Is the name right, and the app's prefix?`;
  return new TqError('exchange-missing', text, { fields: { exchange }, cause });
}

/** Gives `use` a channel that nobody else has and closes it afterwards, whatever became of it. */
export async function onThrowawayChannel<T>(model: ChannelModel, use: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await model.createChannel();
  let closed = false;
  // Without a listener an 'error' event ends the process; what it says reaches the caller through the rejected call.
  channel.on('error', () => undefined);
  channel.on('close', () => {
    closed = true;
  });
  try {
    return await use(channel);
  } finally {
    if (!closed) await channel.close().catch(() => undefined);
  }
}

function explain(error: Error, { what, name, foreign }: Step): Error {
  switch (replyCodeOf(error)) {
    case NOT_FOUND:
      return foreign === true && !isAway(error) ? foreignMissing(what, name, error) : error;
    case PRECONDITION_FAILED:
      return conflict(what, name, error);
    case ACCESS_REFUSED:
      return new TqError('queue-missing', `The ${what} '${name}' may not be declared by this user: ${error.message}`, {
        cause: error,
      });
    default:
      return error;
  }
}

function foreignMissing(what: Step['what'], name: string, cause: Error): TqError {
  const text = `There is no ${what} '${name}', and the app's options leave it to others: start who declares it, or have it in the option \`${what}s\` without declare: 'passive'.`;
  return new TqError(what === 'exchange' ? 'exchange-missing' : 'queue-missing', text, { fields: { name }, cause });
}

/** A queue's type brings arguments with it that the other type does not have, and the broker names one of them. */
const TYPE_ARGUMENTS = new Set(['x-queue-type', 'x-overflow', 'x-dead-letter-strategy', 'x-delivery-limit']);

function isOtherType(error: Error): boolean {
  return error instanceof TqError && TYPE_ARGUMENTS.has(String(error.fields.argument));
}

/** What no broker takes, whatever is there. */
const INVALID = /invalid (arg|property|type) /i;
const INEQUIVALENT = /inequivalent arg '([^']+)'.*received (?:the value )?(.+?) but current is (.+?)"?$/;

function conflict(what: Step['what'], name: string, cause: Error): TqError {
  const match = INEQUIVALENT.exec(cause.message);
  const option = what === 'exchange' ? 'exchanges' : 'queues';
  if (match === null && INVALID.test(cause.message)) {
    const text = `The broker does not take the ${what} '${name}' as the app's options have it: ${cause.message} Change it in the option \`${option}\`.`;
    return new TqError('invalid-option', text, { fields: { name }, cause });
  }
  const difference =
    match === null ? cause.message : `${match[1]} is to be ${match[2]}, and the broker has ${match[3]}`;
  const text =
    `The ${what} '${name}' exists with other properties: ${difference}. ` +
    `Set the app's ${what} options to what the broker has, use another name, or delete the ${what} once it is empty.`;
  return new TqError('declaration-conflict', text, {
    fields: { name, argument: match?.[1], wanted: match?.[2], found: match?.[3] },
    cause,
  });
}

/** The reply code of a broker's refusal (AMQP 0-9-1 section 1.2); of other errors whatever they have for a code. */
export function replyCodeOf(error: Error | undefined): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

/** The user lacks the right to declare it. */
export function isAccessRefused(error: unknown): boolean {
  const { cause } = toError(error);
  return cause instanceof Error && replyCodeOf(cause) === ACCESS_REFUSED;
}

/**
 * What RabbitMQ says with a 404 of a queue that exists: its node is down, stops or starts
 * (rabbit_amqqueue and rabbit_channel, 3.10 to 4.x).
 */
const AWAY = [
  /home node .* is down/,
  /process is stopped by supervisor/,
  /crashed and failed to restart/,
  /due to timeout/,
  /may be stopping or being demoted/,
  /is unavailable/,
];

/** A 404 of a queue that exists, and cannot be reached now. */
export function isAway({ message }: Error): boolean {
  return AWAY.some((text) => text.test(message));
}
