import {
  assertNever,
  isFinal,
  type OutgoingCall,
  PublishError,
  type QueueStatus,
  type Transport,
  toError,
} from '@tq/core/internal';
import type { CallAnswer, CallRequest } from './job-messages.js';
import { decodePortError } from './port-error.js';

/** Calls that a child may have unconfirmed before it asks whether there is room for more. */
const WINDOW = 128;

interface OpenCall {
  readonly call: OutgoingCall;
  confirmed: boolean;
  /** Nobody waits for the result any more; the confirm is still to come. */
  over: boolean;
  readonly stopAborting: (() => void) | undefined;
}

/** Child's side of the calls that its tasks make: everything goes to the parent, which holds the connection. */
export class PortTransport implements Transport {
  readonly #post: (request: CallRequest) => void;
  readonly #calls = new Map<number, OpenCall>();
  readonly #seqs = new Map<string, number>();
  readonly #questions = new Map<number, (status: QueueStatus | undefined) => void>();
  #lastSeq = 0;
  #unconfirmed = 0;

  constructor(post: (request: CallRequest) => void) {
    this.#post = post;
  }

  send(call: OutgoingCall): void {
    const { envelope, queue, target, eta, publishTimeoutMs, signal } = call;
    if (signal?.aborted) {
      this.#refuse(call, new PublishError('publish-aborted', 'The signal was aborted before the call was sent.'));
      return;
    }
    const seq = ++this.#lastSeq;
    try {
      const request = {
        type: 'call',
        seq,
        envelope,
        queue,
        publishTimeoutMs,
        abortable: signal !== undefined,
      } as const;
      this.#post(eta === undefined && target === undefined ? request : { ...request, target, eta });
    } catch (thrown) {
      const cause = toError(thrown);
      const text = `Expected headers that are plain data, found what cannot cross to the worker: ${cause.message}`;
      this.#refuse(call, new PublishError('unserialisable', text, { cause }));
      return;
    }
    this.#unconfirmed++;
    this.#calls.set(seq, { call, confirmed: false, over: false, stopAborting: this.#abortWith(signal, seq) });
    this.#seqs.set(envelope.id, seq);
  }

  #refuse(call: OutgoingCall, error: PublishError): void {
    queueMicrotask(() => call.listener.failed(error));
  }

  #abortWith(signal: AbortSignal | undefined, seq: number): (() => void) | undefined {
    if (signal === undefined) return undefined;
    const abort = () => this.#post({ type: 'abort-call', seq });
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  }

  forget(taskId: string): void {
    const seq = this.#seqs.get(taskId);
    if (seq === undefined) return;
    this.#endResult(seq);
    this.#post({ type: 'forget', seq });
  }

  /** A child lives as long as its pool wants, so there is nothing to keep alive. */
  hold(): () => void {
    return () => undefined;
  }

  /** The parent's outbox is asked only when many calls of this child are unconfirmed: a question is a round trip. */
  room(): Promise<void> | undefined {
    if (this.#unconfirmed < WINDOW) return undefined;
    const seq = ++this.#lastSeq;
    return new Promise((resolve) => {
      this.#questions.set(seq, () => resolve());
      this.#post({ type: 'ask-room', seq });
    });
  }

  queueStatus(queue: string): Promise<QueueStatus | undefined> {
    const seq = ++this.#lastSeq;
    return new Promise((resolve) => {
      this.#questions.set(seq, resolve);
      this.#post({ type: 'ask-queue-status', seq, queue });
    });
  }

  /** Takes what the parent says of a call or a question; of one that was forgotten meanwhile nobody wants to know. */
  receive(answer: CallAnswer): void {
    switch (answer.type) {
      case 'confirmed':
        this.#confirmed(answer.seq);
        return;
      case 'failed':
        this.#failed(answer.seq, decodePortError(answer.error));
        return;
      case 'replied': {
        const call = isFinal(answer.reply) ? this.#close(answer.seq) : this.#calls.get(answer.seq)?.call;
        call?.listener.replied(answer.reply);
        return;
      }
      case 'room':
        this.#settle(answer.seq, undefined);
        return;
      case 'queue-status':
        this.#settle(answer.seq, answer.status);
        return;
      default:
        assertNever(answer);
    }
  }

  #confirmed(seq: number): void {
    const open = this.#calls.get(seq);
    if (open === undefined) return;
    if (!open.confirmed) this.#unconfirmed--;
    open.confirmed = true;
    if (open.call.envelope.ignoreResult || open.over) this.#close(seq);
    open.call.listener.confirmed();
  }

  #failed(seq: number, error: Error): void {
    const call = this.#calls.get(seq)?.call;
    if (error instanceof PublishError) this.#close(seq);
    else this.#endResult(seq);
    call?.listener.failed(error);
  }

  #endResult(seq: number): void {
    const open = this.#calls.get(seq);
    if (open === undefined) return;
    open.over = true;
    if (open.confirmed) this.#close(seq);
  }

  #settle(seq: number, status: QueueStatus | undefined): void {
    const resolve = this.#questions.get(seq);
    this.#questions.delete(seq);
    resolve?.(status);
  }

  #close(seq: number): OutgoingCall | undefined {
    const open = this.#calls.get(seq);
    if (open === undefined) return undefined;
    this.#calls.delete(seq);
    if (!open.confirmed) this.#unconfirmed--;
    const taskId = open.call.envelope.id;
    if (this.#seqs.get(taskId) === seq) this.#seqs.delete(taskId);
    open.stopAborting?.();
    return open.call;
  }
}
