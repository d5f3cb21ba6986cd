/** Plain messages at their edges: where they name their function, when they come too late, and headers of every type. */
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import { openPeer, queueState, receive, takeAll } from '../support/broker.js';
import { defineHeld } from './fixtures/held-task.js';
import { openApp } from './fixtures/test-app.js';

const modules = [new URL('fixtures/plain-tasks.js', import.meta.url)];
const text = ({ content }: { readonly content: Buffer }) => content.toString();

it.each([
  ['app_id', { appId: 'square' }, { type: 'square', headers: { task: 'square' } }],
  ['type', { type: 'square', appId: 'echo' }, { appId: 'square', headers: { task: 'square' } }],
  [{ header: 'fn' }, { headers: { fn: 'square' }, type: 'echo' }, { type: 'square', headers: { task: 'square' } }],
] as const)(
  'where functionFrom says %s a function is named there and nowhere else',
  async (functionFrom, there, elsewhere) => {
    await using test = openApp({ queues: { several: { functionFrom }, mirror: { functionFrom } } });
    await using caller = await openPeer();
    await using worker = createWorker(test.app, { tasks: modules, queues: ['several', 'mirror'], concurrency: 1 });
    await worker.start();
    const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
    const ask = async (queue: string, options: object) => {
      caller.channel.sendToQueue(`${test.prefix}${queue}`, Buffer.from('5'), { replyTo, ...options });
      const [reply] = await receive(caller, replyTo, 1);
      return text(reply as never);
    };
    expect(await ask('several', there)).toBe('25');
    expect(await ask('several', elsewhere)).toContain('names no function');
    // Also of a task that has its queue alone.
    expect(await ask('mirror', elsewhere)).toContain('names no function');
    expect(await ask('mirror', there)).toContain("No task named 'square' here");
    expect((await receive(caller, `${test.prefix}several.dead`, 1)).map(text)).toEqual(['5']);
  },
);

it('a message that expires while it waits for a slot is not started: its caller hears so, and its dead letter stays', async () => {
  await using test = openApp();
  const ends = defineHeld(test.app);
  await using caller = await openPeer();
  await using worker = createWorker(test.app, {
    queues: ['held'],
    concurrency: 1,
    prefetchMultiplier: 2,
    pool: 'async',
  });
  const started = new Promise((resolve) => worker.on('task:started', resolve));
  await worker.start();
  const queue = `${test.prefix}held`;
  const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
  caller.channel.sendToQueue(queue, Buffer.from('1'), { replyTo });
  await started;
  caller.channel.sendToQueue(queue, Buffer.from('2'), {
    replyTo,
    correlationId: 'late',
    expiration: '300',
    messageId: 'm2',
  });
  while ((await queueState(caller, queue))?.messages !== 0);
  // Its time runs from when the worker has read it, which is soon after the broker has sent it.
  const sentAt = Date.now();
  while (Date.now() <= sentAt + 1_000) await queueState(caller, queue);
  ends[0]?.();
  const [first, late] = await receive(caller, replyTo, 2);
  expect(text(first as never)).toBe('1');
  expect(late?.properties).toMatchObject({
    correlationId: 'late',
    type: 'error',
    headers: { 'tq-error': expect.any(String) },
  });
  const [dead] = await receive(caller, `${queue}.dead`, 1);
  expect(dead?.properties).toMatchObject({ messageId: 'm2', headers: { 'tq-dead-reason': 'expired' } });
  expect(dead?.properties.expiration).toBeUndefined();
  await worker.stop();
  expect(ends).toHaveLength(1);
});

/** Every type that amqplib writes, and RabbitMQ's clients of other languages send. */
const HEADERS = {
  text: 'Grüße',
  empty: '',
  yes: true,
  nothing: null,
  byte: 7,
  negative: -129,
  large: 2 ** 40,
  fraction: 0.1,
  bytes: Buffer.from([0, 255, 1]),
  timestamp: { '!': 'timestamp', value: 1_700_000_000 },
  decimal: { '!': 'decimal', value: { digits: 12_345, places: 2 } },
  table: { list: [1, 'two', [null, { deep: Buffer.from('x') }]], 'a.b': { c: {} } },
};

it('headers of every type, a priority and the other properties are kept by retries, dead letters and what goes back', async () => {
  await using test = openApp({ delayUnit: 10, queues: { broken: { maxPriority: 5 } } });
  await using caller = await openPeer();
  await using worker = createWorker(test.app, { tasks: modules, queues: ['broken'], concurrency: 1 });
  await worker.start();
  const queue = `${test.prefix}broken`;
  const properties = {
    type: 't',
    appId: 'a',
    messageId: 'm',
    correlationId: 'c',
    priority: 4,
    timestamp: 7,
    contentType: 'x/y',
  };
  caller.channel.sendToQueue(queue, Buffer.from('1'), { ...properties, headers: HEADERS });
  while ((await test.app.queue('broken').dead.depth()).messages === 0);
  await worker.stop();
  await test.app.deadLetters.retry({ queues: ['broken'] });
  const [again] = await takeAll(caller, queue);
  caller.channel.sendToQueue(queue, Buffer.from('1'), { ...properties, headers: HEADERS });
  const [first] = await takeAll(caller, queue);
  const shown = (message: typeof first) => [message?.properties, message?.content];
  expect(again?.properties.headers).toEqual(first?.properties.headers);
  expect(shown(again)).toEqual(
    shown({ ...first, properties: { ...first?.properties, deliveryMode: 2 } } as typeof first),
  );
});

it('headers larger than a copy may have end a message that would be tried again, with its own failure', async () => {
  await using test = openApp({ delayUnit: 10 });
  await using caller = await openPeer();
  await using worker = createWorker(test.app, { tasks: modules, queues: ['broken'], concurrency: 1 });
  await worker.start();
  const queue = `${test.prefix}broken`;
  const { queue: replyTo } = await caller.channel.assertQueue('', { exclusive: true });
  for (const size of [60_000, 65_300]) {
    caller.channel.sendToQueue(queue, Buffer.from(String(size)), { replyTo, headers: { large: 'x'.repeat(size) } });
    const [reply] = await receive(caller, replyTo, 1);
    expect(text(reply as never)).toContain('out of reach');
    const [dead] = await receive(caller, `${queue}.dead`, 1);
    expect([text(dead as never), dead?.properties.headers?.['tq-dead-reason']]).toEqual([String(size), 'failed']);
  }
  await worker.stop();
  expect(await queueState(caller, queue)).toEqual({ messages: 0, consumers: 0 });
});
