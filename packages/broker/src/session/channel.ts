import { AmqpError, assertNever } from '../errors.js';
import { long } from '../field-value.js';
import type { ReplyOutlet } from '../model/direct-replies.js';
import type { Message } from '../model/message.js';
import type { Queue, ReturnCause } from '../model/queue.js';
import type { QueueEntry } from '../model/queue-entry.js';
import type { Published, VirtualHost } from '../model/virtual-host.js';
import type { MethodArguments, MethodName } from '../wire/methods.js';
import { type ConfirmHost, Confirms } from './confirms.js';
import { Deliveries, type Delivery } from './deliveries.js';
import type { OutgoingContent, Output } from './output.js';
import type { Subscription, SubscriptionHost } from './subscription.js';
import type { Tally } from './tally.js';
import { type Settlement, Transaction } from './transaction.js';
import type { Turn } from './turn.js';

/** What a channel needs of its connection. */
export interface ChannelHost {
  readonly vhost: VirtualHost;
  readonly output: Output;
  readonly turn: Turn;
  readonly tally: Tally;
  readonly user: string;
  /** The client wants to hear of consumers that end with their queue. */
  readonly cancelNotify: boolean;
  randomId(): string;
  /** Carries out a task that was put off; what it throws ends the connection. */
  run(task: () => void): void;
}

/** A message on its way to the queues that it was routed to. */
export interface Publish {
  readonly message: Message;
  readonly queues: readonly Queue[];
  /** It comes back when there is no queue for it. */
  readonly mandatory: boolean;
}

/** How publishes and settlements take effect: at once, at once and confirmed, or at tx.commit. */
export type ChannelMode =
  | { readonly kind: 'plain' }
  | { readonly kind: 'confirm'; readonly confirms: Confirms }
  | { readonly kind: 'tx'; readonly transaction: Transaction<Publish> };

/** The consumer of direct replies. */
interface ReplyConsumer {
  readonly tag: string;
  readonly address: string;
}

/**
 * A channel: what it consumes, what it has not settled, and how it publishes.
 *
 *   starting ─ channel.open ─> open ─ the client's mistake ─> closing ─ close-ok ─> (forgotten by the connection)
 *   any ─ channel.close, end of the connection ─> closed
 */
export class Channel implements SubscriptionHost, ConfirmHost, ReplyOutlet {
  readonly number: number;
  readonly host: ChannelHost;
  readonly subscriptions = new Map<string, Subscription>();
  readonly deliveries = new Deliveries();
  state: 'starting' | 'open' | 'closing' | 'closed' = 'starting';
  mode: ChannelMode = { kind: 'plain' };
  /** What an empty queue name stands for. */
  lastQueue = '';
  /** The prefetch of consumers to come; 0 is no limit. */
  prefetch = 0;
  replyConsumer: ReplyConsumer | undefined;
  #channelPrefetch = 0;
  /** A settlement is under way that all consumers may profit from: none gets anything before it is done. */
  #settling = false;
  #wakes = 0;

  constructor(number: number, host: ChannelHost) {
    this.number = number;
    this.host = host;
  }

  send<M extends MethodName>(name: M, args: MethodArguments<M>): void {
    this.host.output.method(this.number, name, args);
  }

  /** Room for one more delivery to any of its consumers. */
  hasRoom(): boolean {
    const limited = this.#channelPrefetch > 0 && this.deliveries.consumed >= this.#channelPrefetch;
    return this.state === 'open' && !limited && !this.#settling && this.host.output.hasRoom();
  }

  /** The prefetch that all consumers of the channel share; 0 is no limit. */
  get channelPrefetch(): number {
    return this.#channelPrefetch;
  }

  set channelPrefetch(count: number) {
    this.#channelPrefetch = count;
    this.wakeAll();
  }

  /** There may be room again: the client has read, or settled what the channel's prefetch had stopped. */
  wakeAll(): void {
    const all = [...this.subscriptions.values()];
    // Where they share a prefetch the first one may take it all: so each is the first in its turn.
    const first = this.#wakes++ % all.length;
    for (const subscription of [...all.slice(first), ...all.slice(0, first)]) subscription.wake();
  }

  deliver(subscription: Subscription, entry: QueueEntry): void {
    const { noAck } = subscription.consumer.options;
    const deliveryTag = noAck
      ? this.deliveries.nextTag()
      : this.deliveries.add(subscription.queue, entry, subscription);
    const { exchange, routingKey } = entry.message;
    const { redelivered } = entry;
    const args = { consumerTag: subscription.tag, deliveryTag, redelivered, exchange, routingKey };
    this.host.output.content(
      this.number,
      'basic.deliver',
      args,
      entry.deliveryCount === 0 ? entry.message.content : counted(entry),
    );
    this.host.tally.delivered += 1;
  }

  /** Answers basic.get with a message that was taken from a queue. */
  sendGot(queue: Queue, entry: QueueEntry, noAck: boolean): void {
    const deliveryTag = noAck ? this.deliveries.nextTag() : this.deliveries.add(queue, entry, undefined);
    const { exchange, routingKey } = entry.message;
    const { redelivered } = entry;
    const args = { deliveryTag, redelivered, exchange, routingKey, messageCount: queue.messageCount };
    // Unlike a consumer, who gets from a quorum queue gets the count also when it is 0.
    const content = queue.settings.type === 'quorum' ? counted(entry) : entry.message.content;
    this.host.output.content(this.number, 'basic.get-ok', args, content);
    this.host.tally.delivered += 1;
  }

  /** Hands a direct reply to its consumer. */
  deliverReply({ exchange, routingKey, content }: Message): void {
    if (this.replyConsumer === undefined || !this.host.output.hasRoomForReply()) return;
    const args = {
      consumerTag: this.replyConsumer.tag,
      deliveryTag: REPLY_TAG,
      redelivered: false,
      exchange,
      routingKey,
    };
    this.host.output.content(this.number, 'basic.deliver', args, content);
  }

  /** A consumer's queue is gone. */
  cancelled(subscription: Subscription): void {
    this.subscriptions.delete(subscription.tag);
    if (this.host.cancelNotify) this.send('basic.cancel', { consumerTag: subscription.tag, noWait: true });
  }

  /** Publishes now, or with the transaction. */
  publish(publish: Publish): void {
    this.host.tally.published += 1;
    const { mode } = this;
    switch (mode.kind) {
      case 'plain':
        this.#deliver(publish);
        break;
      case 'confirm':
        mode.confirms.published(this.#deliver(publish));
        break;
      case 'tx':
        mode.transaction.publish(publish);
        break;
      default:
        assertNever(mode);
    }
  }

  /**
   * Settles deliveries, now or with the transaction.
   * @throws {AmqpError} PRECONDITION_FAILED for a tag that is not outstanding
   */
  settle(how: Settlement, tag: number, multiple: boolean): void {
    const deliveries = this.deliveries.take(tag, multiple);
    if (this.mode.kind === 'tx') this.mode.transaction.settle(how, deliveries);
    else this.#settleNow(how, deliveries);
  }

  /** Gives everything back that is not settled (basic.recover). */
  recover(): void {
    this.#settleNow('requeue', this.deliveries.takeAll());
  }

  selectConfirms(): void {
    if (this.mode.kind === 'plain') this.mode = { kind: 'confirm', confirms: new Confirms(this) };
  }

  selectTransactions(): void {
    if (this.mode.kind === 'plain') this.mode = { kind: 'tx', transaction: new Transaction() };
  }

  /** Carries a transaction out in one step, and answers once it is on disk. */
  commit(transaction: Transaction<Publish>): void {
    transaction.state = 'committing';
    const { publishes, settlements } = transaction.take();
    const outcomes = publishes.map((publish) => this.#deliver(publish));
    for (const { how, deliveries } of settlements) this.#settleNow(how, deliveries);
    if (outcomes.includes('refused')) {
      transaction.state = 'open';
      throw new AmqpError('PRECONDITION_FAILED', 'partial tx completion');
    }
    this.whenFlushed(() => {
      transaction.state = 'open';
      if (this.state === 'open') this.send('tx.commit-ok', {});
    });
  }

  /** Forgets a transaction's publishes, and its deliveries are unsettled again. */
  rollback(transaction: Transaction<Publish>): void {
    const { settlements } = transaction.take();
    this.deliveries.putBack(settlements.flatMap(({ deliveries }) => deliveries));
  }

  defer(task: () => void): void {
    this.host.turn.defer(() => this.host.run(task));
  }

  whenFlushed(done: () => void): void {
    this.host.vhost.store.whenFlushed(() => this.host.run(done));
  }

  confirm(deliveryTag: number, multiple: boolean, accepted: boolean): void {
    if (this.state !== 'open') return;
    if (accepted) this.send('basic.ack', { deliveryTag, multiple });
    else this.send('basic.nack', { deliveryTag, multiple, requeue: false });
  }

  /** Ends its consumers, and gives back what is not settled. */
  end(state: 'closing' | 'closed'): void {
    this.state = state;
    for (const subscription of this.subscriptions.values()) subscription.end();
    this.subscriptions.clear();
    if (this.replyConsumer !== undefined) this.host.vhost.directReplies.close(this.replyConsumer.address);
    this.replyConsumer = undefined;
    if (this.mode.kind === 'tx') this.rollback(this.mode.transaction);
    giveBack(this.deliveries.takeAll(), 'lost');
  }

  #deliver({ message, queues, mandatory }: Publish): Published {
    const { vhost, output } = this.host;
    const published = vhost.deliver(message, queues);
    if (published === 'unroutable' && mandatory) {
      const { exchange, routingKey, content } = message;
      const args = { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey };
      output.content(this.number, 'basic.return', args, content);
    }
    return published;
  }

  #settleNow(how: Settlement, deliveries: readonly Delivery[]): void {
    const shared = this.#channelPrefetch > 0;
    this.#settling = shared;
    switch (how) {
      case 'acknowledge':
        this.host.tally.acknowledged += deliveries.length;
        for (const { queue, entry, subscription } of deliveries) queue.acknowledge(entry, subscription?.consumer);
        break;
      case 'discard':
        for (const { queue, entry, subscription } of deliveries) queue.discard(entry, subscription?.consumer);
        break;
      case 'requeue':
        giveBack(deliveries, 'requeued');
        break;
      default:
        assertNever(how);
    }
    this.#settling = false;
    if (shared) this.wakeAll();
  }
}

/** The tag of every direct reply: there is nothing to acknowledge. */
const REPLY_TAG = 1;

/** Gives deliveries back, queue by queue. */
function giveBack(deliveries: readonly Delivery[], cause: ReturnCause): void {
  const byQueue = new Map<Queue, Delivery[]>();
  for (const delivery of deliveries) {
    const group = byQueue.get(delivery.queue);
    if (group === undefined) byQueue.set(delivery.queue, [delivery]);
    else group.push(delivery);
  }
  for (const [queue, group] of byQueue) {
    const pairs = group.map(({ entry, subscription }) => [entry, subscription?.consumer] as const);
    queue.giveBack(pairs, cause);
  }
}

/** The message with the header that tells how often it came back to its quorum queue. */
function counted({ message, deliveryCount }: QueueEntry): OutgoingContent {
  const { content } = message;
  const headers = content.headers().filter(([name]) => name !== 'x-delivery-count');
  return content.with({ headers: [...headers, ['x-delivery-count', long(deliveryCount)]] });
}
