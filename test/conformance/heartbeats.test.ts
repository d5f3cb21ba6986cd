import { describe, expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { BODY, frame, HEARTBEAT, header, heartbeat } from './support/frames.js';
import { dialStarted, dialTuning, openRaw, openRawChannel } from './support/handshake.js';
import { RawConnection } from './support/raw-connection.js';
import { consume, declareQueue, deleteQueue, get, publish, publishMethod } from './support/requests.js';

/** A silent client has two to three heartbeats' time; ms, with some to spare for a busy machine. */
const AT_LEAST = 1_900;
const AT_MOST = 5_000;

describe.concurrent('a client that settles for heartbeats of one second', () => {
  test('gets heartbeats that are empty frames on channel 0, more than one a second', async () => {
    await using connection = await openRaw({ heartbeat: 1 });
    const began = performance.now();
    for (let beats = 0; beats < 3; beats++) {
      const found = await connection.nextFrame();
      expect({ ...found, payload: found.payload.length }).toEqual({ type: HEARTBEAT, channel: 0, payload: 0 });
      connection.write(heartbeat);
    }
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test('stays connected as long as it sends some bytes, even of an unfinished frame', async () => {
    await using connection = await openRawChannel({ heartbeat: 1 });
    const slow = frame(BODY, 1, Buffer.from('slowly'));
    connection.write(publishMethod(1, 'nowhere'), header(1, 6));
    for (const byte of slow) {
      expect((await connection.nextFrame()).type).toBe(HEARTBEAT);
      connection.write(Buffer.of(byte));
    }
    connection.write(declareQueue(1, ''));
    await connection.expect('queue.declare-ok', 1);
  });

  test('is dropped without a word when it sends nothing, after two to three seconds', async () => {
    await using connection = await openRaw({ heartbeat: 1 });
    const began = performance.now();
    const frames = await connection.remainingFrames();
    const silent = performance.now() - began;
    expect(frames.every(({ type }) => type === HEARTBEAT)).toBe(true);
    expect(silent).toBeGreaterThan(AT_LEAST);
    expect(silent).toBeLessThan(AT_MOST);
  });

  test('has its unacknowledged messages given to another consumer as redelivered, in order, when it is dropped', async () => {
    await using healthy = await openRawChannel();
    await using silent = await openRawChannel({ heartbeat: 1 });
    const queue = `${freshPrefix()}held`;
    healthy.write(declareQueue(1, queue, { exclusive: false }));
    await healthy.expect('queue.declare-ok', 1);
    silent.write(consume(1, queue));
    await silent.expect('basic.consume-ok', 1);
    healthy.write(publish(1, queue, 'first'), publish(1, queue, 'second'));
    for (const body of ['first', 'second']) {
      expect(String((await silent.expectContent('basic.deliver')).body)).toBe(body);
    }
    healthy.write(consume(1, queue, { noAck: true }));
    await healthy.expect('basic.consume-ok', 1);
    for (const body of ['first', 'second']) {
      const { method, body: found } = await healthy.expectContent('basic.deliver');
      expect([method.shortstr(), method.longlong() > 0n, method.octet(), String(found)]).toEqual([
        'consumer',
        true,
        1,
        body,
      ]);
    }
    await silent.closed();
    healthy.write(deleteQueue(1, queue));
    await healthy.expect('queue.delete-ok', 1);
  });
});

test.concurrent('a client that halts before the connection is open is dropped without a word after ten seconds', async () => {
  const began = performance.now();
  const dials = [() => RawConnection.dial(), () => dialStarted(), () => dialTuning()];
  const waits = dials.map(async (dial) => {
    await using connection = await dial();
    expect(await connection.remainingFrames()).toEqual([]);
    return performance.now() - began;
  });
  for (const waited of await Promise.all(waits)) {
    expect(waited).toBeGreaterThan(9_500);
    expect(waited).toBeLessThan(13_000);
  }
});

test.concurrent('a client that settles for none gets none and may stay silent', async () => {
  await using witness = await openRaw({ heartbeat: 1 });
  await using connection = await openRawChannel({ heartbeat: 0 });
  // The witness was as silent, with heartbeats; its end says that time enough has passed.
  await witness.remainingFrames();
  connection.write(get(1, ''));
  await connection.expectChannelClose(1);
});
