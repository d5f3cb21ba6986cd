import { assertNever, type CallListener, type Follower, isFinal, type Transport } from '@tq/core/internal';
import type { CallAnswer, CallRequest, PortFollower } from './job-messages.js';
import { asBuffer } from './port-bytes.js';
import { encodePortError } from './port-error.js';
import { QuestionRelay } from './question-relay.js';

interface OpenCall {
  /** Undefined for a message that is no call. */
  readonly taskId: string | undefined;
  /** It is over with its confirm. */
  readonly noResult: boolean;
  readonly controller: AbortController | undefined;
}

/** Parent's side of the calls that tasks make: sends them through the worker's connection and answers the child. */
export class CallRelay {
  readonly #transport: Transport;
  readonly #answer: (answer: CallAnswer) => void;
  readonly #calls = new Map<number, OpenCall>();
  readonly #questions: QuestionRelay;
  #closed = false;

  constructor(transport: Transport, answer: (answer: CallAnswer) => void) {
    this.#transport = transport;
    this.#answer = answer;
    this.#questions = new QuestionRelay(transport, (answered) => this.#post(answered));
  }

  receive(request: CallRequest): void {
    switch (request.type) {
      case 'call':
        this.#send(request);
        return;
      case 'publish':
        this.#publish(request);
        return;
      case 'abort-call':
        this.#calls.get(request.seq)?.controller?.abort();
        return;
      case 'forget':
        this.#forget(request.seq);
        return;
      case 'ask-room': {
        // Where room never comes (the transport was closed), the send that follows says why.
        const answer = () => this.#post({ type: 'room', seq: request.seq });
        Promise.resolve(this.#transport.room()).then(answer, answer);
        return;
      }
      case 'ask-queue-status': {
        const { seq } = request;
        this.#transport.queueStatus(request.queue).then(
          (status) => this.#post({ type: 'queue-status', seq, status }),
          () => this.#post({ type: 'queue-status', seq, status: undefined }),
        );
        return;
      }
      case 'ask':
      case 'abort-question':
      case 'forget-question':
        this.#questions.receive(request);
        return;
      default:
        assertNever(request);
    }
  }

  /** The child is gone: nobody waits for these replies any more. Messages on their way out are sent all the same. */
  close(): void {
    this.#closed = true;
    for (const seq of this.#calls.keys()) this.#forget(seq);
    this.#questions.close();
  }

  #send({
    seq,
    envelope,
    queue,
    target,
    eta,
    publishTimeoutMs,
    abortable,
    chords,
    followers,
  }: Extract<CallRequest, { type: 'call' }>): void {
    const controller = abortable ? new AbortController() : undefined;
    this.#calls.set(seq, { taskId: envelope.id, noResult: envelope.ignoreResult, controller });
    this.#transport.send({
      envelope,
      queue,
      target,
      eta,
      publishTimeoutMs,
      signal: controller?.signal,
      listener: this.#listener(seq),
      chords,
      followers: followers?.map((follower) => this.#follow(follower)),
    });
  }

  #follow({ seq, taskId }: PortFollower): Follower {
    this.#calls.set(seq, { taskId, noResult: false, controller: undefined });
    return { taskId, listener: this.#listener(seq) };
  }

  #publish(request: Extract<CallRequest, { type: 'publish' }>): void {
    const { seq, target, properties, body, mandatory, publishTimeoutMs, abortable } = request;
    const controller = abortable ? new AbortController() : undefined;
    this.#calls.set(seq, { taskId: undefined, noResult: true, controller });
    this.#transport.publish({
      target,
      message: { properties, body: asBuffer(body) },
      mandatory,
      publishTimeoutMs,
      signal: controller?.signal,
      listener: this.#listener(seq),
    });
  }

  #listener(seq: number): CallListener {
    return {
      confirmed: () => {
        if (this.#calls.get(seq)?.noResult) this.#calls.delete(seq);
        this.#post({ type: 'confirmed', seq });
      },
      failed: (error) => {
        this.#calls.delete(seq);
        this.#post({ type: 'failed', seq, error: encodePortError(error) });
      },
      replied: (reply) => {
        if (isFinal(reply)) this.#calls.delete(seq);
        this.#post({ type: 'replied', seq, reply });
      },
    };
  }

  #forget(seq: number): void {
    const call = this.#calls.get(seq);
    if (call === undefined) return;
    this.#calls.delete(seq);
    if (call.taskId !== undefined) this.#transport.forget(call.taskId);
  }

  #post(answer: CallAnswer): void {
    if (!this.#closed) this.#answer(answer);
  }
}
