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
