/**
 * What goes wrong before the connection is open. Most of it RabbitMQ punishes with seconds of silence and a closed socket,
 * so those cases run side by side.
 */
import { describe, expect, test } from 'vitest';
import { entry, long, longstr, shortstr, table } from './support/fields.js';
import { describeFrame, frame, heartbeat, METHOD, METHODS, method, methodName } from './support/frames.js';
import {
  brokerUser,
  capabilities,
  dialStarted,
  dialTuning,
  open,
  openRaw,
  plainResponse,
  startOk,
  tuneOk,
} from './support/handshake.js';
import type { RawConnection } from './support/raw-connection.js';
import { closeConnection, declareQueue, openChannel } from './support/requests.js';

/** What comes after connection.start until the broker closes the socket, when a client sends these bytes. */
async function answersTo(dial: () => Promise<RawConnection>, bytes: Buffer[]): Promise<string[]> {
  await using connection = await dial();
  connection.write(...bytes);
  return (await connection.remainingFrames()).map((found) => methodName(found) ?? describeFrame(found));
}

const announcing = capabilities('authentication_failure_close');

const AFTER_START: Record<string, Buffer[]> = {
  'a wrong password, not announcing authentication_failure_close': [
    startOk({ response: plainResponse(brokerUser(), 'x') }),
  ],
  'an unknown user': [startOk({ response: plainResponse('nobody', 'guest') })],
  'an empty user and password': [startOk({ response: Buffer.from('\0\0') })],
  'a PLAIN response without its zero bytes': [startOk({ response: Buffer.from('guest') })],
  'such a response, announcing authentication_failure_close': [
    startOk({ response: Buffer.from('guest'), properties: announcing }),
  ],
  'an unknown mechanism': [startOk({ mechanism: 'NOPE' })],
  'no mechanism': [startOk({ mechanism: '', properties: announcing })],
  'connection.tune-ok too early': [tuneOk()],
  'connection.open too early': [open()],
  'connection.close too early': [closeConnection()],
  'channel.open too early': [openChannel(1)],
  'an unanswerable secure-ok': [method(0, 'connection.secure-ok', longstr('what'))],
  'a wrong frame end': [frame(METHOD, 0, Buffer.from([0, 10, 0, 11]), { end: 0 })],
  'a frame above 4096 bytes': [frame(METHOD, 0, Buffer.alloc(5000))],
  'client properties longer than their frame': [
    method(0, 'connection.start-ok', long(100_000), shortstr('PLAIN'), longstr(plainResponse()), shortstr('en_US')),
  ],
};

const AFTER_TUNE: Record<string, Buffer[]> = {
  'a frame size below 4096': [tuneOk({ frameMax: 4095 }), open()],
  'a frame size of 1': [tuneOk({ frameMax: 1 }), open()],
  'a frame size above the one offered': [tuneOk({ frameMax: 131_073 }), open()],
  'an unlimited frame size': [tuneOk({ frameMax: 0 }), open()],
  'more channels than offered': [tuneOk({ channelMax: 2048 }), open()],
  'unlimited channels': [tuneOk({ channelMax: 0 }), open()],
  'connection.open before tune-ok': [open()],
  'connection.close before tune-ok': [closeConnection()],
  'a second start-ok': [startOk()],
};

test('whatever is refused before the limits are settled ends in a closed socket without a word', async () => {
  const cases = [
    ...Object.entries(AFTER_START).map(([name, bytes]) => ({ name, dial: dialStarted, bytes })),
    ...Object.entries(AFTER_TUNE).map(([name, bytes]) => ({ name, dial: () => dialTuning(), bytes })),
  ];
  const answers = await Promise.all(cases.map(async ({ name, dial, bytes }) => [name, await answersTo(dial, bytes)]));
  expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(cases.map(({ name }) => [name, []])));
});

describe('between tune-ok and open', () => {
  test.for([
    ['connection.tune-ok', tuneOk()],
    ['connection.start-ok', startOk()],
    ['connection.close', closeConnection()],
  ] as const)('%s is refused with 504', async ([name, bytes]) => {
    await using connection = await dialTuning();
    connection.write(tuneOk(), bytes);
    const [classId, methodId] = METHODS[name];
    const text = 'CHANNEL_ERROR - unexpected method in connection state opening';
    expect(await connection.expectConnectionClose()).toEqual({ code: 504, text, classId, methodId });
  });

  test('a frame of another channel is refused with 505', async () => {
    await using connection = await dialTuning();
    connection.write(tuneOk(), openChannel(1));
    expect(await connection.expectConnectionClose()).toEqual({
      code: 505,
      text: 'UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>',
      classId: 0,
      methodId: 0,
    });
  });
});

describe('on channel 0 of an open connection', () => {
  test.for([
    ['connection.open', open()],
    ['connection.start-ok', startOk()],
    ['connection.tune-ok', tuneOk()],
    ['connection.close-ok', method(0, 'connection.close-ok')],
    ['connection.open-ok', method(0, 'connection.open-ok', shortstr(''))],
    ['channel.open', openChannel(0)],
    ['queue.declare', declareQueue(0, 'any')],
  ] as const)('%s is refused with 504', async ([name, bytes]) => {
    await using connection = await openRaw();
    connection.write(bytes);
    const [classId, methodId] = METHODS[name];
    const text = 'CHANNEL_ERROR - unexpected method in connection state running';
    expect(await connection.expectConnectionClose()).toEqual({ code: 504, text, classId, methodId });
  });
});

test('before the limits are settled a client may send heartbeats and a start-ok of up to 4096 bytes', async () => {
  await using connection = await dialStarted();
  connection.write(heartbeat, startOk({ properties: table(entry('note', 'S', longstr('x'.repeat(4000)))) }));
  await connection.expect('connection.tune');
});
