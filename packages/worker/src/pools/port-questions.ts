import { type InboundMessage, type OutgoingQuestion, PublishError, toError } from '@tq/core/internal';
import type { CallRequest, PortMessage, QuestionAnswer } from './job-messages.js';
import { asBuffer, exactBytes } from './port-bytes.js';
import { decodePortError } from './port-error.js';

interface OpenQuestion {
  readonly question: OutgoingQuestion;
  readonly stopAborting: (() => void) | undefined;
}

/** Child's side of the questions to foreign programs that its tasks ask: the parent has the connection. */
export class PortQuestions {
  readonly #post: (request: CallRequest) => void;
  readonly #open = new Map<string, OpenQuestion>();

  constructor(post: (request: CallRequest) => void) {
    this.#post = post;
  }

  ask(question: OutgoingQuestion): void {
    const { target, message, publishTimeoutMs, signal, listener } = question;
    const id = message.properties.correlationId;
    const abort = () => this.#post({ type: 'abort-question', id });
    const refuse = (error: PublishError) => queueMicrotask(() => listener.failed(error));
    if (signal?.aborted) {
      refuse(new PublishError('publish-aborted', 'The signal was aborted before the call was sent.'));
      return;
    }
    const { properties } = message;
    const body = exactBytes(message.body);
    try {
      this.#post({ type: 'ask', target, properties, body, publishTimeoutMs, abortable: signal !== undefined });
    } catch (thrown) {
      const cause = toError(thrown);
      const text = `Expected headers that are plain data, found what cannot cross to the worker: ${cause.message}`;
      refuse(new PublishError('unserialisable', text, { cause }));
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    this.#open.set(id, { question, stopAborting: signal && (() => signal.removeEventListener('abort', abort)) });
  }

  /** @returns false when there is no such question */
  forget(id: string): boolean {
    if (this.#close(id) === undefined) return false;
    this.#post({ type: 'forget-question', id });
    return true;
  }

  /** Takes what the parent says of a question; of one that was forgotten meanwhile nobody wants to know. */
  receive({ id, answer }: QuestionAnswer): void {
    if (answer === 'confirmed') this.#open.get(id)?.question.listener.confirmed();
    else if ('error' in answer) this.#close(id)?.listener.failed(decodePortError(answer.error));
    else this.#close(id)?.listener.answered(received(answer.message));
  }

  #close(id: string): OutgoingQuestion | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.stopAborting?.();
    return open?.question;
  }
}

function received(message: PortMessage): InboundMessage {
  return { ...message, body: asBuffer(message.body) };
}
