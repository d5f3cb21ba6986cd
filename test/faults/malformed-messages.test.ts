import { createApp, type TaskOf } from '@tq/core';
import { createWorker } from '@tq/worker';
import { expect, test } from 'vitest';
import { brokerUrl, freshPrefix, openPeer, receive } from '../support/broker.js';
import { type Malformed, MalformedMessages } from '../support/malformed.js';
import { soaked } from './fixtures/scale.js';

const COUNT = soaked(900, 10_000);
/** Every so many malformed messages comes a valid one. */
const VALID_EVERY = 50;
const seed = Number(process.env.TQ_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`a worker survives ${COUNT} malformed messages, keeps each with its reason, and runs the valid ones between (seed ${seed})`, async () => {
  const prefix = freshPrefix();
  const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  await using app = createApp({ url: brokerUrl(), prefix, logger });
  const echo = app.declareTask<TaskOf<'echo', (n: number) => number>>('echo');
  const tasks = [new URL('./fixtures/echo-task.js', import.meta.url)];
  await using worker = createWorker(app, { tasks, concurrency: 2, prefetchMultiplier: 20 });
  await worker.start();
  await using peer = await openPeer();

  const channel = await peer.connection.createConfirmChannel();
  const messages = new MalformedMessages(seed);
  const sent: Malformed[] = [];
  const results: Promise<number>[] = [];
  for (let index = 0; index < COUNT; index++) {
    const message = messages.next();
    sent.push(message);
    const options = { ...message.options, messageId: String(index) };
    if (!channel.sendToQueue(`${prefix}tq`, message.body, options)) await channel.waitForConfirms();
    if (index % VALID_EVERY === 0) results.push(echo.delay(index).get());
  }
  await channel.waitForConfirms();

  expect(await Promise.all(results)).toEqual(sent.flatMap((_, index) => (index % VALID_EVERY === 0 ? [index] : [])));
  const letters = await receive(peer, `${prefix}tq.dead`, COUNT);
  const byIndex = new Map(letters.map((letter) => [Number(letter.properties.messageId), letter]));
  const wrong = sent.flatMap(({ kind, body, reasons }, index) => {
    const letter = byIndex.get(index);
    if (letter === undefined) return [`${index} (${kind}): no dead letter`];
    const reason = letter.properties.headers?.['tq-dead-reason'];
    if (!reasons.includes(reason)) return [`${index} (${kind}): expected ${reasons.join(' or ')}, found ${reason}`];
    return letter.content.equals(body) ? [] : [`${index} (${kind}): another body`];
  });
  expect(wrong).toEqual([]);
  expect(worker.health()).toMatchObject({ healthy: true, running: 0 });
});
