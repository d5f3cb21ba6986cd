import { types } from 'node:util';
import { toError } from '../errors.js';
import type { BackoffShape, CallRetry } from '../protocol/call-retry.js';
import type { ErrorClass, ErrorMatcher, RetryOptions } from '../task/retry-options.js';
import type { RetryRequest } from '../task/verdicts.js';

/** A try that failed, and all that decides whether there is another. */
export interface FailedTry {
  /** What it failed with: the cause where the handler threw a `Retry` that has one. */
  readonly error: unknown;
  /** Which try it was, 1 for the first. */
  readonly attempt: number;
  /** Of the task's definition. */
  readonly task: RetryOptions | undefined;
  /** Of the call. */
  readonly call: CallRetry | undefined;
  /** What the `Retry` says that the handler threw, where it threw one. */
  readonly request: RetryRequest | undefined;
  /** How long another try may still start, ms; undefined for ever. */
  readonly leftMs: number | undefined;
  /** A number in [0, 1), for the jitter. */
  readonly random: number;
}

/** Whether there is another try; `fault` is what a function of the policy threw, or what is wrong with what it gave. */
export type RetryDecision =
  | { readonly kind: 'retry'; readonly delayMs: number; readonly fault: unknown }
  /** It would be after so long, and the task has expired by then. */
  | { readonly kind: 'too-late'; readonly delayMs: number; readonly fault: unknown }
  | { readonly kind: 'give-up'; readonly fault: unknown };

const MAX_RETRIES = 3;
const DELAY_MS = 1_000;
const MAX_DELAY_MS = 600_000;

/**
 * Decides whether a task that failed is run again, and when. A `Retry` is granted as long as there are retries left; any
 * other error needs a policy that has it among its errors. Never throws, whatever the policy's functions do: an error of
 * theirs ends the task, a delay that is none is replaced by an exponential one.
 *
 * A try that would come after the task has expired would only be refused then, and what it failed with forgotten.
 */
export function decideRetry(failed: FailedTry): RetryDecision {
  const decision = decideByPolicy(failed);
  const { leftMs } = failed;
  if (decision.kind !== 'retry' || leftMs === undefined || decision.delayMs < leftMs) return decision;
  return { ...decision, kind: 'too-late' };
}

function decideByPolicy({ error, attempt, task, call, request, random }: FailedTry): RetryDecision {
  const policy = policyOf(task, call);
  const maxRetries = request?.maxRetries ?? policy?.maxRetries ?? MAX_RETRIES;
  if (attempt > maxRetries) return GIVE_UP;
  if (request?.delay !== undefined) return { kind: 'retry', delayMs: request.delay, fault: undefined };
  try {
    if (request === undefined && (policy === undefined || !covers(policy, error))) return GIVE_UP;
  } catch (fault) {
    return { kind: 'give-up', fault };
  }
  return delayed(policy ?? NO_POLICY, attempt, asError(error), random);
}

const GIVE_UP: RetryDecision = { kind: 'give-up', fault: undefined };
const NO_POLICY: RetryOptions = {};

/** What holds for a run: what the call says wins over what the task says, each by itself. */
function policyOf(task: RetryOptions | undefined, call: CallRetry | undefined): RetryOptions | undefined {
  if (call === false) return undefined;
  return call === undefined ? task : { ...task, ...call };
}

function covers({ retryOn, noRetryOn }: RetryOptions, error: unknown): boolean {
  if (noRetryOn?.some((matcher) => matches(matcher, error))) return false;
  return retryOn === undefined || retryOn.some((matcher) => matches(matcher, error));
}

function matches(matcher: ErrorMatcher, error: unknown): boolean {
  return isErrorClass(matcher) ? error instanceof matcher : matcher(asError(error));
}

/** A class of errors of another realm is one too: every error inherits these two, and no plain function has them. */
function isErrorClass(matcher: ErrorMatcher): matcher is ErrorClass {
  const prototype: unknown = matcher.prototype;
  return typeof prototype === 'object' && prototype !== null && 'message' in prototype && 'name' in prototype;
}

/** An error of another realm (a vm context) stays what it is. */
export function asError(thrown: unknown): Error {
  return types.isNativeError(thrown) ? thrown : toError(thrown);
}

function delayed(policy: RetryOptions, attempt: number, error: Error, random: number): RetryDecision {
  const { delay = DELAY_MS, maxDelay = Math.max(delay, MAX_DELAY_MS), backoff = 'exponential', jitter = true } = policy;
  const within = (ms: number) => {
    const longest = Math.min(maxDelay, Math.round(ms));
    return jitter ? Math.floor(random * (longest + 1)) : longest;
  };
  if (typeof backoff !== 'function') {
    return { kind: 'retry', delayMs: within(grown(backoff, delay, attempt)), fault: undefined };
  }
  try {
    const given = backoff(attempt, error);
    if (typeof given === 'number' && given >= 0) return { kind: 'retry', delayMs: within(given), fault: undefined };
    throw new TypeError(`backoff: expected milliseconds from 0 on, found ${String(given)}.`);
  } catch (fault) {
    return { kind: 'retry', delayMs: within(grown('exponential', delay, attempt)), fault };
  }
}

function grown(shape: BackoffShape, delay: number, attempt: number): number {
  if (shape === 'fixed') return delay;
  return shape === 'linear' ? delay * attempt : delay * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS);
}

/** More would be longer than any delay, and infinitely often nothing is no number. */
const MAX_DOUBLINGS = 52;
