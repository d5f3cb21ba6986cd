import { AmqpError } from '../errors.js';
import { REPLY_TO } from '../model/direct-replies.js';
import type { Exchange } from '../model/exchange.js';
import type { Message } from '../model/message.js';
import { blindKeys, copyKeys, NO_KEYS, withoutBlindCopies } from '../model/routing-keys.js';
import type { WireContent } from '../wire/content.js';
import type { MethodArguments } from '../wire/methods.js';
import type { Channel } from './channel.js';
import { checkExpiration } from './expiration.js';

/**
 * Carries out basic.publish, whose message has arrived.
 * @throws {AmqpError} for an exchange that is not there or internal, and for properties that RabbitMQ refuses
 */
export function publish(channel: Channel, args: MethodArguments<'basic.publish'>, arrived: WireContent): void {
  if (args.immediate) throw new AmqpError('NOT_IMPLEMENTED', 'immediate=true');
  const { vhost, user } = channel.host;
  const exchange = vhost.exchanges.get(args.exchange);
  if (exchange.definition.internal) throw internalExchange(vhost.exchanges.describe(exchange.name));
  const addressed = withReplyAddress(channel, arrived);
  checkUser(addressed.userId, user);
  checkExpiration(addressed.expiration);
  checkDeliveryMode(addressed.deliveryMode);
  const { routingKey, mandatory } = args;
  const { message, keys } = toMessage(exchange, routingKey, addressed);
  channel.publish({ message, queues: vhost.route(exchange, message, keys), mandatory });
}

function internalExchange(description: string): AmqpError {
  return new AmqpError('ACCESS_REFUSED', `cannot publish to internal ${description}`);
}

/** Replaces the pseudo-queue as reply-to with the address of the channel's reply consumer. */
function withReplyAddress(channel: Channel, content: WireContent): WireContent {
  if (content.replyTo !== REPLY_TO) return content;
  if (channel.replyConsumer === undefined) {
    throw new AmqpError('PRECONDITION_FAILED', 'fast reply consumer does not exist');
  }
  return content.with({ replyTo: channel.replyConsumer.address });
}

function checkUser(claimed: string | undefined, actual: string): void {
  if (claimed === undefined || claimed === actual) return;
  throw new AmqpError(
    'PRECONDITION_FAILED',
    `user_id property set to '${claimed}' but authenticated user was '${actual}'`,
  );
}

/** The message and all of its routing keys; who is on BCC stays between the sender and the broker. */
function toMessage(
  { name: exchange }: Exchange,
  routingKey: string,
  content: WireContent,
): { readonly message: Message; readonly keys: readonly string[] } {
  if (!content.mayHaveCopies) {
    return { message: { exchange, routingKey, blindKeys: NO_KEYS, content }, keys: [routingKey] };
  }
  const headers = content.headers();
  const blind = blindKeys(headers);
  const visible = blind === NO_KEYS ? content : content.with({ headers: withoutBlindCopies(headers) });
  return {
    message: { exchange, routingKey, blindKeys: blind, content: visible },
    keys: [routingKey, ...copyKeys(headers), ...blind],
  };
}

/** RabbitMQ knows transient and persistent messages, and no others. */
function checkDeliveryMode(mode: number | undefined): void {
  if (mode === undefined || mode === 1 || mode === 2) return;
  throw new AmqpError('PRECONDITION_FAILED', `invalid message: {delivery_mode_unknown,${mode}}`);
}
