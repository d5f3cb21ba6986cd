/** Chords as a client publishes them, message by message, and who waits for what becomes of them. */
import { randomUUID } from 'node:crypto';
import {
  chordQueue,
  encoderOf,
  expand,
  type Lazy,
  type Step,
  type StepOptions,
  stepMessage,
  type TaskStep,
} from '@tq/core/internal';
import type { ConsumeMessage } from 'amqplib';
import type { Peer } from './broker.js';

export interface CallParts {
  readonly id?: string;
  readonly options?: StepOptions;
  readonly immutable?: boolean;
  readonly linkError?: readonly Lazy[];
}

/** A call of a task, to stand in a canvas. */
export function callOf(task: string, args: readonly unknown[] = [], parts: CallParts = {}): TaskStep & { id: string } {
  const { id = randomUUID(), options = {}, immutable = false, linkError = [] } = parts;
  return { kind: 'task', task, id, args: JSON.stringify(args), kwargs: '{}', immutable, options, link: [], linkError };
}

export interface ChordOptions {
  readonly prefix: string;
  /** Of the calls that name none; full name. */
  readonly queue: string;
  readonly replyTo?: string | undefined;
  /** Default: a minute. */
  readonly expiresMs?: number;
  /** Of the chord. Default: a new one. */
  readonly id?: string;
}

/** What has been sent. */
export interface SentChord {
  /** The chord's queue. */
  readonly queue: string;
  /** The queues of all chords that have begun. */
  readonly queues: readonly string[];
}

/** Publishes the header of a chord, once the queues are there, and resolves when the broker has it. */
export async function sendChord(
  peer: Peer,
  header: readonly Step[],
  body: Step,
  { prefix, queue, replyTo, expiresMs = 60_000, id = randomUUID() }: ChordOptions,
): Promise<SentChord> {
  const { calls, chords } = expand({ kind: 'chord', id, header, body }, {});
  const queues = chords.map((chord) => chordQueue(prefix, chord.id));
  const options = { durable: true, arguments: { 'x-queue-type': 'classic', 'x-expires': expiresMs } };
  await Promise.all(queues.map((name) => peer.channel.assertQueue(name, options)));
  const sender = { id, rootId: id, replyTo, queue };
  const channel = await peer.connection.createConfirmChannel();
  for (const call of calls) {
    const message = stepMessage(call, sender, { preset: 'tq', now: Date.now() });
    const { properties, body: bytes } = encoderOf('tq')(message.envelope, message.replyTo);
    channel.publish('', message.queue, bytes, { ...properties, persistent: true } as object);
  }
  await channel.waitForConfirms();
  await channel.close();
  return { queue: chordQueue(prefix, id), queues };
}

/** A final reply. */
export interface FinalReply {
  readonly id: string;
  readonly status: string;
  readonly result: unknown;
}

/** A caller's reply queue. */
export interface Caller {
  readonly replyTo: string;
  /** Final replies so far, in the order in which they came. */
  readonly replies: readonly FinalReply[];
  /** Resolves with the first final reply to this task, past or to come. */
  reply(id: string): Promise<FinalReply>;
}

/** Declares a reply queue and takes what comes. */
export async function openCaller(peer: Peer, prefix: string): Promise<Caller> {
  const replyTo = `${prefix}tq.reply.${randomUUID()}`;
  await peer.channel.assertQueue(replyTo, { durable: true, arguments: { 'x-expires': 60_000 } });
  const replies: FinalReply[] = [];
  const watchers = new Set<() => void>();
  const onReply = (message: ConsumeMessage | null) => {
    if (message === null) return;
    const { task_id: id, status, result } = JSON.parse(message.content.toString());
    if (!FINAL.has(status)) return;
    replies.push({ id, status, result });
    for (const watch of watchers) watch();
  };
  await peer.channel.consume(replyTo, onReply, { noAck: true });
  const reply = (id: string) =>
    new Promise<FinalReply>((resolve) => {
      const watch = () => {
        const found = replies.find((one) => one.id === id);
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
    });
  return { replyTo, replies, reply };
}

const FINAL = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);
