/** Whatever a publisher puts into the properties, a consumer gets byte for byte. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { entry, item, long, longlong, longstr, octet, short, shortstr, table } from './support/fields.js';
import { brokerUser, openRawChannel } from './support/handshake.js';
import type { RawConnection } from './support/raw-connection.js';
import { consume, declareQueue, get, publish } from './support/requests.js';

let connection: RawConnection;
let queue: string;

beforeEach(async () => {
  connection = await openRawChannel();
  queue = `${freshPrefix()}fields`;
  connection.write(declareQueue(1, queue));
  await connection.expect('queue.declare-ok', 1);
});

afterEach(() => connection[Symbol.asyncDispose]());

/** The properties as basic.get brings them back, and as basic.deliver does. */
async function roundTrip(properties: Buffer): Promise<Buffer[]> {
  connection.write(publish(1, queue, 'b', { properties }), get(1, queue));
  const got = await connection.expectContent('basic.get-ok');
  connection.write(consume(1, queue, { noAck: true }), publish(1, queue, 'b', { properties }));
  await connection.expect('basic.consume-ok', 1);
  return [got.properties, (await connection.expectContent('basic.deliver')).properties];
}

const HEADERS = 0x2000;
const withHeaders = (...entries: Buffer[]) => Buffer.concat([short(HEADERS), table(...entries)]);
const hex = (digits: string) => Buffer.from(digits, 'hex');

const VALUES: Record<string, readonly Buffer[]> = {
  't (boolean)': ['00', '01', '02', 'ff'].map((digits) => item('t', hex(digits))),
  'b (signed byte)': ['00', '7f', '80', 'ff'].map((digits) => item('b', hex(digits))),
  'B (unsigned byte)': ['00', '80', 'ff'].map((digits) => item('B', hex(digits))),
  's (signed 16 bits)': ['0000', '7fff', '8000', 'ffff'].map((digits) => item('s', hex(digits))),
  'u (unsigned 16 bits)': ['0000', '8000', 'ffff'].map((digits) => item('u', hex(digits))),
  'I (signed 32 bits)': ['00000000', '7fffffff', '80000000'].map((digits) => item('I', hex(digits))),
  'i (unsigned 32 bits)': ['00000000', '80000000', 'ffffffff'].map((digits) => item('i', hex(digits))),
  'l (signed 64 bits)': ['0000000000000000', '7fffffffffffffff', '8000000000000000', '0020000000000001'].map((digits) =>
    item('l', hex(digits)),
  ),
  'L (64 bits)': ['0000000000000001', 'ffffffffffffffff'].map((digits) => item('L', hex(digits))),
  'f (float)': ['00000000', '80000000', '3fc00000', '00000001', '7f7fffff'].map((digits) => item('f', hex(digits))),
  'd (double)': ['8000000000000000', '3ff8000000000000', '0000000000000001', '7fefffffffffffff'].map((digits) =>
    item('d', hex(digits)),
  ),
  'D (decimal)': ['0000000000', '02000004d2', 'ffffffffff'].map((digits) => item('D', hex(digits))),
  'T (timestamp)': [0, 1_700_000_000, 2 ** 33, 0xffff_ffff_ffff_ffffn].map((time) => item('T', longlong(time))),
  'S (long string)': ['', 'text', 'Grüße → 世界', 'x'.repeat(300)].map((text) => item('S', longstr(text))),
  'S that is no UTF-8': [item('S', longstr(hex('00ff80fe')))],
  'x (bytes)': [item('x', longstr('')), item('x', longstr(hex('00ff80')))],
  'V (void)': [item('V')],
  'A (array)': [
    item('A', longstr('')),
    item('A', longstr(Buffer.concat([item('V'), item('t', octet(1)), item('I', long(7))]))),
  ],
  'F (table)': [item('F', table()), item('F', table(entry('inner', 'S', longstr('text')), entry('', 'V')))],
};

test.for(Object.entries(VALUES))('headers of type %s are kept', async ([, values]) => {
  const properties = withHeaders(...values.map((value, index) => Buffer.concat([shortstr(`h${index}`), value])));
  for (const found of await roundTrip(properties)) expect(found).toEqual(properties);
});

test('arrays keep items of every type', async () => {
  const properties = withHeaders(entry('all', 'A', longstr(Buffer.concat(Object.values(VALUES).flat()))));
  for (const found of await roundTrip(properties)) expect(found).toEqual(properties);
});

describe('header tables are kept', () => {
  test.for<readonly [string, Buffer]>([
    ['that are empty', withHeaders()],
    [
      'with an empty name, a long name, a name twice',
      withHeaders(entry('', 'V'), entry('n'.repeat(255), 'V'), entry('', 'V')),
    ],
    [
      'in an order of their own',
      withHeaders(...['z', 'a', '10', '9', 'constructor', '__proto__'].map((name) => entry(name, 'V'))),
    ],
    ['with names that are no UTF-8', withHeaders(Buffer.concat([octet(2), hex('fffe'), item('V')]))],
    ['with a text of 100,000 bytes', withHeaders(entry('long', 'S', longstr('y'.repeat(100_000))))],
    ['with 2,000 entries', withHeaders(...Array.from({ length: 2000 }, (_, i) => entry(`n${i}`, 'I', long(i))))],
    ['nested 100 deep', withHeaders(nested(100))],
    [
      'with what brokers use themselves',
      withHeaders(entry('x-death', 'S', longstr('mine')), entry('x-delivery-count', 'l', longlong(5))),
    ],
  ])('%s', async ([, properties]) => {
    for (const found of await roundTrip(properties)) expect(found).toEqual(properties);
  });
});

/** Tables in arrays in tables. */
function nested(depth: number): Buffer {
  if (depth === 0) return entry('end', 'S', longstr('here'));
  return entry('deeper', 'A', longstr(item('F', table(nested(depth - 1)))));
}

const ALL = [
  shortstr('text/plain'),
  shortstr('utf-8'),
  table(entry('header', 'S', longstr('value'))),
  octet(2),
  octet(9),
  shortstr('correlation'),
  shortstr('reply.to'),
  shortstr('60000'),
  shortstr('message'),
  longlong(2 ** 32 + 1),
  shortstr('type'),
  shortstr(brokerUser()),
  shortstr('application'),
  shortstr('cluster'),
] as const;

/** The flag of the property at this place. */
const flag = (index: number) => 0x8000 >> index;

describe('properties are kept', () => {
  test('all fourteen', async () => {
    const properties = Buffer.concat([short(0xfffc), ...ALL]);
    for (const found of await roundTrip(properties)) expect(found).toEqual(properties);
  });

  test('each alone', async () => {
    for (const [index, value] of ALL.entries()) {
      const properties = Buffer.concat([short(flag(index)), value]);
      connection.write(publish(1, queue, 'b', { properties }), get(1, queue));
      expect((await connection.expectContent('basic.get-ok')).properties).toEqual(properties);
    }
  });

  test('none', async () => {
    for (const found of await roundTrip(short(0))) expect(found).toEqual(short(0));
  });

  test.for<readonly [string, number, Buffer]>([
    ['an empty text', 0, shortstr('')],
    ['a text of 255 bytes', 5, shortstr('c'.repeat(255))],
    ['a text that is no UTF-8', 8, shortstr(hex('fffe00'))],
    ['delivery mode 1', 3, octet(1)],
    ['priority 255', 4, octet(255)],
    ['a timestamp of 0', 9, longlong(0)],
    ['the last timestamp', 9, longlong(0xffff_ffff_ffff_ffffn)],
    ['an expiration of ten digits', 7, shortstr('4294967295')],
  ])('%s', async ([, index, value]) => {
    const properties = Buffer.concat([short(flag(index)), value]);
    for (const found of await roundTrip(properties)) expect(found).toEqual(properties);
  });
});

test('properties and routing keys come back in a returned message too', async () => {
  const properties = Buffer.concat([short(0xfffc), ...ALL]);
  connection.write(publish(1, 'nowhere', 'b', { properties, mandatory: true }));
  const returned = await connection.expectContent('basic.return');
  expect([returned.method.short(), returned.method.shortstr()]).toEqual([312, 'NO_ROUTE']);
  expect([returned.method.shortstr(), returned.method.shortstr()]).toEqual(['', 'nowhere']);
  expect(returned.properties).toEqual(properties);
});
