import { randomUUID } from 'node:crypto';
import { declare, internalsOf } from '@tq/core/internal';
import { expect, test } from 'vitest';
import { brokerUrl } from '../support/broker.js';
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
  const bodyQueue = `${chords.scene.prefix}bodies`;
  await declare(chords.peer.connection, internalsOf(chords.scene.app).topologyOf(bodyQueue));
  const id = randomUUID();
  const body = callOf('listed', [], { options: { queue: bodyQueue } });
  const queue = `${chords.scene.prefix}tq.chord.${id}`;
  proxy.aim({ step, queue, size: SIZE, bodyQueue, kill: () => victim.signal('SIGKILL') });
  const header = numbers(SIZE).map((n) => callOf('member', [n]));
  await chords.chord(header, body, { id });
  expect(await victim.ended).toEqual({ code: null, signal: 'SIGKILL' });
  await chords.worker({ queues: ['tq', 'bodies'], concurrency: 1 });

  expect(await chords.caller.reply(body.id)).toMatchObject({ status: 'SUCCESS', result: numbers(SIZE) });
  await chords.gone([queue]);
  // Nobody but the worker that was killed has called the body before, and it is recognisable by its id.
  const expected = Array.from({ length: CALLED_TWICE.has(step) ? 2 : 1 }, () => body.id);
  const runs = () => chords.scene.journal.starts({ task: 'listed' }).map((run) => run.id);
  await chords.scene.journal.until(() => runs().length >= expected.length);
  expect(await chords.leftovers([chords.scene.queue, bodyQueue])).toBe(0);
  expect(runs()).toEqual(expected);
});
