import { expect, it } from 'vitest';
import { nearest } from '../src/nearest.js';

const options = ['concurrency', 'queue', 'queues', 'url'];

it.each([
  ['concurency', 'concurrency'],
  ['Queue', 'queue'],
  ['quue', 'queue'],
  ['urls', 'url'],
  ['concurrent', 'concurrency'],
])('takes %s for %s', (word, meant) => {
  expect(nearest(word, options)).toBe(meant);
});

it.each(['heartbeat', 'x', ''])('takes %j for nothing it knows', (word) => {
  expect(nearest(word, ['concurrency', 'queues'])).toBeUndefined();
});

it('knows nothing where there is nothing to know', () => {
  expect(nearest('queue', [])).toBeUndefined();
});
