import type { AppTopology } from '../broker/app-topology.js';
import type { ChordQueues } from '../broker/chord-queues.js';
import type { Connection } from '../broker/connection.js';
import { lookAtQueue } from '../broker/declare.js';
import type { Delays } from '../broker/delays.js';
import type { PublishChannel } from '../broker/publish-channel.js';
import { workflowsTopology } from '../broker/topology.js';
import type { InboundMessage } from '../protocol/message.js';
import { WORKFLOW_TYPE } from '../protocol/workflow-question.js';
import type { Rpc } from '../results/rpc.js';
import type { OutgoingCall, OutgoingMessage, OutgoingQuestion, QueueStatus, Transport } from '../results/transport.js';
import type { Runtime } from '../runtime.js';
import { Destinations } from './destinations.js';
import { Dispatcher } from './dispatcher.js';
import type { Encoder } from './encoder.js';
import { OutgoingCalls } from './outgoing-calls.js';
import { OutgoingMessages } from './outgoing-messages.js';
import { OutgoingQuestions } from './outgoing-questions.js';
import type { Staging } from './staging.js';

export interface BrokerTransportOptions {
  readonly connection: Connection;
  readonly publisher: PublishChannel;
  readonly rpc: Rpc;
  readonly staging: Staging;
  readonly runtime: Runtime;
  readonly delays: Delays;
  readonly chordQueues: ChordQueues;
  readonly topology: Omit<AppTopology, 'whole'>;
  readonly encode: Encoder;
  readonly prefix: string;
}

const STATUS_TIMEOUT_MS = 2_000;
const EMPTY = { messages: 0, consumers: 0 };

/** The way out through this process's own connections, for calls, messages and questions, and what the broker says of queues. */
export class BrokerTransport implements Transport {
  readonly #options: BrokerTransportOptions;
  readonly #calls: Dispatcher<OutgoingCall>;
  readonly #messages: Dispatcher<OutgoingMessage>;
  readonly #questions: Dispatcher<OutgoingQuestion>;
  readonly #looks = new Map<string, Promise<QueueStatus | undefined>>();

  constructor(options: BrokerTransportOptions) {
    this.#options = options;
    const { connection, delays, chordQueues, runtime, topology, staging, rpc, encode } = options;
    const wanted = () => staging.size > 0;
    const destinations = new Destinations({ connection, delays, runtime, topology, wanted });
    const { isTransient } = topology;
    this.#calls = new Dispatcher(options, new OutgoingCalls({ destinations, rpc, chordQueues, encode, isTransient }));
    this.#messages = new Dispatcher(options, new OutgoingMessages({ destinations, isTransient }));
    this.#questions = new Dispatcher(options, new OutgoingQuestions({ destinations, rpc, isTransient }));
  }

  send(call: OutgoingCall): void {
    this.#calls.send(call);
  }

  publish(message: OutgoingMessage): void {
    this.#messages.send(message);
  }

  ask(question: OutgoingQuestion): void {
    this.#questions.send(question);
  }

  takeQuestions(take: (question: InboundMessage) => void): void {
    const { prefix, rpc } = this.#options;
    rpc.takeQuestions({ type: WORKFLOW_TYPE, topologyOf: (queue) => workflowsTopology(prefix, queue), take });
  }

  forget(id: string): void {
    this.#options.rpc.forget(id);
  }

  hold(): () => void {
    return this.#options.rpc.hold();
  }

  room(): Promise<void> | undefined {
    return this.#options.publisher.room() ?? this.#options.staging.room();
  }

  /** Whoever asks meanwhile gets the same answer: a look takes a channel, and many results may end in one moment. */
  queueStatus(queue: string): Promise<QueueStatus | undefined> {
    let looking = this.#looks.get(queue);
    if (looking === undefined) {
      looking = this.#look(queue).finally(() => this.#looks.delete(queue));
      this.#looks.set(queue, looking);
    }
    return looking;
  }

  async #look(queue: string): Promise<QueueStatus | undefined> {
    const { connection, rpc, runtime } = this.#options;
    const { link } = connection;
    if (link === undefined) return undefined;
    const { clock } = runtime;
    const timeout = new Promise<undefined>((resolve) => {
      clock.setTimer(() => resolve(undefined), STATUS_TIMEOUT_MS).unref();
    });
    const look = await Promise.race([lookAtQueue(link.model, queue), timeout]);
    if (look === undefined || look.kind === 'away') return undefined;
    const { messages, consumers } = look.kind === 'there' ? look : EMPTY;
    const caughtUp = await Promise.race([rpc.caughtUp(), timeout]);
    return { messages, consumers, caughtUp: caughtUp === true };
  }
}
