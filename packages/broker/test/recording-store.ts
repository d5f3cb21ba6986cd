import type { BindingDefinition, ExchangeDefinition, QueueDefinition } from '../src/model/definitions.js';
import type { Store, StoredMessage } from '../src/model/store.js';

/**
 * A store that writes down what it is told, one line a call, and flushes when a test says so.
 *
 *     save 1/0 body        message at position 0 of the queue with id 1 ("x2" behind it: returned twice)
 *     remove 0             deleteMessage, of position 0
 *     delivered 1 p0 0     up to position 0, of priority 0
 *     clear 1: 0 2         deleteMessages
 *     remove queue 1: 0 2  deleteQueue, with the messages that go along
 */
export class RecordingStore implements Store {
  #lines: string[] = [];
  #waiting: (() => void)[] = [];
  /** What the next call throws. */
  failure: Error | undefined;

  /** The lines since the last call. */
  take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Everything is on disk now. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  saveExchange(vhost: string, { name }: ExchangeDefinition): void {
    this.#note(`exchange ${vhost} ${name}`);
  }

  deleteExchange(vhost: string, name: string): void {
    this.#note(`remove exchange ${vhost} ${name}`);
  }

  saveQueue(vhost: string, id: number, { name }: QueueDefinition): void {
    this.#note(`queue ${vhost} ${id} ${name}`);
  }

  deleteQueue(id: number, positions: readonly number[]): void {
    this.#note(`remove queue ${listed(id, positions)}`);
  }

  saveBinding(vhost: string, binding: BindingDefinition): void {
    this.#note(`binding ${vhost} ${ends(binding)}`);
  }

  deleteBinding(vhost: string, binding: BindingDefinition): void {
    this.#note(`remove binding ${vhost} ${ends(binding)}`);
  }

  saveMessage(queueId: number, position: number, { message, deliveryCount }: StoredMessage): void {
    const { bytes, bodyOffset } = message.content;
    const count = deliveryCount === 0 ? '' : ` x${deliveryCount}`;
    this.#note(`save ${queueId}/${position} ${bytes.toString('utf8', bodyOffset)}${count}`);
  }

  deleteMessage(position: number): void {
    this.#note(`remove ${position}`);
  }

  deleteMessages(queueId: number, positions: readonly number[]): void {
    this.#note(`clear ${listed(queueId, positions)}`);
  }

  saveDelivered(queueId: number, priority: number, position: number): void {
    this.#note(`delivered ${queueId} p${priority} ${position}`);
  }

  whenFlushed(done: () => void): void {
    this.#waiting.push(done);
  }

  async close(): Promise<void> {
    this.#note('close');
  }

  #note(line: string): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    this.#lines.push(line);
  }
}

function listed(queueId: number, positions: readonly number[]): string {
  return positions.length === 0 ? `${queueId}` : `${queueId}: ${positions.join(' ')}`;
}

function ends({ source, destination, routingKey }: BindingDefinition): string {
  return `${source} -${routingKey}-> ${destination}`;
}
