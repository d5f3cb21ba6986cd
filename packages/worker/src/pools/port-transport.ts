import {
  assertNever,
  failCall,
  isFinal,
  type OutgoingCall,
  type OutgoingMessage,
  type OutgoingQuestion,
  PublishError,
  type PublishListener,
  type QueueStatus,
  type Transport,
  toError,
} from '@tq/core/internal';
import type { CallAnswer, CallRequest } from './job-messages.js';
import { exactBytes } from './port-bytes.js';
import { decodePortError } from './port-error.js';
import { PortFollowers } from './port-followers.js';
import { PortQuestions } from './port-questions.js';

/** Calls that a child may have unconfirmed before it asks whether there is room for more. */
const WINDOW = 128;

interface OpenCall {
  readonly call: OutgoingCall;
  confirmed: boolean;
  /** Nobody waits for the result any more; the confirm is still to come. */
  over: boolean;
  readonly stopAborting: (() => void) | undefined;
}

/** A message without a result: over with its confirm. */
interface OpenMessage {
  readonly listener: PublishListener;
  readonly stopAborting: (() => void) | undefined;
}

/** Child's side of the calls that its tasks make: everything goes to the parent, which holds the connection. */
export class PortTransport implements Transport {
  readonly #post: (request: CallRequest) => void;
  readonly #calls = new Map<number, OpenCall>();
  readonly #messages = new Map<number, OpenMessage>();
  readonly #seqs = new Map<string, number>();
  readonly #questions = new Map<number, (status: QueueStatus | undefined) => void>();
  readonly #asked: PortQuestions;
  readonly #followers = new PortFollowers(() => ++this.#lastSeq);
  #lastSeq = 0;
  #unconfirmed = 0;

  constructor(post: (request: CallRequest) => void) {
    this.#post = post;
    this.#asked = new PortQuestions(post);
  }

  send(call: OutgoingCall): void {
    const { envelope, queue, target, eta, publishTimeoutMs, signal, chords } = call;
    const seq = ++this.#lastSeq;
    const abortable = signal !== undefined;
    const request = { type: 'call', seq, envelope, queue, publishTimeoutMs, abortable } as const;
    const timed = eta === undefined && target === undefined ? request : { ...request, target, eta };
    const followers = call.followers && this.#followers.add(call.followers);
    const whole = chords === undefined && followers === undefined ? timed : { ...timed, chords, followers };
    if (!this.#sent(whole, call.signal, (error) => this.#refused(call, error))) return;
    this.#calls.set(seq, { call, confirmed: false, over: false, stopAborting: this.#abortWith(signal, seq) });
    this.#seqs.set(envelope.id, seq);
  }

  ask(question: OutgoingQuestion): void {
    this.#asked.ask(question);
  }

  publish(outgoing: OutgoingMessage): void {
    const { target, message, mandatory, publishTimeoutMs, signal, listener } = outgoing;
    const { properties } = message;
    const seq = ++this.#lastSeq;
    const abortable = signal !== undefined;
    const body = exactBytes(message.body);
    const request = { type: 'publish', seq, target, properties, body, mandatory, publishTimeoutMs, abortable } as const;
    if (!this.#sent(request, signal, (error) => listener.failed(error))) return;
    this.#messages.set(seq, { listener, stopAborting: this.#abortWith(signal, seq) });
  }

  /** False when it cannot go, which `failed` is told after this has returned. */
  #sent(request: CallRequest, signal: AbortSignal | undefined, failed: (error: PublishError) => void): boolean {
    const refuse = (error: PublishError): false => {
      queueMicrotask(() => failed(error));
      return false;
    };
    if (signal?.aborted) {
      return refuse(new PublishError('publish-aborted', 'The signal was aborted before the call was sent.'));
    }
    try {
      this.#post(request);
    } catch (thrown) {
      const cause = toError(thrown);
      const text = `Expected headers that are plain data, found what cannot cross to the worker: ${cause.message}`;
      return refuse(new PublishError('unserialisable', text, { cause }));
    }
    this.#unconfirmed++;
    return true;
  }

  #refused(call: OutgoingCall, error: PublishError): void {
    if (call.followers !== undefined) this.#followers.drop(call.followers);
    failCall(call, error);
  }

  #abortWith(signal: AbortSignal | undefined, seq: number): (() => void) | undefined {
    if (signal === undefined) return undefined;
    const abort = () => this.#post({ type: 'abort-call', seq });
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  }

  forget(id: string): void {
    if (this.#asked.forget(id)) return;
    const seq = this.#seqs.get(id);
    const known = seq ?? this.#followers.forget(id);
    if (known === undefined) return;
    if (seq !== undefined) this.#endResult(seq);
    this.#post({ type: 'forget', seq: known });
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
        if (this.#followers.replied(answer.seq, answer.reply)) return;
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
      case 'question':
        this.#asked.receive(answer);
        return;
      default:
        assertNever(answer);
    }
  }

  #confirmed(seq: number): void {
    const message = this.#closeMessage(seq);
    if (message !== undefined) {
      message.listener.confirmed();
      return;
    }
    const open = this.#calls.get(seq);
    if (open === undefined) return;
    if (!open.confirmed) this.#unconfirmed--;
    open.confirmed = true;
    if (open.call.envelope.ignoreResult || open.over) this.#close(seq);
    open.call.listener.confirmed();
  }

  #failed(seq: number, error: Error): void {
    if (this.#followers.failed(seq, error)) return;
    const message = this.#closeMessage(seq);
    if (message !== undefined) {
      message.listener.failed(error);
      return;
    }
    const call = this.#calls.get(seq)?.call;
    if (error instanceof PublishError) this.#close(seq);
    else this.#endResult(seq);
    call?.listener.failed(error);
  }

  #closeMessage(seq: number): OpenMessage | undefined {
    const open = this.#messages.get(seq);
    if (open === undefined) return undefined;
    this.#messages.delete(seq);
    this.#unconfirmed--;
    open.stopAborting?.();
    return open;
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
