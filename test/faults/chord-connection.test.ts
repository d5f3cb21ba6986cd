import { randomUUID } from 'node:crypto';
import { declare } from '@tq/core/internal';
import { expect, test } from 'vitest';
import { startChordWorkers } from '../e2e/fixtures/chord-workers.js';
import { brokerUrl, takeAll } from '../support/broker.js';
import { callOf } from '../support/chords.js';
import { STEPS, startStepProxy } from './fixtures/kill-at-step.js';
import { numbers } from './fixtures/scene.js';

const SIZE = 3;
/** From where on the broker has the body, which whoever joins again calls once more. */
const CALLED_TWICE = new Set<string>(['after the publish of the body', 'before the delete']);

test.each(STEPS)('a chord is joined by a worker that loses its connections: %s', async (step) => {
  await using proxy = await startStepProxy(brokerUrl());
  await using chords = await startChordWorkers({ url: proxy.url, workers: 1, concurrency: 1 });
  const bodyQueue = `${chords.prefix}bodies`;
  await declare(chords.peer.connection, { exchanges: [], queues: [{ name: bodyQueue, arguments: {} }], bindings: [] });
  const id = randomUUID();
  const queue = `${chords.prefix}tq.chord.${id}`;
  const lost = new Promise<void>((resolve) => {
    proxy.aim({ step, queue, size: SIZE, bodyQueue, kill: resolve });
  });
  const body = callOf('listed', [], { options: { queue: bodyQueue } });
  const header = numbers(SIZE).map((n) => callOf('member', [n]));
  await chords.chord(header, body, { id });
  await lost;
  await chords.gone([queue]);
  await Promise.all(header.map((member) => chords.caller.reply(member.id)));

  const calls = await takeAll(chords.peer, bodyQueue);
  expect(calls).toHaveLength(CALLED_TWICE.has(step) ? 2 : 1);
  for (const { content, properties } of calls) {
    expect(properties.correlationId).toBe(body.id);
    expect(JSON.parse(content.toString())[0]).toEqual([numbers(SIZE)]);
  }
});
