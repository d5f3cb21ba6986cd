/** Reply addresses that a worker cannot answer to, whoever made them: each ends its own message and no other. */
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import { openApp } from '../e2e/fixtures/test-app.js';
import { openPeer, queueState, receive } from '../support/broker.js';

const modules = [new URL('../e2e/fixtures/plain-tasks.js', import.meta.url)];

/** RabbitMQ closes the whole connection (541) that publishes to the middle ones. */
const ADDRESSES = [
  ...['gone', 'amq.gen-gone', '\u0000', '\r\n', 'ü'.repeat(127), 'amq.rabbitmq.trace'],
  ...['amq.rabbitmq.reply-to.g2dkAB.gone', 'amq.rabbitmq.reply-to.!!!!.x'],
  ...['amq.rabbitmq.reply-to.', 'amq.rabbitmq.reply-to.a.b.c', 'amq.rabbitmq.reply-to.gone'],
];

it('a message whose reply address nobody can be answered at ends, and the others are answered', async () => {
  await using hostile = openApp();
  await using caller = await openPeer();
  await using worker = createWorker(hostile.app, { tasks: modules, queues: ['mirror'], concurrency: 2 });
  await worker.start();
  const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
  const queue = `${hostile.prefix}mirror`;
  const send = (body: string, to: string) => caller.channel.sendToQueue(queue, Buffer.from(body), { replyTo: to });
  ADDRESSES.forEach((address, n) => {
    send('"lost"', address);
    send(String(n), replyTo);
    // Not even its failure can be told.
    send('no JSON', address);
  });
  // A reply whose confirm a closed connection took along comes once more.
  const answered = new Set<number>();
  while (answered.size < ADDRESSES.length) {
    const [answer] = await receive(caller, replyTo, 1);
    answered.add(Number(answer?.content));
  }
  await receive(caller, `${queue}.dead`, ADDRESSES.length);
  while (worker.health().running > 0);
  await worker.stop();
  expect(await queueState(caller, queue)).toEqual({ messages: 0, consumers: 0 });
  const gone = hostile.lines.filter(({ message }) => message.includes('nobody waits for this result'));
  expect(gone.length).toBeGreaterThan(0);
});
