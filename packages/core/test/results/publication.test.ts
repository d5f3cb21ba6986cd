import { expect, it } from 'vitest';
import { PendingPublication } from '../../src/results/publication.js';

function setup() {
  const unobserved: Error[] = [];
  return { unobserved, publication: new PendingPublication('m1', (error) => unobserved.push(error)) };
}

const broken = new Error('broken');
/** Everything that waits for its turn has had it. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

it('resolves with its confirm, awaited before or after', async () => {
  const { publication } = setup();
  const before = Promise.all([publication]);
  publication.confirmed();
  expect(await before).toEqual([undefined]);
  expect(await publication).toBeUndefined();
});

it('rejects with its failure, awaited before or after, and nobody else is told', async () => {
  const { publication, unobserved } = setup();
  const before = Promise.resolve(publication);
  await settled();
  publication.failed(broken);
  await expect(before).rejects.toBe(broken);
  await expect(publication).rejects.toBe(broken);
  expect(unobserved).toEqual([]);
});

it('that fails before `await` can look at it is awaited all the same', async () => {
  const { publication, unobserved } = setup();
  queueMicrotask(() => publication.failed(broken));
  await expect((async () => await publication)()).rejects.toBe(broken);
  await settled();
  expect(unobserved).toEqual([]);
});

it('that fails and that nobody awaits is told of, once', async () => {
  const { publication, unobserved } = setup();
  publication.failed(broken);
  publication.failed(new Error('again'));
  await settled();
  expect(unobserved).toEqual([broken]);
});

it('ends once', async () => {
  const { publication, unobserved } = setup();
  publication.confirmed();
  publication.failed(broken);
  await publication;
  await settled();
  expect(unobserved).toEqual([]);
});
