import { createDeferred, type Deferred } from '../deferred.js';
import { isPublishError, PublishError, toError } from '../errors.js';
import type { CallListener } from '../results/transport.js';
import type { Logger } from '../runtime.js';
import type { PublishCall, PublishOnion } from '../task/middleware.js';
import type { Staging } from './staging.js';

/** One call that goes through publish middleware. */
export interface AroundPublishOptions {
  readonly call: PublishCall;
  /** Who is told of the call's end: by the transport alone, whatever middleware does after `next()`. */
  readonly listener: CallListener;
  /** From the call to its confirm, ms, the middleware's share included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Where calls wait whose middleware is asynchronous. */
  readonly staging: Staging;
  readonly logger: Logger;
  /** Sends the call as the middleware left it; never throws. */
  readonly send: (listener: CallListener, timeoutMs: number) => void;
}

/**
 * Leads a call through the publish middleware to its sending. Where no middleware waits before `next()` the call is
 * sent before this returns, so that calls keep their order.
 */
export function aroundPublish(onion: PublishOnion, options: AroundPublishOptions): void {
  const { call, listener, timeoutMs, signal, staging, logger, send } = options;
  let confirm: Deferred | undefined;
  let failure: Error | undefined;
  let gate: Deferred | undefined;
  const watching: CallListener = {
    confirmed: () => {
      listener.confirmed();
      confirm?.resolve();
    },
    failed: (error) => {
      failure ??= error;
      listener.failed(error);
      confirm?.reject(error);
    },
    // A reply can be quicker than the confirm, and says as much.
    replied: (reply) => {
      listener.replied(reply);
      confirm?.resolve();
    },
  };
  const core = (): Promise<void> => {
    confirm = createDeferred();
    if (failure !== undefined) confirm.reject(failure);
    else if (gate !== undefined) gate.resolve();
    else send(watching, timeoutMs);
    return confirm.promise;
  };
  onion(call, core).then(
    () => gate?.reject(refusal(call, undefined)),
    (thrown: unknown) => {
      if (confirm === undefined) gate?.reject(refusal(call, toError(thrown)));
      else if (thrown !== failure) {
        const fields = { id: call.id, task: call.task, err: thrown };
        logger.error(fields, 'publish middleware failed after it had sent its call; the call stands');
      }
    },
  );
  if (confirm !== undefined) return;
  gate = createDeferred();
  staging.add({
    ready: gate.promise,
    timeoutMs,
    signal,
    lastError: () => new Error('publish middleware has not called next() yet'),
    onReady: (remainingMs) => send(watching, remainingMs),
    onFailed: watching.failed,
  });
}

function refusal({ id, task }: PublishCall, cause: Error | undefined): PublishError {
  if (isPublishError(cause)) return cause;
  const why = cause === undefined ? 'it ended without next()' : `${cause.name}: ${cause.message}`;
  const text = `Middleware did not let the call of task '${task}' through: ${why}.`;
  return new PublishError('publish-refused', text, { fields: { taskId: id, task }, cause });
}
