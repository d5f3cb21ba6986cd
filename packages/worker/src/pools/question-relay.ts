import { assertNever, type QuestionListener, type Transport } from '@tq/core/internal';
import type { QuestionAnswer, QuestionRequest } from './job-messages.js';
import { asBuffer, exactBytes } from './port-bytes.js';
import { encodePortError } from './port-error.js';

/** Parent's side of the questions that tasks ask: sends them through the worker's connection and answers the child. */
export class QuestionRelay {
  readonly #transport: Transport;
  readonly #answer: (answer: QuestionAnswer) => void;
  /** Open questions, each with what aborts it. */
  readonly #open = new Map<string, AbortController | undefined>();

  constructor(transport: Transport, answer: (answer: QuestionAnswer) => void) {
    this.#transport = transport;
    this.#answer = answer;
  }

  receive(request: QuestionRequest): void {
    switch (request.type) {
      case 'ask':
        this.#ask(request);
        return;
      case 'abort-question':
        this.#open.get(request.id)?.abort();
        return;
      case 'forget-question':
        this.#forget(request.id);
        return;
      default:
        assertNever(request);
    }
  }

  /** The child is gone: nobody waits for these answers any more. */
  close(): void {
    for (const id of this.#open.keys()) this.#forget(id);
  }

  #ask({ target, properties, body, publishTimeoutMs, abortable }: Extract<QuestionRequest, { type: 'ask' }>): void {
    const controller = abortable ? new AbortController() : undefined;
    const id = properties.correlationId;
    this.#open.set(id, controller);
    this.#transport.ask({
      target,
      message: { properties, body: asBuffer(body) },
      publishTimeoutMs,
      signal: controller?.signal,
      listener: this.#listener(id),
    });
  }

  #listener(id: string): QuestionListener {
    return {
      confirmed: () => this.#answer({ type: 'question', id, answer: 'confirmed' }),
      failed: (error) => {
        this.#open.delete(id);
        this.#answer({ type: 'question', id, answer: { error: encodePortError(error) } });
      },
      answered: (message) => {
        this.#open.delete(id);
        this.#answer({ type: 'question', id, answer: { message: { ...message, body: exactBytes(message.body) } } });
      },
    };
  }

  #forget(id: string): void {
    if (this.#open.delete(id)) this.#transport.forget(id);
  }
}
