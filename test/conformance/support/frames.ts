/** Frames as bytes and back, names for the methods in them. Source: AMQP 0-9-1 sections 2.3.5 and 4.2.3. */
import { FieldReader, long, longlong, octet, short } from './fields.js';

/** Type of a frame that holds a method. */
export const METHOD = 1;

/** Type of a frame that holds a content header. */
export const HEADER = 2;

/** Type of a frame that holds a piece of a content body. */
export const BODY = 3;

/** Type of a heartbeat frame. */
export const HEARTBEAT = 8;

/** The byte that ends every frame. */
export const FRAME_END = 0xce;

/** Bytes of a frame beside its payload: type, channel, length, end. */
export const FRAME_OVERHEAD = 8;

/** Id of the class `basic`, whose contents are the messages. */
export const BASIC = 60;

/** Class and method ids by name. Source: AMQP 0-9-1 section 1.2, with RabbitMQ's extensions. */
export const METHODS = {
  'connection.start': [10, 10],
  'connection.start-ok': [10, 11],
  'connection.secure-ok': [10, 21],
  'connection.tune': [10, 30],
  'connection.tune-ok': [10, 31],
  'connection.open': [10, 40],
  'connection.open-ok': [10, 41],
  'connection.close': [10, 50],
  'connection.close-ok': [10, 51],
  'channel.open': [20, 10],
  'channel.open-ok': [20, 11],
  'channel.flow': [20, 20],
  'channel.flow-ok': [20, 21],
  'channel.close': [20, 40],
  'channel.close-ok': [20, 41],
  'access.request': [30, 10],
  'access.request-ok': [30, 11],
  'queue.declare': [50, 10],
  'queue.declare-ok': [50, 11],
  'queue.delete': [50, 40],
  'queue.delete-ok': [50, 41],
  'basic.qos': [60, 10],
  'basic.qos-ok': [60, 11],
  'basic.consume': [60, 20],
  'basic.consume-ok': [60, 21],
  'basic.cancel': [60, 30],
  'basic.publish': [60, 40],
  'basic.return': [60, 50],
  'basic.deliver': [60, 60],
  'basic.get': [60, 70],
  'basic.get-ok': [60, 71],
  'basic.get-empty': [60, 72],
  'basic.ack': [60, 80],
  'confirm.select': [85, 10],
  'confirm.select-ok': [85, 11],
} as const satisfies Record<string, readonly [classId: number, methodId: number]>;

/** A method that the suite names. */
export type MethodName = keyof typeof METHODS;

/** A frame as it came. */
export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** Why a peer closed a channel or the connection. */
export interface CloseReason {
  readonly code: number;
  readonly text: string;
  readonly classId: number;
  readonly methodId: number;
}

/** A frame of any type; `end` and `length` may be wrong on purpose. */
export function frame(
  type: number,
  channel: number,
  payload: Buffer,
  { end = FRAME_END, length = payload.length } = {},
): Buffer {
  return Buffer.concat([octet(type), short(channel), long(length), payload, octet(end)]);
}

/** A method frame; the arguments are bytes already. */
export function method(channel: number, name: MethodName, ...args: Buffer[]): Buffer {
  return methodOf(channel, METHODS[name], ...args);
}

/** A method frame of any ids. */
export function methodOf(channel: number, [classId, methodId]: readonly [number, number], ...args: Buffer[]): Buffer {
  return frame(METHOD, channel, Buffer.concat([short(classId), short(methodId), ...args]));
}

/** A content header frame. Properties are the flags and the values behind them, none by default. */
export function header(
  channel: number,
  bodySize: number | bigint,
  properties: Buffer = short(0),
  { classId = BASIC, weight = 0 }: { classId?: number; weight?: number } = {},
): Buffer {
  return frame(HEADER, channel, Buffer.concat([short(classId), short(weight), longlong(bodySize), properties]));
}

/** The body frames of a content, cut so that no frame exceeds `frameMax` bytes; none for an empty body. */
export function bodyFrames(channel: number, bytes: Buffer, frameMax: number): Buffer[] {
  const step = frameMax - FRAME_OVERHEAD;
  const count = Math.ceil(bytes.length / step);
  return Array.from({ length: count }, (_, i) => frame(BODY, channel, bytes.subarray(i * step, (i + 1) * step)));
}

/** An empty heartbeat frame on channel 0. */
export const heartbeat: Buffer = frame(HEARTBEAT, 0, Buffer.alloc(0));

/** The name of a method frame, its ids when the suite has no name for it, `undefined` for any other frame. */
export function methodName({ type, payload }: Frame): string | undefined {
  if (type !== METHOD) return undefined;
  const [classId, methodId] = [payload.readUInt16BE(0), payload.readUInt16BE(2)];
  const found = Object.entries(METHODS).find(([, ids]) => ids[0] === classId && ids[1] === methodId);
  return found?.[0] ?? `${classId}.${methodId}`;
}

/** The arguments of a method frame, or the class, weight, size and properties of a content header. */
export function argumentsOf({ type, payload }: Frame): FieldReader {
  return new FieldReader(type === METHOD ? payload.subarray(4) : payload);
}

/** The reason in the arguments of a connection.close or channel.close. */
export function closeReason(args: FieldReader): CloseReason {
  return { code: args.short(), text: args.shortstr(), classId: args.short(), methodId: args.short() };
}

/** What a frame is, in words for an error text. */
export function describeFrame(found: Frame): string {
  const name = methodName(found);
  const where = `on channel ${found.channel}`;
  if (name === undefined) return `a frame of type ${found.type} and ${found.payload.length} bytes ${where}`;
  if (name !== 'connection.close' && name !== 'channel.close') return `${name} ${where}`;
  const { code, text } = closeReason(argumentsOf(found));
  return `${name} ${code} (${text}) ${where}`;
}

/** Cuts a stream of bytes into frames. */
export class FrameParser {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete now. @throws when a frame does not end as it must */
  push(chunk: Buffer): Frame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (rest.length >= FRAME_OVERHEAD) {
      const total = rest.readUInt32BE(3) + FRAME_OVERHEAD;
      if (rest.length < total) break;
      const end = rest.readUInt8(total - 1);
      if (end !== FRAME_END) throw new Error(`expected a frame to end with ${FRAME_END}, found ${end}`);
      frames.push({
        type: rest.readUInt8(0),
        channel: rest.readUInt16BE(1),
        payload: rest.subarray(7, total - 1),
      });
      rest = rest.subarray(total);
    }
    this.#rest = rest;
    return frames;
  }
}
