/** What befalls messages of programs that know nothing of tasks: bodies of any bytes, workers and connections that end. */
import { fileURLToPath } from 'node:url';
import { createWorker } from '@tq/worker';
import type { Options } from 'amqplib';
import { expect, it, test } from 'vitest';
import { defineHeld } from '../e2e/fixtures/held-task.js';
import { openApp } from '../e2e/fixtures/test-app.js';
import { brokerUrl, freshPrefix, openPeer, queueState, receive } from '../support/broker.js';
import { startProxy } from '../support/cutting-proxy.js';
import { MalformedMessages, seededRandom } from '../support/malformed.js';
import { startTq } from '../support/tq-process.js';

const modules = [new URL('../e2e/fixtures/plain-tasks.js', import.meta.url)];
const FUZZED = 300;
const KILLED = 60;

/** What a plain queue must answer to a body; undefined where it is none that can be read. */
function answerTo(body: Buffer): string | undefined {
  try {
    return JSON.stringify(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)));
  } catch {
    return undefined;
  }
}

/** A body of any bytes, of text that is nearly JSON, or of JSON. */
function fuzzedBody(random: () => number, malformed: MalformedMessages): Buffer {
  const bytes = Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256)));
  if (random() < 0.3) return bytes;
  const text = JSON.stringify({ value: malformed.headerValue(), __proto__: null, n: random() });
  return Buffer.from(random() < 0.5 ? text : text.slice(0, Math.floor(random() * text.length)));
}

it(`each of ${FUZZED} bodies of any bytes, with any headers, is answered as what it is, and none takes the worker down`, async () => {
  const seed = Date.now();
  const random = seededRandom(seed);
  const malformed = new MalformedMessages(seed);
  await using fuzz = openApp();
  await using caller = await openPeer();
  await using worker = createWorker(fuzz.app, { tasks: modules, queues: ['mirror'], concurrency: 2 });
  await worker.start();
  const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
  const expected = new Map<string, string | undefined>();
  for (let n = 0; n < FUZZED; n++) {
    const body = fuzzedBody(random, malformed);
    const correlationId = String(n);
    expected.set(correlationId, answerTo(body));
    const headers = {
      [`h${n}`]: malformed.headerValue(),
      task: malformed.headerValue(),
      retries: malformed.headerValue(),
    };
    const options: Options.Publish = { headers, contentType: malformed.text(8), messageId: malformed.text(3) };
    caller.channel.sendToQueue(`${fuzz.prefix}mirror`, body, { ...options, correlationId, replyTo });
  }
  const replies = await receive(caller, replyTo, FUZZED);
  const answers = replies.map(({ content, properties }): [string, string | undefined] => [
    String(properties.correlationId),
    properties.type === 'error' ? undefined : content.toString(),
  ]);
  expect(new Map(answers), `seed ${seed}`).toEqual(expected);
  const refused = [...expected.values()].filter((answer) => answer === undefined).length;
  const dead = await receive(caller, `${fuzz.prefix}mirror.dead`, refused);
  expect(new Set(dead.map(({ properties }) => properties.headers?.['tq-dead-reason']))).toEqual(new Set(['poison']));
  expect(worker.health()).toMatchObject({ healthy: true });
});

it('a message that is delivered again to where it still runs joins its run, also beside others that say the same', async () => {
  await using proxy = await startProxy(brokerUrl());
  await using cut = openApp({ url: proxy.url });
  const ends = defineHeld(cut.app);
  await using caller = await openPeer();
  await using worker = createWorker(cut.app, { queues: ['held'], concurrency: 4, pool: 'async' });
  let started = 0;
  let look = () => {};
  const starts = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (started === count) resolve();
      };
      look();
    });
  worker.on('task:started', () => {
    started++;
    look();
  });
  await worker.start();
  const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
  const send = (body: string) =>
    caller.channel.sendToQueue(`${cut.prefix}held`, Buffer.from(body), { replyTo, messageId: 'm', correlationId: 'c' });
  for (const body of ['1', '2', '2']) send(body);
  await starts(3);
  const back = new Promise((resolve) => worker.on('queue:attached', resolve));
  proxy.cut();
  await back;
  // It comes after those that were there before it.
  send('3');
  await starts(4);
  for (const end of ends) end();
  const replies = await receive(caller, replyTo, 4);
  expect(replies.map(({ content }) => content.toString()).sort()).toEqual(['1', '2', '2', '3']);
  await worker.stop();
  expect([started, await queueState(caller, replyTo), await queueState(caller, `${cut.prefix}held`)]).toMatchObject([
    4,
    { messages: 0 },
    { messages: 0 },
  ]);
});

test.each(['quorum', 'classic'])(
  `a worker killed in the middle of ${KILLED} plain messages of a %s queue loses none, and each is answered`,
  async (queueType) => {
    const prefix = freshPrefix();
    const env = { TQ_URL: brokerUrl(), TQ_PREFIX: prefix, TQ_QUEUE_TYPE: queueType };
    const options = ['--queues', 'rpc', '--concurrency', '2'];
    const start = () => startTq(['worker', '--app', fileURLToPath(modules[0] as URL), ...options], { env });
    await using caller = await openPeer();
    const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
    const answered = new Set<string>();
    let look = () => {};
    const answers = (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (answered.size >= count) resolve();
        };
        look();
      });
    const onReply = (reply: { content: Buffer; properties: { correlationId: string } } | null) => {
      if (reply?.content.toString() === '317811') answered.add(reply.properties.correlationId);
      look();
    };
    await caller.channel.consume(replyTo, onReply, { noAck: true });
    await using victim = start();
    await victim.line(/ready/);
    for (let n = 0; n < KILLED; n++) {
      // Ids used again, as foreign programs do.
      const own = { correlationId: String(n), messageId: String(n % 3), persistent: true };
      caller.channel.sendToQueue(`${prefix}rpc`, Buffer.from('28'), { ...own, replyTo });
    }
    await answers(KILLED / 6);
    victim.kill('SIGKILL');
    expect(await victim.ended).toMatchObject({ signal: 'SIGKILL' });
    await using _ = start();
    await answers(KILLED);
    expect(await queueState(caller, `${prefix}rpc.dead`)).toMatchObject({ messages: 0 });
  },
);
