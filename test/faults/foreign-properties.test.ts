/** Properties and headers of foreign messages that a copy cannot carry as they came, or hardly can. */
import { createWorker } from '@tq/worker';
import type { ChannelModel } from 'amqplib';
import { expect, it } from 'vitest';
import { openApp } from '../e2e/fixtures/test-app.js';
import { openPeer, queueState, receive } from '../support/broker.js';

const modules = [new URL('../e2e/fixtures/plain-tasks.js', import.meta.url)];
/** Longer in UTF-8 than AMQP's short strings may be, once its bytes were read as text. */
const BROKEN = Buffer.alloc(200, 0xff);
/** Written in place of it, since amqplib writes UTF-8 alone. */
const STAND_IN = 'Q'.repeat(BROKEN.length);

/** Writes bytes that are no UTF-8 wherever the stand-in is written. */
function breakBytes(connection: ChannelModel): void {
  const { stream } = connection.connection as unknown as { stream: { write(chunk: Buffer): boolean } };
  const write = stream.write.bind(stream);
  stream.write = (chunk) => {
    const bytes = Buffer.from(chunk);
    for (let at = bytes.indexOf(STAND_IN); at >= 0; at = bytes.indexOf(STAND_IN)) BROKEN.copy(bytes, at);
    return write(bytes);
  };
}

const PROPERTIES = [
  ...(['correlationId', 'messageId', 'replyTo', 'type', 'appId', 'contentType', 'contentEncoding'] as const),
];

it('a message of whose properties one is no UTF-8 is answered where that can be, tried again, kept as a dead letter, and acked', async () => {
  await using odd = openApp({ delayUnit: 10 });
  await using caller = await openPeer();
  breakBytes(caller.connection);
  await using worker = createWorker(odd.app, { tasks: modules, queues: ['mirror', 'broken'], concurrency: 1 });
  await worker.start();
  const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
  for (const queue of ['mirror', 'broken']) {
    for (const property of PROPERTIES) {
      const options = { replyTo, [property]: STAND_IN };
      caller.channel.sendToQueue(`${odd.prefix}${queue}`, Buffer.from(JSON.stringify(property)), options);
    }
  }
  const dead = await receive(caller, `${odd.prefix}broken.dead`, PROPERTIES.length);
  expect(dead.map(({ content }) => JSON.parse(content.toString())).sort()).toEqual([...PROPERTIES].sort());
  expect(new Set(dead.map(({ properties }) => properties.headers?.['tq-dead-reason']))).toEqual(new Set(['failed']));
  const replies = await receive(caller, replyTo, 2 * (PROPERTIES.length - 2));
  const answered = replies.flatMap(({ content, properties }) =>
    properties.type === 'error' ? [] : [JSON.parse(content.toString())],
  );
  // Nobody knows where the others are to go, or what they answer.
  expect(answered.sort()).toEqual(PROPERTIES.filter((name) => name !== 'replyTo' && name !== 'correlationId').sort());
  await worker.stop();
  for (const queue of ['mirror', 'broken']) {
    expect(await queueState(caller, `${odd.prefix}${queue}`)).toEqual({ messages: 0, consumers: 0 });
  }
});
