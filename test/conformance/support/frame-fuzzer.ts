/** Conversations that go wrong in random ways, the same ones again for the same seed. */
import { seededRandom } from '../../support/malformed.js';
import { bits, entry, item, long, longlong, longstr, octet, short, shortstr, table } from './fields.js';
import {
  BODY,
  bodyFrames,
  FRAME_OVERHEAD,
  frame,
  HEADER,
  header,
  heartbeat,
  METHOD,
  METHODS,
  method,
  methodOf,
} from './frames.js';
import { open, PROTOCOL_HEADER, startOk, tuneOk } from './handshake.js';
import { ack, closeChannel, consume, get, openChannel, prefetch, publish, publishMethod } from './requests.js';

/** What to send on a new socket, and what was done to it. */
export interface Misconduct {
  readonly kind: string;
  readonly bytes: Buffer;
}

/** Makes conversations that start well and then break the protocol, or keep to it by chance. */
export class FrameFuzzer {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** The next conversation. What it declares has names of the broker's and goes with the connection. */
  next(): Misconduct {
    const kind = this.#pick(Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[]);
    const handshake = [PROTOCOL_HEADER, startOk(), tuneOk(), open()];
    // Mostly the whole handshake, so that the rest reaches the channels.
    const intact = this.chance(0.8) ? handshake.length : this.upTo(handshake.length);
    const rest = [...handshake.slice(intact), ...this.#talk()];
    return { kind, bytes: Buffer.concat([...handshake.slice(0, intact), ...MUTATIONS[kind](this, rest)]) };
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  /** A whole number from 0 to below the limit. */
  upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.upTo(256)));
  }

  /** Small numbers, powers of two and their neighbours, any number: what lengths and ids are made of. */
  number(limit: number): number {
    const edge = 2 ** this.upTo(33) + this.upTo(3) - 1;
    return Math.min(this.#pick([this.upTo(5), edge, this.upTo(limit)]), limit - 1);
  }

  /** A frame whose head is plausible and whose payload need not be. */
  frame(): Buffer {
    const payload = this.#pick([this.bytes(this.upTo(60)), this.#methodPayload(), this.#headerPayload()]);
    const type = this.chance(0.8) ? this.#pick([METHOD, HEADER, BODY]) : this.upTo(256);
    const end = this.chance(0.95) ? {} : { end: this.upTo(256) };
    const length = this.chance(0.9) ? {} : { length: this.number(2 ** 32) };
    return frame(type, this.chance(0.8) ? 1 : this.number(65_536), payload, { ...end, ...length });
  }

  /** A table of random fields, most of them well-formed. */
  table(depth = 0): Buffer {
    return table(...Array.from({ length: this.upTo(5) }, () => this.#entry(depth)));
  }

  #entry(depth: number): Buffer {
    const nested =
      depth < 4 ? [() => item('F', this.table(depth + 1)), () => item('A', longstr(this.table(depth + 1)))] : [];
    const value = this.#pick([
      ...nested,
      () => item('S', longstr(this.bytes(this.upTo(20)))),
      () => item(this.#pick([...'tbBsuIilLfdDTSxV']), this.bytes(this.upTo(10))),
      () => item('t', octet(1)),
      () => item(String.fromCharCode(this.upTo(256)), this.bytes(4)),
    ]);
    return Buffer.concat([shortstr(this.bytes(this.upTo(6))), value()]);
  }

  #methodPayload(): Buffer {
    const [classId, methodId] = this.chance(0.9)
      ? this.#pick(Object.values(METHODS).filter(([id]) => id !== METHODS['queue.declare'][0]))
      : ([this.number(65_536), this.number(65_536)] as const);
    const args = Array.from({ length: this.upTo(4) }, () => this.bytes(this.upTo(8)));
    return methodOf(0, [classId, methodId], ...args, this.table()).subarray(7, -1);
  }

  #headerPayload(): Buffer {
    const size = longlong(this.number(2 ** 40));
    return Buffer.concat([
      short(60),
      short(0),
      size,
      short(this.number(65_536)),
      this.table(),
      this.bytes(this.upTo(9)),
    ]);
  }

  /** A conversation that a broker answers without an error. */
  #talk(): Buffer[] {
    const body = this.bytes(this.upTo(300));
    const properties = Buffer.concat([short(0x2000), table(entry('header', 'S', longstr(this.bytes(9))))]);
    return [
      openChannel(1),
      // Exclusive and auto-delete: should a flipped bit undo the one, the other still removes the queue.
      method(1, 'queue.declare', short(0), shortstr(''), bits(false, false, true, true, false), table()),
      prefetch(1, 5),
      method(1, 'confirm.select', bits(false)),
      publish(1, '', body, { properties }),
      heartbeat,
      publishMethod(1, ''),
      header(1, body.length),
      ...bodyFrames(1, body, 64),
      get(1, '', false),
      ack(1, 1),
      consume(1, ''),
      method(1, 'channel.flow', bits(true)),
      openChannel(2),
      method(1, 'queue.declare', short(0), shortstr(''), bits(true), table(entry('x', 'I', long(1)))),
      closeChannel(2),
    ];
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.upTo(items.length)] as T;
  }
}

type Mutate = (from: FrameFuzzer, rest: Buffer[]) => Buffer[];

const MUTATIONS = {
  'some bits flipped': (from, rest) => {
    const bytes = Buffer.concat(rest);
    for (let flips = 1 + from.upTo(4); flips > 0; flips--) {
      const at = from.upTo(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << from.upTo(8)), at);
    }
    return [bytes];
  },
  'one byte replaced': (from, rest) => {
    const bytes = Buffer.concat(rest);
    bytes.writeUInt8(from.upTo(256), from.upTo(bytes.length));
    return [bytes];
  },
  'bytes inserted': (from, rest) => {
    const bytes = Buffer.concat(rest);
    const at = from.upTo(bytes.length);
    return [bytes.subarray(0, at), from.bytes(1 + from.upTo(20)), bytes.subarray(at)];
  },
  'bytes taken out': (from, rest) => {
    const bytes = Buffer.concat(rest);
    const at = from.upTo(bytes.length);
    return [bytes.subarray(0, at), bytes.subarray(at + 1 + from.upTo(20))];
  },
  'cut short': (from, rest) => {
    const bytes = Buffer.concat(rest);
    return [bytes.subarray(0, from.upTo(bytes.length))];
  },
  'a frame left out': (from, rest) => rest.toSpliced(from.upTo(rest.length), 1),
  'a frame twice': (from, rest) => {
    const at = from.upTo(rest.length);
    return rest.toSpliced(at, 0, rest[at]!);
  },
  'two frames exchanged': (from, rest) => {
    const [one, other] = [from.upTo(rest.length), from.upTo(rest.length)];
    return rest.with(one, rest[other]!).with(other, rest[one]!);
  },
  'a length that lies': (from, rest) => {
    const at = from.upTo(rest.length);
    const lying = Buffer.from(rest[at]!);
    if (lying.length >= FRAME_OVERHEAD) lying.writeUInt32BE(from.number(2 ** 32), 3);
    return rest.with(at, lying);
  },
  'a frame of chance put in': (from, rest) => rest.toSpliced(from.upTo(rest.length), 0, from.frame()),
  'frames of chance at the end': (from, rest) => [
    ...rest,
    ...Array.from({ length: 1 + from.upTo(5) }, () => from.frame()),
  ],
  'properties of chance': (from, rest) => {
    const properties = Buffer.concat([short(0x2000 | from.upTo(0x1_0000)), from.table(), from.bytes(from.upTo(30))]);
    return [...rest, publish(1, 'nowhere', 'body', { properties })];
  },
  'arguments of chance': (from, rest) => [
    ...rest,
    method(1, 'basic.consume', short(0), shortstr(''), shortstr(''), octet(from.upTo(256)), from.table()),
  ],
  noise: (from, rest) => [rest[0]!, from.bytes(from.upTo(400))],
} satisfies Record<string, Mutate>;
