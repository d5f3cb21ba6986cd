/** The table of keys and queues that RabbitMQ's introduction to topics has, through tq's own ways to bind a queue. */
import { currentTask } from '@tq/core';
import { createWorker } from '@tq/worker';
import { expect, it } from 'vitest';
import { openApp, rejection } from './fixtures/test-app.js';

const BINDINGS = { Q1: ['*.orange.*'], Q2: ['*.*.rabbit', 'lazy.#'] } as const;
type Queue = keyof typeof BINDINGS;
const QUEUES: readonly Queue[] = ['Q1', 'Q2'];

/** Which queues a key leads to, once each. */
const TABLE: readonly [key: string, queues: readonly Queue[]][] = [
  ['quick.orange.rabbit', ['Q1', 'Q2']],
  ['lazy.orange.fox', ['Q1', 'Q2']],
  ['quick.orange.fox', ['Q1']],
  ['lazy.brown.fox', ['Q2']],
  // It fits both of its patterns.
  ['lazy.pink.rabbit', ['Q2']],
  ['quick.brown.fox', []],
  ['orange', []],
  ['quick.orange.male.rabbit', []],
];

/** What each queue is expected to have taken, in order. */
function takenBy(queue: Queue): string[] {
  return TABLE.filter(([, queues]) => queues.includes(queue)).map(([key]) => key);
}

/** Keeps what came to each queue, and tells when something that is published last has come to both. */
function keepUntil(last: string) {
  const taken: Record<Queue, string[]> = { Q1: [], Q2: [] };
  let ended = 0;
  let end: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => {
    end = resolve;
  });
  const take = (queue: Queue, key: string) => {
    if (key !== last) taken[queue].push(key);
    else if (++ended === QUEUES.length) end();
  };
  return { taken, take, complete };
}

it('calls go by the keys to queues that the configuration binds, and are unroutable where none is', async () => {
  const bound = (queue: Queue) => ({ bindings: [{ exchange: 'animals', key: BINDINGS[queue] }] });
  await using test = openApp({
    exchanges: { animals: { type: 'topic' } },
    queues: { Q1: bound('Q1'), Q2: bound('Q2') },
  });
  const { taken, take, complete } = keepUntil('last');
  const meet = test.app.task(
    'meet',
    (key: string) => take(currentTask().queue.slice(test.prefix.length) as Queue, key),
    { ignoreResult: true },
  );
  for (const [key, queues] of TABLE) {
    const { published } = meet.apply([key], { exchange: 'animals', routingKey: key });
    if (queues.length > 0) await published;
    else expect(await rejection(published), key).toMatchObject({ code: 'unroutable' });
  }
  await Promise.all(QUEUES.map((queue) => meet.apply(['last'], { queue }).published));
  // A slot for each queue, so that what is in it comes in order.
  const worker = createWorker(test.app, { pool: 'async', queues: { Q1: 1, Q2: 1 } });
  await worker.start();
  await complete;
  await worker.stop();
  expect(taken).toEqual({ Q1: takenBy('Q1'), Q2: takenBy('Q2') });
});

it.each(['its group', 'everybody'])('events go by their names to the subscriptions of %s', async (whose) => {
  await using test = openApp();
  const last = 'lazy.orange.end';
  const { taken, take, complete } = keepUntil(last);
  for (const queue of QUEUES) {
    const options = whose === 'everybody' ? { name: queue } : { name: queue, group: queue };
    test.app.subscribe(BINDINGS[queue], (key: unknown) => take(queue, String(key)), options);
  }
  const worker = createWorker(test.app, { pool: 'async', concurrency: 1 });
  await worker.start();
  for (const [key, queues] of TABLE) {
    const event = test.app.event<string>(key);
    // Nobody need want an event, unless its publisher asks.
    await event.publish(key, { mandatory: queues.length > 0 });
    if (queues.length > 0) continue;
    expect(await rejection(Promise.resolve(event.publish(key, { mandatory: true }))), key).toMatchObject({
      code: 'unroutable',
    });
  }
  await test.app.event<string>(last).publish(last);
  await complete;
  await worker.stop();
  expect(taken).toEqual({ Q1: takenBy('Q1'), Q2: takenBy('Q2') });
});
