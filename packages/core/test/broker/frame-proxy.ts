/** A TCP proxy before a broker that reads the AMQP frames on their way: counts them, and slips in a frame of its own. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Class and method of the method frames that the tests look at (AMQP 0-9-1; 10.60 and 10.61 are RabbitMQ's). */
export const METHOD = {
  connectionStartOk: '10.11',
  connectionBlocked: '10.60',
  connectionUnblocked: '10.61',
  channelOpen: '20.10',
  channelClose: '20.40',
  basicQos: '60.10',
  basicConsume: '60.20',
  basicPublish: '60.40',
  basicAck: '60.80',
  basicNack: '60.120',
} as const;

/** A frame that passed. */
export interface Frame {
  readonly from: 'client' | 'broker';
  readonly channel: number;
  /** `class.method` of a method frame. */
  readonly method: string | undefined;
  /** What follows class and method. */
  readonly rest: Buffer;
}

/** A started proxy. */
export interface FrameProxy extends AsyncDisposable {
  /** The target's URL with the proxy's port. */
  readonly url: string;
  readonly frames: readonly Frame[];
  /** Method frames of one side, in order. */
  sent(from: Frame['from'], method: string): Frame[];
  /** Resolves when so many of these frames have passed. */
  passed(from: Frame['from'], method: string, count: number): Promise<void>;
  /** Sends a method frame on channel 0 to every client, as if the broker had. */
  say(method: string, rest: Buffer): void;
}

/** Starts a proxy in front of an AMQP URL. */
export async function startFrameProxy(targetUrl: string): Promise<FrameProxy> {
  const target = new URL(targetUrl);
  const frames: Frame[] = [];
  const watchers = new Set<() => void>();
  const clients = new Set<Socket>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    clients.add(client);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        clients.delete(client);
        client.destroy();
        broker.destroy();
      });
    }
    const note = (frame: Frame) => {
      frames.push(frame);
      for (const watch of [...watchers]) watch();
    };
    forward(client, broker, 'client', PROTOCOL_HEADER_BYTES, note);
    forward(broker, client, 'broker', 0, note);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const sent: FrameProxy['sent'] = (from, method) =>
    frames.filter((frame) => frame.from === from && frame.method === method);
  return {
    url: url.href,
    frames,
    sent,
    passed: (from, method, count) =>
      new Promise((resolve) => {
        const watch = () => {
          if (sent(from, method).length < count) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
      }),
    say: (method, rest) => {
      const [classId, methodId] = method.split('.').map(Number) as [number, number];
      const frame = Buffer.alloc(12 + rest.length);
      frame.writeUInt8(METHOD_FRAME, 0);
      frame.writeUInt32BE(4 + rest.length, 3);
      frame.writeUInt16BE(classId, 7);
      frame.writeUInt16BE(methodId, 9);
      rest.copy(frame, 11);
      frame.writeUInt8(FRAME_END, 11 + rest.length);
      for (const client of clients) client.write(frame);
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A short string as AMQP writes it. */
export function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
}

const PROTOCOL_HEADER_BYTES = 8;
const METHOD_FRAME = 1;
const FRAME_END = 0xce;
/** Type, channel and size before the payload, the end mark after it. */
const FRAME_OVERHEAD = 8;

/** Passes whole frames on, so that one of ours never lands inside another. */
function forward(source: Socket, sink: Socket, from: Frame['from'], skip: number, note: (frame: Frame) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  let toSkip = skip;
  source.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    let end = Math.min(toSkip, rest.length);
    toSkip -= end;
    while (rest.length >= end + 7 && rest.length >= end + FRAME_OVERHEAD + rest.readUInt32BE(end + 3)) {
      const size = rest.readUInt32BE(end + 3);
      const payload = rest.subarray(end + 7, end + 7 + size);
      const isMethod = rest.readUInt8(end) === METHOD_FRAME;
      note({
        from,
        channel: rest.readUInt16BE(end + 1),
        method: isMethod ? `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}` : undefined,
        rest: Buffer.from(isMethod ? payload.subarray(4) : payload),
      });
      end += FRAME_OVERHEAD + size;
    }
    sink.write(rest.subarray(0, end));
    rest = rest.subarray(end);
  });
}
