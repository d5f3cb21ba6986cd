/** AMQP frames as bytes, through amqplib's own codec: what a message is on the wire, without a broker. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { InboundMessage, OutboundMessage, Properties } from '../../src/protocol/message.js';

interface Frame {
  readonly type: number;
  readonly rest: Buffer;
}

interface DecodedFrame {
  readonly fields?: Record<string, unknown>;
  readonly content?: Buffer;
}

interface FrameCodec {
  parseFrame(bytes: Buffer): Frame | false;
  decodeFrame(frame: Frame): DecodedFrame;
  makeBodyFrame(channel: number, payload: Buffer): Buffer;
}

interface Definitions {
  readonly BasicPublish: number;
  readonly BasicProperties: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
}

// The package exports its main file only; its codec lies beside that.
const require = createRequire(import.meta.url);
const lib = join(dirname(require.resolve('amqplib')), 'lib');
const frames = require(join(lib, 'frame.js')) as FrameCodec;
const definitions = require(join(lib, 'defs.js')) as Definitions;

const CHANNEL = 1;

/** The frames of a publish to the default exchange: method, properties, body. */
export function encodeFrames(message: OutboundMessage, routingKey: string): Buffer[] {
  const { encodeMethod, encodeProperties, BasicPublish, BasicProperties } = definitions;
  return [
    encodeMethod(BasicPublish, CHANNEL, { exchange: '', routingKey, mandatory: true, immediate: false, ticket: 0 }),
    encodeProperties(BasicProperties, CHANNEL, message.body.length, message.properties),
    frames.makeBodyFrame(CHANNEL, message.body),
  ];
}

/** Reads the frames of one publish or delivery: method, properties, and the body in any number of frames. */
export function decodeFrames(bytes: readonly Buffer[]): InboundMessage {
  const [method, header, ...content] = bytes.map(decodeFrame);
  const { exchange, routingKey, redelivered } = (method?.fields ?? {}) as Partial<InboundMessage>;
  return {
    properties: definedOnly(header?.fields ?? {}),
    body: Buffer.concat(content.map((frame) => frame.content ?? Buffer.alloc(0))),
    exchange: exchange ?? '',
    routingKey: routingKey ?? '',
    redelivered: redelivered ?? false,
  };
}

function decodeFrame(bytes: Buffer): DecodedFrame {
  const frame = frames.parseFrame(bytes);
  if (frame === false || frame.rest.length > 0) throw new Error('expected the bytes of exactly one frame');
  return frames.decodeFrame(frame);
}

/** amqplib names every property, those that were not sent as undefined. */
function definedOnly(fields: Record<string, unknown>): Properties {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
