/** Which queues a published message reaches, by the type of the exchange. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openScene, type Scene } from './support/scene.js';

/** Publishes an empty message for each key, the key as its body. */
function publishKeys({ channel }: Scene, exchange: string, keys: readonly string[]): void {
  for (const key of keys) channel.publish(exchange, key, Buffer.from(key));
}

it('a direct exchange routes by the exact key, to every queue bound with it, once', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('direct');
  const [one, two] = [await scene.queue(), await scene.queue()];
  for (const key of ['a', 'b', '']) await scene.channel.bindQueue(one, exchange, key);
  await scene.channel.bindQueue(one, exchange, 'a', { another: 'binding' });
  await scene.channel.bindQueue(two, exchange, 'a');

  publishKeys(scene, exchange, ['a', 'A', 'b', 'c', '', '#', 'a.b']);
  expect(await scene.bodies(one)).toEqual(['a', 'b', '']);
  expect(await scene.bodies(two)).toEqual(['a']);
});

it('a fanout exchange routes whatever the key, once to each queue', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('fanout');
  const [one, two] = [await scene.queue(), await scene.queue()];
  await scene.channel.bindQueue(one, exchange, 'a');
  await scene.channel.bindQueue(one, exchange, 'b');
  await scene.channel.bindQueue(two, exchange, '');

  publishKeys(scene, exchange, ['a', 'b', '', 'c.d']);
  expect(await scene.bodies(one)).toEqual(['a', 'b', '', 'c.d']);
  expect(await scene.bodies(two)).toEqual(['a', 'b', '', 'c.d']);
});

it('the default exchange routes to the queue that the key names', async () => {
  await using scene = await openScene();
  const queue = await scene.queue({ name: 'a.b #' });
  scene.send(queue, ['here']);
  scene.channel.publish('', `${queue}x`, Buffer.from('nowhere'));
  expect(await scene.bodies(queue)).toEqual(['here']);
});

it('a delivery names the exchange and the key that it was published with', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('topic');
  const queue = await scene.queue();
  await scene.channel.bindQueue(queue, exchange, '#');
  scene.channel.publish(exchange, 'some.key', Buffer.from('x'));
  expect(await scene.channel.get(queue, { noAck: true })).toMatchObject({
    fields: { exchange, routingKey: 'some.key' },
  });
});

// The empty key and the empty pattern have no words at all; every dot has a word on either side, which may be empty.
const KEYS = [
  '',
  '.',
  '..',
  'a',
  'b',
  'a.',
  '.a',
  'a.b',
  'a..b',
  'a.b.',
  '.a.b',
  'b.a',
  'a.b.c',
  'a.a.b',
  'a.b.c.d',
  '*',
];
const TOPICS: readonly (readonly [pattern: string, matching: readonly string[]])[] = [
  ['', ['']],
  ['.', ['.']],
  ['*', ['a', 'b', '*']],
  ['#', KEYS],
  ['*.*', ['.', 'a.', '.a', 'a.b', 'b.a']],
  ['#.#', KEYS],
  ['*.#', KEYS.filter((key) => key !== '')],
  ['#.*', KEYS.filter((key) => key !== '')],
  ['#.*.#', KEYS.filter((key) => key !== '')],
  ['a', ['a']],
  ['a.', ['a.']],
  ['.a', ['.a']],
  ['a.*', ['a.', 'a.b']],
  ['*.b', ['a.b']],
  ['a.#', ['a', 'a.', 'a.b', 'a..b', 'a.b.', 'a.b.c', 'a.a.b', 'a.b.c.d']],
  ['#.b', ['b', 'a.b', 'a..b', '.a.b', 'a.a.b']],
  ['a..b', ['a..b']],
  ['a.*.b', ['a..b', 'a.a.b']],
  ['a.#.b', ['a.b', 'a..b', 'a.a.b']],
  ['a.#.', ['a.', 'a.b.']],
  ['#.a.#', KEYS.filter((key) => key.split('.').includes('a'))],
  ['*.*.*', ['..', 'a..b', 'a.b.', '.a.b', 'a.b.c', 'a.a.b']],
  ['a*', []],
  ['a#', []],
  ['a.b.c.d.#', ['a.b.c.d']],
];

it.each(TOPICS)('the topic pattern "%s" matches the keys %j and no other', async (pattern, matching) => {
  await using scene = await openScene();
  const exchange = await scene.exchange('topic');
  const queue = await scene.queue();
  await scene.channel.bindQueue(queue, exchange, pattern);
  publishKeys(scene, exchange, KEYS);
  expect(await scene.bodies(queue)).toEqual(matching);
});

it('several matching patterns of one queue deliver once, and an unbound one no more', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('topic');
  const queue = await scene.queue();
  for (const pattern of ['a.#', '#.b', '*.*', 'a.b']) await scene.channel.bindQueue(queue, exchange, pattern);
  publishKeys(scene, exchange, ['a.b', 'a', 'b']);
  expect(await scene.bodies(queue)).toEqual(['a.b', 'a', 'b']);

  await scene.channel.unbindQueue(queue, exchange, 'a.#');
  await scene.channel.unbindQueue(queue, exchange, '*.*');
  publishKeys(scene, exchange, ['a.b', 'a', 'b', 'c.d']);
  expect(await scene.bodies(queue)).toEqual(['a.b', 'b']);
});

it('of many patterns those that match count, and those that are unbound do not', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('topic');
  const queue = await scene.queue();
  const numbers = Array.from({ length: 300 }, (_, index) => `${index}`);
  const bind = (one: string) => scene.channel.bindQueue(queue, exchange, `all.*.${one}.#`);
  const unbind = (one: string) => scene.channel.unbindQueue(queue, exchange, `all.*.${one}.#`);
  const odd = numbers.filter((one) => Number(one) % 2 === 1);
  await Promise.all(numbers.map(bind));
  await Promise.all(odd.map(unbind));
  const keysOf = (of: readonly string[]) => of.map((one) => `all.x.${one}${Number(one) % 3 === 0 ? '.more' : ''}`);
  publishKeys(scene, exchange, keysOf(numbers));
  expect(await scene.bodies(queue)).toEqual(keysOf(numbers.filter((one) => !odd.includes(one))));
});

const words = (...of: string[]) => fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: 5 });
const pattern = words('a', 'b', '', '*', '#').map((parts) => parts.join('.'));
const key = words('a', 'b', '').map((parts) => parts.join('.'));

it('topic routing agrees with its definition: * is one word, # is any number of them', async () => {
  await using scene = await openScene();
  const { channel } = scene;
  const exchange = await scene.exchange('topic');
  const queues = await Promise.all([0, 1, 2].map(() => scene.queue()));
  const sets = fc.tuple(...queues.map(() => fc.uniqueArray(pattern, { maxLength: 4 })));
  const property = fc.asyncProperty(sets, fc.array(key, { minLength: 1, maxLength: 20 }), async (bound, keys) => {
    const bindings = bound.flatMap((patterns, index) => patterns.map((one) => [queues[index]!, one] as const));
    await Promise.all(bindings.map(([queue, one]) => channel.bindQueue(queue, exchange, one)));
    publishKeys(scene, exchange, keys);
    for (const [index, queue] of queues.entries()) {
      const expected = keys.filter((one) => bound[index]!.some((each) => matches(wordsOf(each), wordsOf(one))));
      expect(await scene.bodies(queue)).toEqual(expected);
    }
    await Promise.all(bindings.map(([queue, one]) => channel.unbindQueue(queue, exchange, one)));
  });
  await fc.assert(property, { numRuns: 40, endOnFailure: true });
});

const wordsOf = (text: string) => (text === '' ? [] : text.split('.'));

/** The definition of a topic match, word by word. */
function matches([head, ...pattern]: readonly string[], key: readonly string[]): boolean {
  if (head === undefined) return key.length === 0;
  if (head === '#') return matches(pattern, key) || (key.length > 0 && matches(['#', ...pattern], key.slice(1)));
  return key.length > 0 && (head === '*' || head === key[0]) && matches(pattern, key.slice(1));
}
