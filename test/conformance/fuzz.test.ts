/**
 * Random misconduct, repeatable from its printed seed: `TQ_TEST_SEED` sets it, `TQ_TEST_FUZZ` the count of connections.
 */
import { expect, test } from 'vitest';
import { freshPrefix } from '../support/broker.js';
import { FrameFuzzer, type Misconduct } from './support/frame-fuzzer.js';
import { argumentsOf, closeReason, methodName } from './support/frames.js';
import { openRawChannel } from './support/handshake.js';
import { RawConnection } from './support/raw-connection.js';
import { consume, declareQueue, get, publish } from './support/requests.js';

const COUNT = Number(process.env.TQ_TEST_FUZZ ?? 200);
/** Connections at a time: RabbitMQ lets many a wrongdoer wait for three seconds. */
const AT_ONCE = 100;
const seed = Number(process.env.TQ_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** No frame begins with a zero, and none that was begun is longer than this: these zeros end any conversation. */
const SURE_END = Buffer.alloc(131_072 + 8);

/** The codes with which a broker may close a connection for what a client did. */
const CONNECTION_ERRORS = [320, 402, 403, 501, 502, 503, 504, 505, 530, 540, 541];

test(`${COUNT} connections that misbehave close themselves and disturb no other (seed ${seed})`, async () => {
  await using bystander = await openRawChannel();
  const queue = `${freshPrefix()}bystander`;
  bystander.write(declareQueue(1, queue), consume(1, queue, { noAck: true }));
  await bystander.expect('queue.declare-ok', 1);
  await bystander.expect('basic.consume-ok', 1);
  const fuzzer = new FrameFuzzer(seed);
  for (let done = 0; done < COUNT; done += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, COUNT - done) }, () => fuzzer.next());
    await Promise.all(batch.map(misbehave));
    bystander.write(publish(1, queue, `after ${done}`));
    expect(String((await bystander.expectContent('basic.deliver')).body)).toBe(`after ${done}`);
  }
  await expectHealth();
});

/**
 * Sends a conversation and waits until the broker has had enough of it. What comes back must be whole frames, and a close
 * must have a code of those above.
 */
async function misbehave({ kind, bytes }: Misconduct): Promise<void> {
  await using connection = await RawConnection.dial();
  connection.write(bytes, SURE_END);
  for (;;) {
    const found = await connection.nextFrameOrEnd();
    if (found === undefined || methodName(found) === 'connection.close-ok') return;
    if (methodName(found) !== 'connection.close') continue;
    expect(CONNECTION_ERRORS, kind).toContain(closeReason(argumentsOf(found)).code);
    return;
  }
}

async function expectHealth(): Promise<void> {
  await using connection = await openRawChannel();
  const queue = `${freshPrefix()}after`;
  connection.write(declareQueue(1, queue), publish(1, queue, 'well'), get(1, queue));
  await connection.expect('queue.declare-ok', 1);
  expect(String((await connection.expectContent('basic.get-ok')).body)).toBe('well');
}
