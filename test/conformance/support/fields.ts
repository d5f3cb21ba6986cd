/**
 * The elementary AMQP values as bytes, and a reader for them. Written by hand, so that a test can also send what no client
 * library would. Source: AMQP 0-9-1 section 4.2.5.
 */

/** An unsigned 8-bit integer, or eight bits of flags, the first flag lowest. */
export function octet(value: number): Buffer {
  return Buffer.of(value & 0xff);
}

/** Up to eight consecutive `bit` arguments, packed in the order in which the method declares them. */
export function bits(...flags: boolean[]): Buffer {
  return octet(flags.reduce((packed, flag, index) => packed | (flag ? 1 << index : 0), 0));
}

/** An unsigned 16-bit integer. */
export function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** An unsigned 32-bit integer. */
export function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An unsigned 64-bit integer, also a timestamp. */
export function longlong(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Text of at most 255 bytes behind one byte of length. */
export function shortstr(text: string | Buffer): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([octet(bytes.length), bytes]);
}

/** Any bytes behind four bytes of length. */
export function longstr(text: string | Buffer): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([long(bytes.length), bytes]);
}

/** A field table of these entries (`entry`). */
export function table(...entries: Buffer[]): Buffer {
  return longstr(Buffer.concat(entries));
}

/** One entry of a field table: its name, the letter of its type, the bytes of its value. */
export function entry(name: string, type: string, ...value: Buffer[]): Buffer {
  return Buffer.concat([shortstr(name), item(type, ...value)]);
}

/** One item of an array field: the letter of its type and the bytes of its value. */
export function item(type: string, ...value: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), ...value]);
}

/** Reads elementary values one after the other. Reading past the end throws Node's own RangeError. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  octet(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  longlong(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8));
  }

  shortstr(): string {
    return String(this.take(this.octet()));
  }

  longstr(): Buffer {
    return this.take(this.long());
  }

  /** The next `length` bytes; all that is left by default. */
  take(length = this.left): Buffer {
    if (length > this.left) throw new RangeError(`expected ${length} more bytes, found ${this.left}`);
    const from = this.#advance(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /**
   * A table of booleans, texts and tables, which is what the server's properties are.
   * @throws when it holds a field of another type
   */
  table(): Record<string, unknown> {
    const inner = new FieldReader(this.longstr());
    const entries: [string, unknown][] = [];
    while (inner.left > 0) entries.push([inner.shortstr(), inner.#fieldValue()]);
    return Object.fromEntries(entries);
  }

  #fieldValue(): unknown {
    const type = String.fromCharCode(this.octet());
    if (type === 't') return this.octet() !== 0;
    if (type === 'S') return String(this.longstr());
    if (type === 'F') return this.table();
    throw new Error(`expected a field of type t, S or F, found ${type}`);
  }

  #advance(length: number): number {
    const from = this.#at;
    this.#at += length;
    return from;
  }
}
