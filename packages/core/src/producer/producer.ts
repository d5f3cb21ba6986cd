import * as failures from '../broker/publish-failure.js';
import { asPublishError, type PublishError } from '../errors.js';
import type { Envelope } from '../protocol/envelope.js';
import type { Headers } from '../protocol/message.js';
import { broadcastExchange } from '../protocol/names.js';
import type { Preset } from '../protocol/preset.js';
import { encodeBody } from '../protocol/task-body.js';
import type { AsyncResult, CallFacts, ResultServices } from '../results/async-result.js';
import { PendingResult } from '../results/pending-result.js';
import type { CallListener, CallTarget, OutgoingCall, Transport } from '../results/transport.js';
import type { Logger } from '../runtime.js';
import type { Call, CallOptions } from '../task/call.js';
import { callTimes } from '../task/call-times.js';
import { checkArgs, checkHeaders, checkQueue, fullExchange } from '../task/check-message.js';
import { findCurrentTask } from '../task/context.js';
import type { PublishCall, PublishOnion } from '../task/middleware.js';
import { failureAddress } from '../task/on-failure.js';
import { checkCall, limitsOf } from '../task/options.js';
import { aroundPublish } from './around-publish.js';
import type { Router } from './router.js';
import { sendIfFit } from './send-if-fit.js';
import type { Staging } from './staging.js';

export interface ProducerOptions {
  readonly prefix: string;
  readonly defaultQueue: string;
  /** Finds the way of calls that say nothing of it; undefined where the app has no routes. */
  readonly router?: Router | undefined;
  readonly preset: Preset;
  readonly publishTimeoutMs: number;
  readonly transport: Transport;
  readonly results: ResultServices;
  readonly newId: () => string;
  /** ms since the epoch. */
  readonly now: () => number;
  /** How far ahead of its call a task may start, ms. */
  readonly maxDelayMs: number;
  /** What the app has put around its calls. */
  readonly middleware: { readonly publish: PublishOnion | undefined };
  /** Where calls wait for asynchronous middleware and validators. */
  readonly staging: Staging;
  readonly logger: Logger;
}

/** What a call is and where it stands in the tree of tasks; middleware may move it to another queue. */
interface Facts extends CallFacts, Pick<Envelope, 'rootId' | 'parentId'> {
  queue: string;
  exchange?: string;
  eta?: number | undefined;
  expires?: number | undefined;
}

/** While it is made. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const BROADCAST = broadcastExchange('');
const NO_HEADERS: Headers = Object.freeze({});

/** Makes messages of calls: gives each an id, its place in the tree of tasks, a queue and a body. */
export class Producer {
  readonly #options: ProducerOptions;
  #closed = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** Sends one call. What is wrong with it rejects `published` and `get()`; nothing is thrown. */
  send<T>(wanted: Call): AsyncResult<T> {
    const { router } = this.#options;
    if (router === undefined) return this.#send(wanted, undefined);
    const { task, args, options } = wanted;
    try {
      return this.#send({ ...wanted, options: router.route(task, args, options) }, undefined);
    } catch (thrown) {
      return this.#send(wanted, asPublishError(thrown));
    }
  }

  /** @param lost why it has no way */
  #send<T>(wanted: Call, lost: PublishError | undefined): AsyncResult<T> {
    const { prefix, defaultQueue, results, newId, middleware } = this.#options;
    const { task, options } = wanted;
    const id = options.taskId ?? newId();
    const queue = prefix + String(options.queue ?? defaultQueue);
    const parent = findCurrentTask();
    const facts: Facts = {
      id,
      task,
      queue,
      ignoreResult: options.ignoreResult ?? false,
      rootId: parent?.rootId ?? id,
      parentId: parent?.id,
    };
    if (options.exchange !== undefined) facts.exchange = options.exchange;
    const wrong = lost ?? this.#setTimes(facts, options);
    const result = new PendingResult<T>(facts, results);
    if (this.#closed) return refuse(result, failures.toPublishError(failures.closedBefore, false));
    if (wrong !== undefined) return refuse(result, wrong);
    const onion = middleware.publish;
    if (onion === undefined) this.#dispatch(facts, wanted, result, this.#timeoutOf(options));
    else this.#around(onion, facts, wanted, result);
    return result;
  }

  /** Once and before the middleware, so that they count from the call. A call without any gets no field for them. */
  #setTimes(facts: Facts, options: CallOptions): PublishError | undefined {
    const { now, maxDelayMs } = this.#options;
    try {
      const times = callTimes(options, now, maxDelayMs);
      if (times === undefined) return undefined;
      facts.eta = times.eta;
      facts.expires = times.expires;
      return undefined;
    } catch (thrown) {
      return asPublishError(thrown);
    }
  }

  /** Leads a call through the middleware, which may change it. */
  #around(onion: PublishOnion, facts: Facts, wanted: Call, listener: CallListener): void {
    const { prefix, defaultQueue, staging, logger } = this.#options;
    const { args, schema, options, own } = wanted;
    const { id, task, rootId, parentId, ignoreResult } = facts;
    const { queue = defaultQueue, exchange, routingKey, priority, headers = NO_HEADERS, signal } = options;
    const [eta, expires] = [dateOf(facts.eta), dateOf(facts.expires)];
    const call: PublishCall = {
      id,
      task,
      rootId,
      parentId,
      ignoreResult,
      eta,
      expires,
      args,
      queue,
      exchange,
      routingKey,
      priority,
      headers,
    };
    const send = (listener: CallListener, timeoutMs: number) => {
      const { args, priority, headers } = call;
      // Middleware may have put anything there; what is none is not the default.
      const queue = (call.queue as unknown) === undefined ? '' : call.queue;
      facts.queue = prefix + String(queue);
      const changed = { ...options, queue, priority, headers };
      this.#dispatch(facts, { task, args, schema, options: changed, own }, listener, timeoutMs);
    };
    aroundPublish(onion, { call, listener, timeoutMs: this.#timeoutOf(options), signal, staging, logger, send });
  }

  /** Makes the message and sends it; never throws. */
  #dispatch(facts: Facts, wanted: Call, listener: CallListener, publishTimeoutMs: number): void {
    const { prefix, defaultQueue, router, transport, staging, preset } = this.#options;
    const { id, task, queue, rootId, parentId, ignoreResult } = facts;
    const { args, schema, options, own } = wanted;
    try {
      checkCall(options, own);
      checkQueue(options.queue ?? defaultQueue, queue);
      checkArgs(args);
      const envelope: Writable<Envelope> = {
        id,
        task,
        rootId,
        parentId,
        priority: options.priority,
        ignoreResult,
        limits: limitsOf(options),
        onFailure: options.onFailure && failureAddress(options.onFailure, { prefix, queue: defaultQueue, router }),
        retry: options.retry,
        headers: checkHeaders(options.headers),
        bodyText: encodeBody(args, preset),
      };
      const call: Writable<OutgoingCall> = { envelope, queue, publishTimeoutMs, signal: options.signal, listener };
      // What few calls have is no field of the others, here and on their way from a child; a copy would cost 5 µs.
      if (options.exchange !== undefined) call.target = this.#targetOf(options);
      if (facts.eta !== undefined || facts.expires !== undefined) {
        call.eta = facts.eta;
        envelope.eta = facts.eta;
        envelope.expires = facts.expires;
      }
      if (schema === undefined) transport.send(call);
      else sendIfFit(call, schema, args, { transport, staging });
    } catch (thrown) {
      refuse(listener, asPublishError(thrown));
    }
  }

  /** Takes no more calls: those that wait for middleware or a validator go on. */
  close(): void {
    this.#closed = true;
  }

  #targetOf({ exchange = '', routingKey = '' }: CallOptions): CallTarget {
    const name = fullExchange(this.#options.prefix, exchange);
    return exchange === BROADCAST ? { exchange: name, routingKey, mandatory: false } : { exchange: name, routingKey };
  }

  #timeoutOf({ deadline }: CallOptions): number {
    return deadline ?? this.#options.publishTimeoutMs;
  }

  /** Resolves when one more call fits into the outbox; undefined when it fits now. */
  room(): Promise<void> | undefined {
    return this.#options.transport.room() ?? this.#options.staging.room();
  }

  /**
   * Resolves when no call waits for middleware or a validator any more, which the deadlines bound; undefined when none
   * waits now.
   */
  waiting(): Promise<void> | undefined {
    return this.#options.staging.size === 0 ? undefined : this.#drain();
  }

  /** Again and again, since a call that leaves the middleware may wait for its validator next. */
  async #drain(): Promise<void> {
    const { staging } = this.#options;
    while (staging.size > 0) await staging.drain();
  }
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

/** Never before the call has returned. */
function refuse<L extends CallListener>(listener: L, error: PublishError): L {
  queueMicrotask(() => listener.failed(error));
  return listener;
}
