/** The requests that most raw tests need, as bytes. */
import { bits, long, longlong, octet, short, shortstr, table } from './fields.js';
import { bodyFrames, header, method } from './frames.js';

/** channel.open. */
export function openChannel(channel: number): Buffer {
  return method(channel, 'channel.open', shortstr(''));
}

/** channel.close with a reply code of the client's. */
export function closeChannel(channel: number, code = 200, text = 'done'): Buffer {
  return method(channel, 'channel.close', short(code), shortstr(text), short(0), short(0));
}

/** connection.close with a reply code of the client's. */
export function closeConnection(code = 200, text = 'done'): Buffer {
  return method(0, 'connection.close', short(code), shortstr(text), short(0), short(0));
}

/** queue.declare; transient, and exclusive unless told otherwise. */
export function declareQueue(
  channel: number,
  queue: string,
  { passive = false, exclusive = true, args = table() }: { passive?: boolean; exclusive?: boolean; args?: Buffer } = {},
): Buffer {
  const flags = bits(passive, false, exclusive, false, false);
  return method(channel, 'queue.declare', short(0), shortstr(queue), flags, args);
}

/** queue.delete, unconditional. */
export function deleteQueue(channel: number, queue: string): Buffer {
  return method(channel, 'queue.delete', short(0), shortstr(queue), octet(0));
}

/** basic.qos for the consumers to come. */
export function prefetch(channel: number, count: number): Buffer {
  return method(channel, 'basic.qos', long(0), short(count), bits(false));
}

/** basic.consume with a tag. */
export function consume(channel: number, queue: string, { noAck = false, tag = 'consumer' } = {}): Buffer {
  const flags = bits(false, noAck, false, false);
  return method(channel, 'basic.consume', short(0), shortstr(queue), shortstr(tag), flags, table());
}

/** basic.get. */
export function get(channel: number, queue: string, noAck = true): Buffer {
  return method(channel, 'basic.get', short(0), shortstr(queue), bits(noAck));
}

/** basic.ack of one delivery. */
export function ack(channel: number, deliveryTag: number | bigint): Buffer {
  return method(channel, 'basic.ack', longlong(deliveryTag), bits(false));
}

/** basic.publish to the default exchange, alone, without the content that has to follow. */
export function publishMethod(channel: number, routingKey: string, mandatory = false): Buffer {
  return method(channel, 'basic.publish', short(0), shortstr(''), shortstr(routingKey), bits(mandatory, false));
}

/** A whole message for a queue: method, header, body frames. */
export function publish(
  channel: number,
  queue: string,
  body: Buffer | string,
  {
    properties,
    mandatory = false,
    frameMax = 131_072,
  }: { properties?: Buffer; mandatory?: boolean; frameMax?: number } = {},
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return Buffer.concat([
    publishMethod(channel, queue, mandatory),
    header(channel, bytes.length, properties),
    ...bodyFrames(channel, bytes, frameMax),
  ]);
}
