import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfirmChannel, type ConsumeMessage, connect, type GetMessage } from 'amqplib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../../scripts/ports.js';
import { type EmbeddedProcess, startEmbedded } from '../../../test/support/embedded.js';

/** `npm run soak -- --scale 20` makes it 200. */
const ROUNDS = 10 * Number(process.env.TQ_SOAK ?? 1);
const WINDOW = 100;
const QUEUES = { classic: {}, quorum: { 'x-queue-type': 'quorum' } } as const;
type QueueName = keyof typeof QUEUES;

/** What the client knows of a message. What it did is certain once a publish that it sent later was confirmed. */
interface Known {
  readonly id: string;
  readonly queue: QueueName;
  readonly body: Buffer;
  confirmed: boolean;
  acknowledged: 'no' | 'sent' | 'certain';
  delivered: 'no' | 'seen' | 'certain';
}

/** The client's book over all rounds. */
class Ledger {
  readonly known: Known[] = [];
  /** What has happened to since the last publish. */
  #news: Known[] = [];

  /** The broker was killed: what it had not confirmed by then, no later confirm makes certain. */
  noteKill(): void {
    this.#news = [];
  }

  /** Enters a message that is about to be sent, and returns what to call with its confirm. */
  publish(queue: QueueName): { readonly entry: Known; readonly onConfirm: () => void } {
    const id = String(this.known.length);
    const entry: Known = { id, queue, body: randomBytes(randomInt(3_000)), ...NEW };
    this.known.push(entry);
    const news = this.#news;
    this.#news = [];
    const onConfirm = () => {
      entry.confirmed = true;
      for (const settled of news) {
        if (settled.delivered === 'seen') settled.delivered = 'certain';
        if (settled.acknowledged === 'sent') settled.acknowledged = 'certain';
      }
    };
    return { entry, onConfirm };
  }

  /** Finds what was delivered, and makes sure that it is what was sent. */
  find({ properties, content }: ConsumeMessage | GetMessage): Known {
    const entry = this.known[Number(properties.messageId)];
    if (entry === undefined) throw new Error(`expected a message of ours, found ${properties.messageId}`);
    expect(content.equals(entry.body)).toBe(true);
    expect(properties).toMatchObject({
      contentType: 'test/x',
      headers: { number: Number(entry.id), size: content.length },
    });
    return entry;
  }

  noteDelivery(entry: Known, acknowledged: boolean): void {
    if (entry.delivered === 'no') entry.delivered = 'seen';
    // It comes again when an earlier acknowledgement did not arrive: then only this one counts.
    entry.acknowledged = acknowledged ? 'sent' : 'no';
    this.#news.push(entry);
  }
}

const NEW = { confirmed: false, acknowledged: 'no', delivered: 'no' } as const;

let dataDir: string;
let port: number;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tq-killed-'));
  port = await freePort();
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

it(
  `killed ${ROUNDS} times under load, it loses no confirmed message, doubles none, and keeps their order`,
  async () => {
    const ledger = new Ledger();
    for (let round = 0; round < ROUNDS; round++) await loadAndKill(ledger, randomInt(30, 1_000));
    const left = await takeWhatIsLeft(ledger);
    const ids = new Set(left.map(({ entry }) => entry.id));
    const lost = ledger.known.filter(
      ({ id, confirmed, acknowledged }) => confirmed && acknowledged === 'no' && !ids.has(id),
    );
    const revived = left.filter(({ entry }) => entry.acknowledged === 'certain');
    const forgotten = left.filter(({ entry, redelivered }) => entry.delivered === 'certain' && !redelivered);
    expect({ lost, revived, forgotten, twice: left.length - ids.size }).toEqual({
      lost: [],
      revived: [],
      forgotten: [],
      twice: 0,
    });
    expect(ledger.known.filter(({ confirmed }) => confirmed).length).toBeGreaterThan(ROUNDS * 30);
    expect(ledger.known.filter(({ acknowledged }) => acknowledged === 'certain').length).toBeGreaterThan(ROUNDS);
  },
  20_000 + ROUNDS * 3_000,
);

/** Publishes to both queues and consumes from both, and kills the broker after so many confirms. */
async function loadAndKill(ledger: Ledger, confirms: number): Promise<void> {
  const { broker, channel, closed } = await start();
  await channel.prefetch(20);
  for (const queue of Object.keys(QUEUES)) {
    let last = -1;
    await channel.consume(queue, (message) => {
      if (message === null) return;
      const entry = ledger.find(message);
      expect(Number(entry.id)).toBeGreaterThan(last);
      last = Number(entry.id);
      const acknowledged = randomInt(20) > 0;
      if (acknowledged) channel.ack(message);
      ledger.noteDelivery(entry, acknowledged);
    });
  }
  let outstanding = confirms;
  const publish = () => {
    const { entry, onConfirm } = ledger.publish(randomInt(2) === 0 ? 'classic' : 'quorum');
    const headers = { number: Number(entry.id), size: entry.body.length };
    const properties = { persistent: true, messageId: entry.id, contentType: 'test/x', headers };
    channel.sendToQueue(entry.queue, entry.body, properties, (error: unknown) => {
      if (error) return;
      onConfirm();
      outstanding -= 1;
      if (outstanding === 0) void broker.end('SIGKILL');
      publish();
    });
  };
  for (let count = 0; count < WINDOW; count++) publish();
  await closed;
  ledger.noteKill();
}

async function takeWhatIsLeft(ledger: Ledger): Promise<{ readonly entry: Known; readonly redelivered: boolean }[]> {
  const { broker, channel, closed } = await start();
  const left: { readonly entry: Known; readonly redelivered: boolean }[] = [];
  for (const queue of Object.keys(QUEUES)) {
    let last = -1;
    for (let message = await channel.get(queue); message !== false; message = await channel.get(queue)) {
      const entry = ledger.find(message);
      expect(Number(entry.id)).toBeGreaterThan(last);
      last = Number(entry.id);
      left.push({ entry, redelivered: message.fields.redelivered });
    }
  }
  await broker.end('SIGKILL');
  await closed;
  return left;
}

async function start(): Promise<{
  readonly broker: EmbeddedProcess;
  readonly channel: ConfirmChannel;
  readonly closed: Promise<void>;
}> {
  const broker = await startEmbedded({ host: '127.0.0.1', port, dataDir });
  const connection = await connect(broker.url, { noDelay: true });
  connection.on('error', () => {});
  // `once` would reject at the error that comes before the close.
  const closed = new Promise<void>((resolve) => connection.on('close', () => resolve()));
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  // Declared in each round: what a crash left of a queue must be equal to what is declared.
  for (const [queue, args] of Object.entries(QUEUES))
    await channel.assertQueue(queue, { durable: true, arguments: args });
  return { broker, channel, closed };
}
