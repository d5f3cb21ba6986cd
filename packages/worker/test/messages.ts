/** Deliveries and runs without a broker. */
import type { Delivery, Headers, InboundMessage, TaskMessage } from '@tq/core/internal';
import { Run } from '../src/run.js';

/** A task's message as it was decoded, with these parts in place of its own. */
export function taskMessage(more: Partial<TaskMessage> = {}): TaskMessage {
  return {
    id: 'i1',
    task: 'fib',
    rootId: 'i1',
    parentId: undefined,
    replyTo: 'replies',
    retries: 0,
    ignoreResult: false,
    limits: { timeLimit: undefined, softTimeLimit: undefined },
    eta: undefined,
    expires: undefined,
    lost: 0,
    earlierDeliveries: 0,
    retry: undefined,
    errors: [],
    unknownRounds: 0,
    replacedNesting: 0,
    onFailure: undefined,
    headers: {},
    bodyText: '[[30],{},{}]',
    ...more,
  };
}

/** The bytes of a delivery, with these headers beside its own. */
export function inbound(headers: Headers = {}): InboundMessage {
  return {
    properties: {
      correlationId: 'i1',
      contentType: 'application/json',
      headers: { id: 'i1', task: 'fib', ...headers },
    },
    body: Buffer.from('[[30],{},{}]'),
    exchange: '',
    routingKey: 'math',
    redelivered: false,
  };
}

/** A delivery that writes into a log how it was settled, and whose channel the test may end. */
export class FakeDelivery implements Delivery {
  readonly message: InboundMessage;
  readonly lease = { alive: true };
  readonly #name: string;
  readonly #log: string[];

  constructor(log: string[], name = 'delivery', message: InboundMessage = inbound()) {
    this.message = message;
    this.#name = name;
    this.#log = log;
  }

  ack(): void {
    if (this.lease.alive) this.#log.push(`ack ${this.#name}`);
  }

  requeue(): void {
    if (this.lease.alive) this.#log.push(`requeue ${this.#name}`);
  }
}

/** A run with one delivery. */
export function runOf(log: string[], more: Partial<TaskMessage> = {}): { run: Run; delivery: FakeDelivery } {
  const task = taskMessage(more);
  const delivery = new FakeDelivery(log, task.id);
  return { run: new Run(task, 'math', delivery), delivery };
}
