import { expect, it } from 'vitest';
import { chordQueueOf } from '../../src/broker/chord-queue.js';

const SETTINGS = { prefix: 'p.', chordExpiresMs: 60_000 };
const NOW = 1_000_000;

it.each([
  ['nothing', { countdown: 0, eta: undefined }, 60_000],
  ['countdowns', { countdown: 2_000, eta: undefined }, 62_000],
  ['a time', { countdown: 0, eta: NOW + 5_000 }, 65_000],
  ['a time and a countdown after it', { countdown: 2_000, eta: NOW + 5_000 }, 67_000],
  ['a time that has passed', { countdown: 2_000, eta: NOW - 5_000 }, 62_000],
])('the queue of a chord whose members wait for %s outlasts that', (_what, wait, expiresMs) => {
  expect(chordQueueOf({ id: 'g1', size: 2, ...wait }, SETTINGS, NOW)).toEqual({ queue: 'p.tq.chord.g1', expiresMs });
});
