/**
 * Brokers of a test's own, for tests that restart, crash or alarm one: RabbitMQ nodes in project `rabbitmq`, processes of
 * the embedded broker in project `embedded`. A test that only needs a broker takes the shared one (`broker.ts`).
 */
import { sharedBroker } from './broker.js';
import { startEmbeddedNode } from './embedded-node.js';
import { lendRabbit } from './lent-rabbitmq.js';

/** What a test may ask of its broker. */
export interface BrokerNodeOptions {
  /** Heartbeat in seconds that the broker asks of its clients; 60 by default. */
  readonly heartbeat?: number | undefined;
}

/** A started broker. Data outlives `halt`, `kill` and `restart`, and is deleted by `stop`. */
export interface BrokerNode extends AsyncDisposable {
  readonly url: string;
  /** Stops in order and keeps the data; `startAgain` brings it back. */
  halt(): Promise<void>;
  /** SIGKILL, as in a crash; `startAgain` brings it back. */
  kill(): Promise<void>;
  /** Starts after `halt` or `kill`, with the same data and port. */
  startAgain(): Promise<void>;
  /** Stops in order and starts: `halt` and `startAgain`, in the same process where the broker can. */
  restart(): Promise<void>;
  /** Resolves when every declaration that the broker has confirmed outlives a crash. */
  declarationsKept(): Promise<void>;
  /** Sets or clears the memory alarm and resolves when it is in force: publishing connections are blocked by it. */
  setMemoryAlarm(on: boolean): Promise<void>;
  /** Ends the test's use of the broker and deletes its data. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a broker of the project's kind and resolves when it accepts AMQP. It also ends when the process of the test ends,
 * however that happens.
 */
export function startBrokerNode(options: BrokerNodeOptions = {}): Promise<BrokerNode> {
  return sharedBroker().kind === 'rabbitmq' ? lendRabbit(options) : startEmbeddedNode(options);
}
