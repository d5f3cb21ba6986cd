import { randomUUID } from 'node:crypto';
import { declare, internalsOf } from '@tq/core/internal';
import { expect, test } from 'vitest';
import { startChordWorkers } from '../e2e/fixtures/chord-workers.js';
import { brokerUrl, takeAll } from '../support/broker.js';
import { callOf } from '../support/chords.js';
import { openChordScene } from './fixtures/chord-scene.js';
import { STEPS, startStepProxy } from './fixtures/kill-at-step.js';
import { numbers } from './fixtures/scene.js';

const SIZE = 3;
/** From where on the body is on its way when the worker dies, so that the one that joins again calls it once more. */
const CALLED_TWICE = new Set<string>(['after the publish of the body', 'before the delete']);

test.each(STEPS)('a chord is joined though the worker that joins it is killed: %s', async (step) => {
  await using chords = await openChordScene();
  await using proxy = await startStepProxy(brokerUrl());
  const victim = await chords.worker({ url: proxy.url, concurrency: 1 });
  const { prefix } = chords.scene;
  const bodyQueue = `${prefix}bodies`;
  await declare(chords.peer.connection, internalsOf(chords.scene.app).topologyOf(bodyQueue));
  const id = randomUUID();
  const body = callOf('listed', [], { options: { queue: bodyQueue } });
  const queue = `${prefix}tq.chord.${id}`;
  proxy.aim({ step, queue, size: SIZE, bodyQueue, kill: () => victim.signal('SIGKILL') });
  const header = numbers(SIZE).map((n) => callOf('member', [n]));
  await chords.chord(header, body, { id });
  expect(await victim.ended).toEqual({ code: null, signal: 'SIGKILL' });

  await using rescue = await startChordWorkers({ prefix, queueType: 'quorum', workers: 1 });
  await rescue.gone([queue]);
  const calls = await takeAll(chords.peer, bodyQueue);
  expect(calls).toHaveLength(CALLED_TWICE.has(step) ? 2 : 1);
  for (const { content, properties } of calls) {
    expect(properties.correlationId).toBe(body.id);
    expect(JSON.parse(content.toString())[0]).toEqual([numbers(SIZE)]);
  }
  await Promise.all(header.map((member) => chords.caller.reply(member.id)));
});
