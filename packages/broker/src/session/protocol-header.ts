import { PROTOCOL_HEADER } from '../wire/constants.js';

/** What a client's first bytes come to: not enough yet, AMQP 0-9-1 and what follows, or something else. */
export type Greeting =
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'agreed'; readonly rest: Buffer }
  | { readonly kind: 'foreign' };

/** What some clients send for AMQP 0-9, which is near enough. */
const HEADER_0_9: Buffer = Buffer.from('AMQP\x01\x01\x00\x09', 'latin1');

/** Reads the protocol header (AMQP 0-9-1 section 4.2.2), in however many pieces it comes. */
export class ProtocolHeader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Greeting {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const { length } = PROTOCOL_HEADER;
    if (this.#bytes.length < length) return { kind: 'unfinished' };
    const header = this.#bytes.subarray(0, length);
    if (!header.equals(PROTOCOL_HEADER) && !header.equals(HEADER_0_9)) return { kind: 'foreign' };
    return { kind: 'agreed', rest: this.#bytes.subarray(length) };
  }
}
