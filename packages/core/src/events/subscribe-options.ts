import { TqError } from '../errors.js';
import { refuseUnknownKeys, requireOneOf } from '../options-check.js';
import type { PlainFormat } from '../protocol/foreign-message.js';
import type { HeadersMatch } from '../protocol/headers-match.js';
import type { Headers } from '../protocol/message.js';
import type { StandardSchema } from '../schema/standard-schema.js';
import type { TaskOptions } from '../task/options.js';
import { checkFlag, checkHeaders, checkPayload, checkText } from './event-options.js';

/** What a subscription takes, for whom, and how its handler runs. */
export interface SubscribeOptions
  extends Pick<TaskOptions, 'timeLimit' | 'softTimeLimit' | 'retry' | 'deadLetter' | 'onFailure'> {
  /**
   * Who shares the events: each is for one worker of the group, whichever is free, and waits in the group's durable queue
   * while none is there. A word of letters, digits, `-` and `_`. Default: none, so that every worker gets each event that
   * comes while it is there.
   */
  readonly group?: string | undefined;
  /** Whether events wait while no worker is there, as a group's do and others' do not. Default: what `group` says. */
  readonly durable?: boolean | undefined;
  /** Tells two subscriptions apart that take the same, and names the queue; to be kept, since the queue stays. Default: what it takes. */
  readonly name?: string | undefined;
  /**
   * Headers that a message must have beside its key: a text, a number, true or false, or null where any value will do.
   * Names that begin with `x-` are not compared. Default: any.
   */
  readonly headers?: Headers | undefined;
  /** Whether it must have `all` of these headers or `any` of them. Default: `all`. */
  readonly match?: HeadersMatch | undefined;
  /**
   * Exchange to take from instead of tq's own, without the app's prefix; RabbitMQ's own (`amq.topic`) have none. Keys and
   * headers count as its type has it: a fanout exchange looks at neither. One that the app's `exchanges` do not have must
   * exist. Default: the event's.
   */
  readonly exchange?: string | undefined;
  /** How bodies are read: `json`, or `text`, which is taken as it is. Default: `json`. */
  readonly format?: PlainFormat | undefined;
}

/** All that may be said of a subscription. */
export type SubscriptionDefinition = SubscribeOptions & {
  readonly payload?: StandardSchema<unknown, unknown> | undefined;
};

const TASK_KEYS = ['timeLimit', 'softTimeLimit', 'retry', 'deadLetter', 'onFailure'] as const;
const KEYS = ['group', 'durable', 'name', 'headers', 'match', 'exchange', 'format', 'payload', ...TASK_KEYS] as const;
const WORD = /^(?:[*#]|[^*#\s]+)$/;
const GROUP = /^[\w-]{1,64}$/;

/**
 * Checks a subscription's options but for those of tasks.
 * @throws {TqError} `invalid-option` or `unknown-option`
 */
export function checkSubscribe(options: SubscriptionDefinition): void {
  refuseUnknownKeys(options, KEYS, 'subscribe');
  const { group, name, exchange, format, payload } = options;
  if (group !== undefined && (typeof group !== 'string' || !GROUP.test(group))) {
    const text = `subscribe: group: expected a word of 1 to 64 letters, digits, - and _, found '${String(group).slice(0, 64)}'.`;
    throw new TqError('invalid-option', text);
  }
  checkDurable(options);
  if (name !== undefined) checkText(name, 'subscribe: name', 1);
  if (exchange !== undefined) checkText(exchange, 'subscribe: exchange', 1);
  if (format !== undefined) requireOneOf(format, 'subscribe: format', ['json', 'text']);
  checkPayload(payload, 'subscribe: payload');
  checkAsked(options);
}

/**
 * Checks what a subscription takes by. In tq's exchange these are names of events, or patterns of them; in an exchange of
 * the user's whatever its type makes of them.
 * @throws {TqError} `invalid-option`
 */
export function checkPatterns(patterns: readonly string[], exchange: string | undefined): void {
  const where = 'subscribe: pattern';
  if (patterns.length === 0) {
    throw new TqError('invalid-option', "subscribe: expected at least one pattern, found none; '#' takes every event.");
  }
  for (const pattern of patterns) {
    checkText(pattern, where, 0);
    if (exchange !== undefined || pattern.split('.').every((word) => WORD.test(word))) continue;
    const text = `${where}: expected words with dots between them, * and # alone as words, found '${pattern}', which no event's name fits.`;
    throw new TqError('invalid-option', text);
  }
}

function checkDurable({ durable, group }: SubscriptionDefinition): void {
  checkFlag(durable, 'subscribe: durable');
  if (durable === true && group === undefined) {
    throw new TqError(
      'invalid-option',
      'subscribe: durable: expected a group beside it, found none: a queue that outlives its worker is one that others go on with. Name a group, of one worker if need be.',
    );
  }
  if (durable === false && group !== undefined) {
    const text = `subscribe: durable: expected true for the group '${group}', found false: a group's queue is durable. Leave out the group, or durable.`;
    throw new TqError('invalid-option', text);
  }
}

/**
 * Checks the headers that a message is to have.
 * @throws {TqError} `invalid-option`
 */
export function checkAsked({ headers, match }: Pick<SubscriptionDefinition, 'headers' | 'match'>): void {
  if (match !== undefined) requireOneOf(match, 'subscribe: match', ['all', 'any']);
  if (headers === undefined) {
    if (match === undefined) return;
    throw new TqError('invalid-option', 'subscribe: match: expected headers beside it, found none.');
  }
  const where = 'subscribe: headers';
  checkHeaders(headers, where);
  const entries = Object.entries(headers);
  if (entries.length === 0) throw new TqError('invalid-option', `${where}: expected at least one, found none.`);
  for (const [name, value] of entries) {
    if (name.startsWith('x-')) {
      const text = `${where}: '${name}': expected another name: the broker does not compare those that begin with x-.`;
      throw new TqError('invalid-option', text);
    }
    const fits = value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
    if (fits) continue;
    const text = `${where}: '${name}': expected a text, a number, true, false or null, found ${typeof value}.`;
    throw new TqError('invalid-option', text);
  }
}
