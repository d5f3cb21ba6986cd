import { describe, expect, it } from 'vitest';
import { ProtocolHeader } from '../../src/session/protocol-header.js';

const HEADER = 'AMQP\0\0\x09\x01';

function greet(...chunks: readonly string[]) {
  const header = new ProtocolHeader();
  return chunks.map((chunk) => header.push(Buffer.from(chunk, 'latin1')));
}

describe('a protocol header', () => {
  it('may come with what follows', () => {
    expect(greet(`${HEADER}rest`)).toEqual([{ kind: 'agreed', rest: Buffer.from('rest') }]);
  });

  it('may come octet by octet', () => {
    const greetings = greet(...HEADER);
    expect(greetings.slice(0, -1).every(({ kind }) => kind === 'unfinished')).toBe(true);
    expect(greetings.at(-1)).toEqual({ kind: 'agreed', rest: Buffer.alloc(0) });
  });

  it('may be that of AMQP 0-9', () => {
    expect(greet('AMQP\x01\x01\0\x09')).toMatchObject([{ kind: 'agreed' }]);
  });

  it.each([
    ['AMQP 0-8', 'AMQP\x01\x01\x08\0'],
    ['AMQP 1.0', 'AMQP\0\x01\0\0'],
    ['HTTP', 'GET / HTTP/1.1\r\n'],
    ['TLS', '\x16\x03\x01\x02\0\x01\0\x01'],
  ])('is foreign when it is that of %s', (_protocol, bytes) => {
    expect(greet(bytes)).toEqual([{ kind: 'foreign' }]);
  });
});
