import { asPublishError } from '../errors.js';
import { bodyTextOf, type ExpandedCall } from '../protocol/canvas/expand.js';
import { itemsOf, type JsonText } from '../protocol/canvas/json-text.js';
import type { Envelope } from '../protocol/envelope.js';
import type { Headers } from '../protocol/message.js';
import { broadcastExchange, isBrokerExchange } from '../protocol/names.js';
import type { Preset } from '../protocol/preset.js';
import { encodeBody } from '../protocol/task-body.js';
import type { CallFacts } from '../results/async-result.js';
import type { CallListener, CallTarget, OutgoingCall, Transport } from '../results/transport.js';
import type { Logger } from '../runtime.js';
import type { ArgsSchema } from '../schema/standard-schema.js';
import { checkArgs, checkHeaders, checkQueue } from '../task/check-message.js';
import type { PublishCall, PublishOnion } from '../task/middleware.js';
import { aroundPublish } from './around-publish.js';
import { sendIfFit } from './send-if-fit.js';
import type { Staging } from './staging.js';

export interface StepSenderOptions {
  readonly prefix: string;
  readonly preset: Preset;
  readonly transport: Transport;
  /** What the app has put around its calls. */
  readonly middleware: { readonly publish: PublishOnion | undefined };
  /** Where calls wait for asynchronous middleware and validators. */
  readonly staging: Staging;
  readonly logger: Logger;
}

/** A call that starts a canvas. */
export interface StartCall
  extends Pick<OutgoingCall, 'chords' | 'followers' | 'publishTimeoutMs' | 'signal' | 'listener'>,
    Pick<Envelope, 'rootId' | 'parentId'> {
  readonly facts: CallFacts;
  readonly expanded: ExpandedCall;
  /** What comes after it. */
  readonly embed: JsonText | undefined;
  /** Its arguments as they were given, for middleware and validators. */
  readonly args: readonly unknown[];
  readonly schema: ArgsSchema | undefined;
}

const NO_HEADERS: Headers = Object.freeze({});

/** Sends the calls that start canvases, the way of all calls: through the middleware and the validators. */
export class StepSender {
  readonly #options: StepSenderOptions;

  constructor(options: StepSenderOptions) {
    this.#options = options;
  }

  /** Never throws: whatever happens reaches the listener, and never before this returns. */
  send(start: StartCall): void {
    const onion = this.#options.middleware.publish;
    if (onion === undefined) this.#dispatch(start, start.listener, start.publishTimeoutMs, undefined);
    else this.#around(onion, start);
  }

  #around(onion: PublishOnion, start: StartCall): void {
    const { staging, logger } = this.#options;
    const { listener, publishTimeoutMs: timeoutMs, signal } = start;
    const call = this.#publishCall(start);
    const send = (told: CallListener, leftMs: number) => this.#dispatch(start, told, leftMs, call);
    aroundPublish(onion, { call, listener, timeoutMs, signal, staging, logger, send });
  }

  #publishCall({ facts, expanded, rootId, parentId, args }: StartCall): PublishCall {
    const { id, task, ignoreResult, eta, expires } = facts;
    const { queue = '', exchange, routingKey, priority, headers = NO_HEADERS } = expanded.step.options;
    return {
      ...{ id, task, rootId, parentId, ignoreResult, args, priority, headers, routingKey },
      eta: eta === undefined ? undefined : new Date(eta),
      expires: expires === undefined ? undefined : new Date(expires),
      queue: this.#own(queue),
      exchange: exchange === undefined || isBrokerExchange(exchange) ? exchange : this.#own(exchange),
    };
  }

  /** @param changed what middleware made of it */
  #dispatch(
    start: StartCall,
    listener: CallListener,
    publishTimeoutMs: number,
    changed: PublishCall | undefined,
  ): void {
    const { transport, staging } = this.#options;
    try {
      const call = this.#callOf(start, listener, publishTimeoutMs, changed);
      if (start.schema === undefined) transport.send(call);
      else sendIfFit(call, start.schema, changed?.args ?? start.args, { transport, staging });
    } catch (thrown) {
      const error = asPublishError(thrown);
      queueMicrotask(() => listener.failed(error));
    }
  }

  #callOf(
    start: StartCall,
    listener: CallListener,
    publishTimeoutMs: number,
    changed: PublishCall | undefined,
  ): OutgoingCall {
    const { prefix } = this.#options;
    const { facts, expanded, embed, rootId, parentId, chords, followers, signal } = start;
    const { step } = expanded;
    const { id, task, ignoreResult, eta, expires } = facts;
    const { limits, retry, onFailure, exchange, routingKey = '' } = step.options;
    const { priority, headers } = changed ?? step.options;
    const queue = changed === undefined ? facts.queue : prefix + String(changed.queue ?? '');
    if (changed !== undefined && exchange === undefined) checkQueue(changed.queue, queue);
    // Written out, here and below: copies of literals cost ten times as much, and a group may have thousands.
    const envelope: Envelope = {
      id,
      task,
      rootId,
      parentId,
      priority,
      ignoreResult,
      limits,
      retry,
      onFailure,
      eta,
      expires,
      headers: checkHeaders(headers),
      bodyText: this.#bodyOf(start, changed?.args ?? start.args),
      embed,
      group: step.group,
    };
    const target = exchange === undefined ? undefined : targetOf(prefix, exchange, routingKey);
    return { envelope, queue, target, eta, publishTimeoutMs, signal, listener, chords, followers };
  }

  #bodyOf({ expanded, args: given }: StartCall, args: readonly unknown[]): JsonText {
    const { preset } = this.#options;
    if (args === given) return bodyTextOf(expanded, preset);
    checkArgs(args);
    const [argsText = '[]'] = itemsOf(encodeBody(args, preset), 'body');
    return bodyTextOf({ ...expanded, step: { ...expanded.step, args: argsText }, value: undefined }, preset);
  }

  /** A name without the app's prefix. */
  #own(name: string): string {
    const { prefix } = this.#options;
    return name.startsWith(prefix) ? name.slice(prefix.length) : name;
  }
}

function targetOf(prefix: string, exchange: string, routingKey: string): CallTarget {
  if (exchange === broadcastExchange(prefix)) return { exchange, routingKey, mandatory: false };
  return { exchange, routingKey };
}
