import type { AppTopology } from './broker/app-topology.js';
import { ChordChannels } from './broker/chord-channels.js';
import { ChordQueues } from './broker/chord-queues.js';
import { Connection } from './broker/connection.js';
import { Delays } from './broker/delays.js';
import { PublishChannel } from './broker/publish-channel.js';
import { QueueAdmin } from './broker/queue-admin.js';
import type { ResolvedOptions } from './options.js';
import { BrokerTransport } from './producer/broker-transport.js';
import { encoderOf } from './producer/encoder.js';
import { Staging } from './producer/staging.js';
import { replyQueue } from './protocol/names.js';
import { Rpc } from './results/rpc.js';
import type { Logger, Runtime } from './runtime.js';
import type { Deadlines } from './time/deadlines.js';

/** An app's connections: one to publish on, and one to consume on, which a blocked broker leaves alone. */
export interface AppBroker {
  readonly publisher: PublishChannel;
  readonly publishing: Connection;
  readonly consuming: Connection;
  readonly delays: Delays;
  readonly chordQueues: ChordQueues;
  /** Where a worker looks at chord queues and empties them. */
  readonly chords: ChordChannels;
}

const silent = () => undefined;
/** For a connection that is opened for one question: the broker may close it as its answer, which is nobody's news. */
const SILENT: Logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** The connections of one app and what runs on them. */
export class OwnBroker implements AppBroker {
  readonly publishing: Connection;
  readonly consuming: Connection;
  readonly publisher: PublishChannel;
  readonly delays: Delays;
  readonly chordQueues: ChordQueues;
  readonly chords: ChordChannels;
  readonly transport: BrokerTransport;
  readonly queues: QueueAdmin;
  /** A connection for one operation alone, to be closed by whoever asked. */
  readonly connectAnother: (role: string) => Connection;
  readonly #rpc: Rpc;
  readonly #staging: Staging;

  constructor(options: ResolvedOptions, runtime: Runtime, deadlines: Deadlines, topology: AppTopology) {
    const { urls, urlOrder, login, tls, preset, prefix } = options;
    const { heartbeat: heartbeatS, connectTimeout: connectTimeoutMs } = options;
    const limits = { messages: options.outboxMessages, bytes: options.outboxBytes };
    // Both take the same order, so that while nothing is wrong they are on one node.
    const inOrder = urlOrder === 'shuffled' ? shuffled(urls, () => runtime.random()) : urls;
    const link = { urls: inOrder, login, tls, heartbeatS, connectTimeoutMs, runtime };
    this.connectAnother = (role) => new Connection({ ...link, role, runtime: { ...runtime, logger: SILENT } });
    this.publishing = new Connection({ ...link, role: 'publish' });
    this.consuming = new Connection({ ...link, role: 'consume' });
    this.publisher = new PublishChannel({
      connection: this.publishing,
      runtime,
      deadlines,
      limits,
      window: options.publishWindow,
      maxMessageBytes: options.maxMessageBytes,
    });
    this.delays = new Delays({
      connection: this.publishing,
      prefix,
      unitMs: options.delayUnit,
      type: options.queueType,
      topology,
      runtime,
    });
    this.chordQueues = new ChordQueues({ connection: this.publishing, runtime });
    this.chords = new ChordChannels(this.consuming);
    this.#rpc = new Rpc({
      connection: this.consuming,
      queue: replyQueue(prefix, runtime.newId()),
      maxWaiters: options.maxWaiters,
      runtime,
    });
    this.#staging = new Staging({ clock: runtime.clock, deadlines, limits, hold: () => this.#holdBoth() });
    // Consuming, since a broker that is blocked answers nothing on a connection that has published.
    this.queues = new QueueAdmin({
      connection: this.consuming,
      openAnother: () => this.connectAnother('queues'),
      clock: runtime.clock,
    });
    this.transport = new BrokerTransport({
      connection: this.publishing,
      publisher: this.publisher,
      rpc: this.#rpc,
      staging: this.#staging,
      runtime,
      delays: this.delays,
      chordQueues: this.chordQueues,
      topology,
      encode: encoderOf(preset),
      prefix,
    });
  }

  async close(): Promise<void> {
    await this.#staging.drain();
    await this.publisher.drain();
    this.publisher.close();
    await this.#rpc.close();
    await Promise.all([this.publishing.close(), this.consuming.close()]);
  }

  #holdBoth(): () => void {
    const releases = [this.publishing.hold(), this.consuming.hold()];
    return () => {
      for (const release of releases) release();
    };
  }
}

/** Fisher and Yates's. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
