import { parseIsoTime, printIsoTime } from '../../time/iso-time.js';
import { type CallRetry, decodeCallRetry, encodeCallRetry } from '../call-retry.js';
import { encodableHeader } from '../encodable-headers.js';
import type { Headers, HeaderValue } from '../message.js';
import { HEADER, isReservedHeader, MAX_NAME_BYTES, TQ_HEADER } from '../names.js';
import { poison } from '../poison.js';
import { decodeTaskAddress, encodeTaskAddress, type TaskAddress } from '../task-address.js';
import { decodeTimeLimits, type TimeLimits } from '../time-limits.js';
import { type JsonText, parseJson } from './json-text.js';

/** How a step is to be called: the options of Celery's signature that a worker heeds. */
export interface StepOptions {
  /** Full name, prefix included; without one, and without an exchange, the queue of the message before it. */
  readonly queue?: string | undefined;
  /** Full name, instead of a queue. */
  readonly exchange?: string | undefined;
  readonly routingKey?: string | undefined;
  /** 0 to 255. */
  readonly priority?: number | undefined;
  /** Where its replies go; without one where those of the message before it go. */
  readonly replyTo?: string | undefined;
  readonly ignoreResult?: boolean | undefined;
  /** The caller's own. */
  readonly headers?: Headers | undefined;
  readonly limits?: TimeLimits | undefined;
  readonly retry?: CallRetry | undefined;
  readonly onFailure?: TaskAddress | undefined;
  /** How long after it was sent it starts at the earliest, ms. */
  readonly countdown?: number | undefined;
  /** Earliest start, ms since the epoch. */
  readonly eta?: number | undefined;
  /** When it is too late to start: ms after it was sent. */
  readonly expiresIn?: number | undefined;
  /** The same, ms since the epoch. */
  readonly expires?: number | undefined;
  /** As an errback it is called with a `TaskFailure`; Celery's rule is the failed task's id. */
  readonly takesFailure?: boolean | undefined;
  /** How many tasks were replaced before it on its way, where it is the end of what has taken the place of one. */
  readonly replacedNesting?: number | undefined;
  /** What it is that other programs mean by these, kept as it came. */
  readonly others?: ReadonlyMap<string, JsonText> | undefined;
}

/** Names on the wire; those that stand in a step itself (`task_id`, `link`…) are not among them. */
const STEP_OPTION = {
  queue: 'queue',
  exchange: 'exchange',
  routingKey: 'routing_key',
  priority: 'priority',
  replyTo: 'reply_to',
  ignoreResult: 'ignore_result',
  headers: 'headers',
  timeLimit: 'time_limit',
  softTimeLimit: 'soft_time_limit',
  countdown: 'countdown',
  eta: 'eta',
  expires: 'expires',
  takesFailure: 'tq-failure',
} as const;

const NAMES: ReadonlySet<string> = new Set(Object.values(STEP_OPTION));

/**
 * Reads the options.
 * @throws {TqError} `poison`
 */
export function readStepOptions(fields: ReadonlyMap<string, JsonText>): StepOptions {
  const options: Writable<StepOptions> = {};
  let others: Map<string, JsonText> | undefined;
  for (const [name, text] of fields) {
    if (!NAMES.has(name)) {
      others ??= new Map();
      others.set(name, text);
    } else if (text !== 'null') readOption(options, name, parseJson(text, `option ${name} of a step`));
  }
  if (others !== undefined) options.others = others;
  return options;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function readOption(options: Writable<StepOptions>, name: string, value: unknown): void {
  switch (name) {
    case STEP_OPTION.queue:
      // Kombu's own queue object would stand here as its dictionary.
      options.queue = nameIn(value, name);
      break;
    case STEP_OPTION.exchange:
      options.exchange = shortText(value, name);
      break;
    case STEP_OPTION.routingKey:
      options.routingKey = shortText(value, name);
      break;
    case STEP_OPTION.priority:
      options.priority = priority(value);
      break;
    case STEP_OPTION.replyTo:
      options.replyTo = nameIn(value, name);
      break;
    case STEP_OPTION.ignoreResult:
      options.ignoreResult = value === true;
      break;
    case STEP_OPTION.headers:
      readHeaders(options, value);
      break;
    case STEP_OPTION.timeLimit:
      options.limits = limits(options.limits, { timeLimit: value }, name);
      break;
    case STEP_OPTION.softTimeLimit:
      options.limits = limits(options.limits, { softTimeLimit: value }, name);
      break;
    case STEP_OPTION.countdown:
      options.countdown = milliseconds(value, name);
      break;
    case STEP_OPTION.eta:
      options.eta = time(value, name, 'an ISO 8601 time');
      break;
    case STEP_OPTION.expires:
      if (typeof value === 'number') options.expiresIn = milliseconds(value, name);
      else options.expires = time(value, name, 'an ISO 8601 time or a number of seconds');
      break;
    case STEP_OPTION.takesFailure:
      options.takesFailure = value === true;
  }
}

function wrong(name: string, expected: string, found: unknown): Error {
  return poison(`option ${name} of a step`, expected, found);
}

function shortText(value: unknown, name: string): string {
  if (typeof value === 'string' && Buffer.byteLength(value) <= MAX_NAME_BYTES) return value;
  throw wrong(name, `text of at most ${MAX_NAME_BYTES} bytes`, value);
}

function nameIn(value: unknown, name: string): string | undefined {
  return shortText(value, name) || undefined;
}

function priority(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255) return value as number;
  throw wrong(STEP_OPTION.priority, 'a whole number from 0 to 255', value);
}

const MAX_SECONDS = Number.MAX_SAFE_INTEGER / 1_000;

function milliseconds(value: unknown, name: string): number {
  if (typeof value === 'number' && Math.abs(value) <= MAX_SECONDS) return Math.max(0, Math.round(value * 1_000));
  throw wrong(name, 'a number of seconds', value);
}

function time(value: unknown, name: string, expected: string): number {
  const ms = typeof value === 'string' ? parseIsoTime(value) : typedTime(value);
  if (ms === undefined) throw wrong(name, expected, value);
  return ms;
}

/** Kombu's typed form (5.3 and later). */
function typedTime(value: unknown): number | undefined {
  const { __type__: type, __value__: text } = Object(value) as Record<string, unknown>;
  return type === 'datetime' && typeof text === 'string' ? parseIsoTime(text) : undefined;
}

function limits(
  before: TimeLimits | undefined,
  { timeLimit = null, softTimeLimit = null }: { timeLimit?: unknown; softTimeLimit?: unknown },
  name: string,
): TimeLimits {
  const read = decodeTimeLimits([timeLimit, softTimeLimit]);
  if (read === undefined) throw wrong(name, 'a number of seconds', timeLimit ?? softTimeLimit);
  return {
    timeLimit: read.timeLimit ?? before?.timeLimit,
    softTimeLimit: read.softTimeLimit ?? before?.softTimeLimit,
  };
}

/** What tq says by headers is in the options' headers too: so it comes through a Python worker, which copies those. */
function readHeaders(options: Writable<StepOptions>, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(STEP_OPTION.headers, 'an object', value);
  const {
    [TQ_HEADER.retry]: retry,
    [TQ_HEADER.onFailure]: onFailure,
    [HEADER.replacedNesting]: nesting,
    ...own
  } = value as Record<string, unknown>;
  if (Number.isSafeInteger(nesting) && (nesting as number) > 0) options.replacedNesting = nesting as number;
  if (retry !== undefined && retry !== null) options.retry = known(decodeCallRetry(retry), TQ_HEADER.retry, retry);
  if (onFailure !== undefined && onFailure !== null)
    options.onFailure = known(decodeTaskAddress(onFailure), TQ_HEADER.onFailure, onFailure);
  const names = Object.keys(own).filter((name) => !isReservedHeader(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES);
  if (names.length > 0) options.headers = Object.fromEntries(names.map((name) => [name, headerValue(name, own[name])]));
}

/** What a message's header can be, so that none stops the message. */
function headerValue(name: string, value: unknown): HeaderValue {
  if (nestsWithin(value, MAX_HEADER_NESTING)) return encodableHeader(value as HeaderValue);
  throw wrong(`${STEP_OPTION.headers}.${name}`, `a value of at most ${MAX_HEADER_NESTING} levels`, value);
}

const MAX_HEADER_NESTING = 64;

function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => nestsWithin(member, levels - 1));
}

function known<T>(decoded: T | undefined, name: string, found: unknown): T {
  if (decoded !== undefined) return decoded;
  throw wrong(`${STEP_OPTION.headers}.${name}`, 'what tq writes there', found);
}

/** Writes the options that are there: names and texts. */
export function* writeStepOptions(options: StepOptions): Generator<[string, JsonText]> {
  const { limits, eta, expires, expiresIn } = options;
  const values: [string, unknown][] = [
    [STEP_OPTION.queue, options.queue],
    [STEP_OPTION.exchange, options.exchange],
    [STEP_OPTION.routingKey, options.routingKey],
    [STEP_OPTION.priority, options.priority],
    [STEP_OPTION.replyTo, options.replyTo],
    [STEP_OPTION.ignoreResult, options.ignoreResult],
    [STEP_OPTION.headers, writtenHeaders(options)],
    [STEP_OPTION.timeLimit, seconds(limits?.timeLimit)],
    [STEP_OPTION.softTimeLimit, seconds(limits?.softTimeLimit)],
    [STEP_OPTION.countdown, seconds(options.countdown)],
    [STEP_OPTION.eta, eta === undefined ? undefined : printIsoTime(eta)],
    [STEP_OPTION.expires, expires === undefined ? seconds(expiresIn) : printIsoTime(expires)],
    [STEP_OPTION.takesFailure, options.takesFailure],
  ];
  for (const [name, value] of values) if (value !== undefined) yield [name, JSON.stringify(value)];
  if (options.others !== undefined) yield* options.others;
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

function writtenHeaders({ headers, retry, onFailure, replacedNesting }: StepOptions): Headers | undefined {
  if (retry === undefined && onFailure === undefined && replacedNesting === undefined) return headers;
  const own: Record<string, HeaderValue> = { ...headers };
  if (retry !== undefined) own[TQ_HEADER.retry] = encodeCallRetry(retry);
  if (onFailure !== undefined) own[TQ_HEADER.onFailure] = encodeTaskAddress(onFailure);
  if (replacedNesting !== undefined) own[HEADER.replacedNesting] = replacedNesting;
  return own;
}
