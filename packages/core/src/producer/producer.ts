import { PublishError, toError } from '../errors.js';
import { encodeBody, type Preset } from '../protocol/envelope.js';
import type { Headers } from '../protocol/message.js';
import { deadLetterQueue, isReservedHeader, MAX_NAME_BYTES } from '../protocol/names.js';
import { type AsyncResult, PendingResult, type ResultServices } from '../results/async-result.js';
import type { Transport } from '../results/transport.js';
import { findCurrentTask } from '../task/context.js';
import { checkCall, limitsOf } from '../task/options.js';
import type { Signature } from '../task/signature.js';

export interface ProducerOptions {
  readonly prefix: string;
  readonly defaultQueue: string;
  readonly preset: Preset;
  readonly publishTimeoutMs: number;
  readonly transport: Transport;
  readonly results: ResultServices;
  readonly newId: () => string;
}

/** The name of a queue's dead-letter queue is longer, and must fit too. */
const MAX_QUEUE_BYTES = MAX_NAME_BYTES - Buffer.byteLength(deadLetterQueue(''));

/** Turns signatures into calls: gives each an id, its place in the tree of tasks, a queue and a body. */
export class Producer {
  readonly #options: ProducerOptions;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  /** Sends one call. What is wrong with it rejects `published` and `get()`; nothing is thrown. */
  send<T>(signature: Signature): AsyncResult<T> {
    const { prefix, defaultQueue, transport, results, newId, publishTimeoutMs, preset } = this.#options;
    const { task, options } = signature;
    const id = options.taskId ?? newId();
    const ownQueue = options.queue ?? defaultQueue;
    const queue = prefix + ownQueue;
    const ignoreResult = options.ignoreResult ?? false;
    const result = new PendingResult<T>({ id, task, queue, ignoreResult }, results);
    const parent = findCurrentTask();
    try {
      checkCall(options);
      checkQueue(ownQueue, queue);
      const envelope = {
        id,
        task,
        rootId: parent?.rootId ?? id,
        parentId: parent?.id,
        priority: options.priority,
        ignoreResult,
        limits: limitsOf(options),
        headers: checkHeaders(options.headers),
        bodyText: encodeBody(signature.args, preset),
      };
      const publishTimeout = options.deadline ?? publishTimeoutMs;
      transport.send({ envelope, queue, publishTimeoutMs: publishTimeout, signal: options.signal, listener: result });
    } catch (thrown) {
      queueMicrotask(() => result.failed(asPublishError(thrown)));
    }
    return result;
  }

  /** Resolves when one more call fits into the outbox; undefined when it fits now. */
  room(): Promise<void> | undefined {
    return this.#options.transport.room();
  }
}

/** @param queue its name on the broker, prefix included */
function checkQueue(own: string, queue: string): void {
  const bytes = Buffer.byteLength(queue);
  if (own !== '' && bytes <= MAX_QUEUE_BYTES) return;
  const found = own === '' ? 'an empty one' : `${bytes} bytes with its prefix`;
  throw new PublishError('invalid-option', `queue: expected a name of 1 to ${MAX_QUEUE_BYTES} bytes, found ${found}.`);
}

function checkHeaders(headers: Headers | undefined): Headers | undefined {
  for (const name in headers) {
    if (!isReservedHeader(name)) continue;
    throw new PublishError('invalid-option', `headers: '${name}' belongs to the protocol; choose another name.`);
  }
  return headers;
}

function asPublishError(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof PublishError) return error;
  const code = (error as { code?: unknown }).code === 'unserialisable' ? 'unserialisable' : 'invalid-option';
  return new PublishError(code, error.message, { cause: error });
}
