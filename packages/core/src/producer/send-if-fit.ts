import { PublishError } from '../errors.js';
import type { OutgoingCall, Transport } from '../results/transport.js';
import { argsRefusal } from '../schema/refusal.js';
import type { ArgsSchema } from '../schema/standard-schema.js';
import { type ArgsValidation, validateArgs } from '../schema/validate.js';
import type { Staging } from './staging.js';

/** Where calls go that fit, and where they wait until that is known. */
export interface Way {
  readonly transport: Transport;
  readonly staging: Staging;
}

/**
 * Sends a call whose arguments fit the schema, at once where that is found at once. The call is encoded already, so that
 * what is sent is the input, whatever a validator does with it.
 * @throws {PublishError} `invalid-args`, where that is found at once
 */
export function sendIfFit(call: OutgoingCall, schema: ArgsSchema, args: readonly unknown[], way: Way): void {
  const { transport, staging } = way;
  const { task } = call.envelope;
  const validation = validateArgs(schema, args);
  if (!(validation instanceof Promise)) {
    requireFit(task, validation);
    transport.send(call);
    return;
  }
  staging.add({
    ready: validation.then((late) => requireFit(task, late)),
    timeoutMs: call.publishTimeoutMs,
    signal: call.signal,
    lastError: () => new Error('its arguments are still being validated'),
    onReady: (publishTimeoutMs) => transport.send({ ...call, publishTimeoutMs }),
    onFailed: (error) => call.listener.failed(error),
  });
}

/** @throws {PublishError} `invalid-args` */
function requireFit(task: string, validation: ArgsValidation): void {
  if (validation.kind === 'fits') return;
  const { code, message, options } = argsRefusal(task, validation);
  throw new PublishError(code, message, options);
}
