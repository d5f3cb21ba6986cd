import { TqError } from '../errors.js';
import { isThenable } from '../execution/call-handler.js';
import { checkDestination } from '../protocol/delay-key.js';
import type { ForeignMessage } from '../protocol/foreign-message.js';
import type { Headers } from '../protocol/message.js';
import { eventsExchange, everybodyQueue, everybodyStem, exchangeName, groupQueue } from '../protocol/names.js';
import type { SubscriptionFacts } from '../protocol/subscription.js';
import type { ArgsSchema, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from '../schema/standard-schema.js';
import { currentTask } from '../task/context.js';
import { failureAddress, type QueueNaming } from '../task/on-failure.js';
import { checkTask, limitsOf } from '../task/options.js';
import type { Runnable } from '../task/registry.js';
import type { DefinedEvent } from './event.js';
import {
  checkPatterns,
  checkSubscribe,
  type SubscribeOptions,
  type SubscriptionDefinition,
} from './subscribe-options.js';

/** An event as a subscriber sees it, its payload apart. */
export interface ReceivedEvent extends ForeignMessage {
  /** The event's name: the message's `type`, or its routing key where it has none. */
  readonly event: string;
}

/**
 * What is called with each event.
 * @typeParam T the payload
 */
export type EventHandler<T> = (payload: T, message: ReceivedEvent) => unknown;

/** A subscription that is registered: workers that have its module consume it. */
export interface Subscription {
  /** The name of the task that its handler is, in logs and for `tq dead`. */
  readonly name: string;
  /** Keys that it takes, or patterns of them. */
  readonly keys: readonly string[];
  /** Who shares its events; undefined where every worker gets each. */
  readonly group: string | undefined;
}

/** Registers a handler for events, on an app or on the default one; a worker that has the module consumes them. */
export interface Subscribe {
  /**
   * To one event: its type and its schema are the handler's.
   * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
   */
  <I, O>(event: DefinedEvent<I, O>, handler: EventHandler<O>, options?: SubscribeOptions): Subscription;
  /**
   * To every event whose name one of the patterns fits (`orders.*`, `#`), with a schema that all of them fit.
   * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
   */
  <S extends StandardSchema<unknown, unknown>>(
    patterns: string | readonly string[],
    handler: EventHandler<SchemaOutput<S>>,
    options: SubscribeOptions & { readonly payload: S },
  ): Subscription;
  /**
   * To every event whose name one of the patterns fits, of whatever payload: the handler says what it takes for one.
   * @throws {TqError} `duplicate-task`, `invalid-option`, `unknown-option`
   */
  <T>(
    patterns: string | readonly string[],
    handler: EventHandler<T>,
    options?: SubscribeOptions & { readonly payload?: undefined },
  ): Subscription;
}

/** What a subscription is to the registry. */
export interface SubscriptionTask {
  readonly facts: SubscriptionFacts;
  readonly handler: (payload: never) => unknown;
  readonly args: ArgsSchema | undefined;
}

/** What a subscription's task takes from its app. */
export interface SubscriptionApp extends QueueNaming {
  readonly middleware: Runnable['middleware'];
}

/**
 * The task that a subscription's handler is.
 * @throws {TqError} `duplicate-task`, `invalid-option`
 */
export function subscriptionTask(
  { facts, handler, args }: SubscriptionTask,
  options: SubscriptionDefinition,
  app: SubscriptionApp,
): Runnable {
  const { timeLimit, softTimeLimit, retry, deadLetter, onFailure } = options;
  checkTask(facts.name, { timeLimit, softTimeLimit, retry, deadLetter, onFailure });
  return {
    name: facts.name,
    handler,
    // A group's queue is as any task's; where every worker has one, there is none to look at.
    ...(facts.group === undefined
      ? { route: `(every worker gets ${facts.keys.join(', ')})` }
      : { queue: facts.queue.slice(app.prefix.length) }),
    limits: limitsOf(options),
    deadLetter: deadLetter === false ? false : undefined,
    onFailure: onFailure && failureAddress(onFailure, app),
    retry,
    middleware: app.middleware,
    args,
    subscription: facts,
  };
}

/** An id as workers have it, for how long their queues' names may become. */
const WORKER_ID = '0'.repeat(36);

/**
 * Reads a subscription; nothing is registered.
 * @throws {TqError} `invalid-option`, `unknown-option`
 */
export function readSubscription(
  prefix: string,
  what: DefinedEvent | string | readonly string[],
  handler: EventHandler<never>,
  options: SubscriptionDefinition,
): SubscriptionTask {
  checkSubscribe(options);
  if (typeof handler !== 'function') {
    throw new TqError('invalid-option', `subscribe: expected a function as handler, found ${typeof handler}.`);
  }
  const { headers, match, group, format = 'json' } = options;
  const { exchange, keys, payload } = sourceOf(what, options);
  const label = options.name ?? labelOf(exchange, keys, options);
  const queue = group === undefined ? everybodyStem(prefix, label) : groupQueue(prefix, group, label);
  checkLength(group === undefined ? everybodyQueue(queue, WORKER_ID) : queue);
  return {
    facts: {
      name: group === undefined ? `on:${label}` : `on:${label}@${group}`,
      exchange: exchange === undefined ? eventsExchange(prefix) : exchangeName(prefix, exchange),
      keys,
      headers,
      match,
      group,
      queue,
      format,
    },
    handler: (body: never) => ended(handler(body, received(currentTask().message))),
    args: payload && argsSchema(payload),
  };
}

interface EventSource {
  readonly exchange: string | undefined;
  readonly keys: readonly string[];
  readonly payload: StandardSchema<unknown, unknown> | undefined;
}

function sourceOf(what: DefinedEvent | string | readonly string[], options: SubscriptionDefinition): EventSource {
  const { exchange, payload } = options;
  if (typeof what === 'string' || Array.isArray(what)) {
    const keys: readonly string[] = typeof what === 'string' ? [what] : what;
    checkPatterns(keys, exchange);
    return { exchange, keys: [...new Set(keys)], payload };
  }
  const event = what as Partial<DefinedEvent> | null | undefined;
  if (typeof event?.publish !== 'function' || event.name === undefined || event.options === undefined) {
    const text = `subscribe: expected an event, a pattern or a list of patterns, found ${event === null ? 'null' : typeof what}.`;
    throw new TqError('invalid-option', text);
  }
  const { name, options: own } = event;
  for (const key of ['exchange', 'payload'] as const) {
    if (options[key] === undefined) continue;
    const text = `subscribe: ${key}: expected none, since the event '${name}' says it, found one. Leave it out, or subscribe by name.`;
    throw new TqError('invalid-option', text);
  }
  return { exchange: own.exchange, keys: [own.routingKey ?? name], payload: event.payload };
}

/** The same in every process that has the module: what is taken, in words. */
function labelOf(exchange: string | undefined, keys: readonly string[], options: SubscriptionDefinition): string {
  const { headers, match } = options;
  const from = exchange === undefined ? '' : `${exchange}/`;
  return from + keys.join(',') + (headers === undefined ? '' : headersLabel(headers, match));
}

function headersLabel(headers: Headers, match: SubscribeOptions['match']): string {
  const asked = Object.keys(headers)
    .sort()
    .map((name) => `${name}=${headers[name] === null ? '' : String(headers[name])}`);
  return `?${asked.join(match === 'any' ? '|' : '&')}`;
}

function checkLength(queue: string): void {
  try {
    checkDestination(queue);
  } catch (cause) {
    const { message } = cause as Error;
    const text = `subscribe: expected what makes a shorter name of a queue, found '${queue.slice(0, 80)}…' (${message}). Give it a name.`;
    throw new TqError('invalid-option', text, { cause });
  }
}

/** Nobody waits for what a subscriber returns, so that it may be anything. */
function ended(returned: unknown): Promise<void> | undefined {
  return isThenable(returned) ? Promise.resolve(returned).then(() => undefined) : undefined;
}

/** Outside of an event, where a handler is called by hand, there is no message. */
function received(message: ForeignMessage | undefined): ReceivedEvent {
  if (message === undefined) {
    throw new TqError('refused', 'A subscriber runs for events alone, and this came as a call: publish the event.');
  }
  const { exchange, routingKey, type, appId, messageId, correlationId, timestamp, contentType, headers } = message;
  const event = type ?? routingKey;
  return { exchange, routingKey, type, appId, messageId, correlationId, timestamp, contentType, headers, event };
}

/** A subscriber's one argument is the payload. */
function argsSchema(payload: StandardSchema<unknown, unknown>): ArgsSchema {
  const { vendor, validate } = payload['~standard'];
  const wrap = (result: SchemaResult<unknown>): SchemaResult<readonly unknown[]> =>
    result.issues ? { issues: Array.from(result.issues, below) } : { value: [result.value] };
  return {
    '~standard': {
      version: 1,
      vendor,
      validate: (args) => {
        const answer = validate.call(payload['~standard'], (args as readonly unknown[])[0]);
        return isThenable(answer) ? Promise.resolve(answer).then(wrap) : wrap(answer);
      },
    },
  };
}

/** An issue of the payload as one of the list of arguments. */
function below({ message, path }: SchemaIssue): SchemaIssue {
  return { message, path: [0, ...(path ?? [])] };
}
