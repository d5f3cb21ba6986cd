import type { CallOptions } from './call.js';

/** Every option of a call, undefined where neither the call nor its task says anything. */
export type MergedCall = { readonly [K in keyof Required<CallOptions>]: CallOptions[K] };

/** What a call says that was given no options. */
export const NO_CALL_OPTIONS: CallOptions = Object.freeze({});

/**
 * A call's options over its task's. One that is given as undefined is one that is not given. Written out, since options
 * that all have one shape are read many times faster than copies that got their keys one after the other.
 */
export function mergeCall(defaults: CallOptions, own: CallOptions): MergedCall {
  const headers = own.headers === undefined ? defaults.headers : own.headers;
  return {
    queue: own.queue === undefined ? defaults.queue : own.queue,
    exchange: own.exchange === undefined ? defaults.exchange : own.exchange,
    routingKey: own.routingKey === undefined ? defaults.routingKey : own.routingKey,
    priority: own.priority === undefined ? defaults.priority : own.priority,
    headers: defaults.headers === undefined ? headers : { ...defaults.headers, ...own.headers },
    taskId: own.taskId === undefined ? defaults.taskId : own.taskId,
    countdown: own.countdown === undefined ? defaults.countdown : own.countdown,
    eta: own.eta === undefined ? defaults.eta : own.eta,
    expires: own.expires === undefined ? defaults.expires : own.expires,
    deadline: own.deadline === undefined ? defaults.deadline : own.deadline,
    signal: own.signal === undefined ? defaults.signal : own.signal,
    ignoreResult: own.ignoreResult === undefined ? defaults.ignoreResult : own.ignoreResult,
    timeLimit: own.timeLimit === undefined ? defaults.timeLimit : own.timeLimit,
    softTimeLimit: own.softTimeLimit === undefined ? defaults.softTimeLimit : own.softTimeLimit,
    onFailure: own.onFailure === undefined ? defaults.onFailure : own.onFailure,
    retry: own.retry === undefined ? defaults.retry : own.retry,
  };
}

/**
 * What `over` says, and of `under` what it leaves open. Where a call goes and when it starts is one thing each: who says a
 * queue does not mean an exchange that others have said.
 */
export function overlay(under: CallOptions, over: CallOptions): CallOptions {
  const said = Object.entries(over).filter(([, value]) => value !== undefined);
  if (said.length === 0) return under;
  const left: { -readonly [K in keyof CallOptions]: CallOptions[K] } = { ...under };
  for (const unit of UNITS) if (unit.some((key) => over[key] !== undefined)) for (const key of unit) delete left[key];
  const merged: CallOptions = Object.assign(left, Object.fromEntries(said));
  return under.headers === undefined ? merged : { ...merged, headers: { ...under.headers, ...over.headers } };
}

const UNITS = [
  ['queue', 'exchange', 'routingKey'],
  ['countdown', 'eta'],
] as const;
