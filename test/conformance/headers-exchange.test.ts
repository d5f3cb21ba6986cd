/** How a headers exchange compares a binding's arguments with a message's headers. */
import { expect, it } from 'vitest';
import { openScene } from './support/scene.js';

type Table = Readonly<Record<string, unknown>>;

/** Whether a message with the headers reaches a queue that is bound with the arguments. */
async function reaches(bound: Table, headers: Table | undefined): Promise<boolean> {
  await using scene = await openScene();
  const exchange = await scene.exchange('headers');
  const queue = await scene.queue();
  await scene.channel.bindQueue(queue, exchange, 'ignored', bound);
  scene.channel.publish(exchange, 'another key', Buffer.from('x'), headers === undefined ? {} : { headers });
  return (await scene.bodies(queue)).length === 1;
}

const MATCHES: readonly (readonly [bound: Table, headers: Table | undefined, reaches: boolean])[] = [
  [{ 'x-match': 'all', a: '1', b: '2' }, { a: '1', b: '2' }, true],
  [{ 'x-match': 'all', a: '1', b: '2' }, { a: '1', b: '2', c: '3' }, true],
  [{ 'x-match': 'all', a: '1', b: '2' }, { a: '1' }, false],
  [{ 'x-match': 'all', a: '1', b: '2' }, { a: '1', b: '3' }, false],
  [{ 'x-match': 'all' }, {}, true],
  [{ 'x-match': 'all' }, { a: '1' }, true],
  [{ 'x-match': 'any', a: '1', b: '2' }, { a: '1' }, true],
  [{ 'x-match': 'any', a: '1', b: '2' }, { a: '2', b: '2' }, true],
  [{ 'x-match': 'any', a: '1', b: '2' }, { a: '2', b: '1', c: '3' }, false],
  [{ 'x-match': 'any', a: '1' }, {}, false],
  [{ 'x-match': 'any' }, { a: '1' }, false],
  [{ 'x-match': 'any' }, {}, false],
  // Without x-match it is all.
  [{ a: '1', b: '2' }, { a: '1' }, false],
  [{ a: '1', b: '2' }, { a: '1', b: '2' }, true],
  [{}, { a: '1' }, true],
  [{}, {}, true],
  [{ a: '1' }, undefined, false],
  [{}, undefined, true],
  // Names that begin with x- count only where x-match says so.
  [{ 'x-match': 'all', 'x-a': '1', b: '2' }, { b: '2' }, true],
  [{ 'x-match': 'all', 'x-a': '1', b: '2' }, { 'x-a': '1' }, false],
  [{ 'x-match': 'any', 'x-a': '1' }, { 'x-a': '1' }, false],
  [{ 'x-match': 'all-with-x', 'x-a': '1', b: '2' }, { b: '2' }, false],
  [{ 'x-match': 'all-with-x', 'x-a': '1', b: '2' }, { 'x-a': '1', b: '2' }, true],
  [{ 'x-match': 'any-with-x', 'x-a': '1', b: '2' }, { 'x-a': '1' }, true],
  [{ 'x-match': 'any-with-x', 'x-a': '1', b: '2' }, { 'x-a': '2' }, false],
  // Names differ by case, and need not come in order.
  [{ A: '1' }, { a: '1' }, false],
  [{ b: '2', a: '1' }, { c: '3', a: '1', b: '2' }, true],
];

it.each(MATCHES)('a binding with %j and headers %j: reached %s', async (bound, headers, expected) => {
  expect(await reaches(bound, headers)).toBe(expected);
});

const typed = (type: string, value: unknown) => ({ '!': type, value });
const VALUES: readonly (readonly [title: string, bound: unknown, found: unknown, equal: boolean])[] = [
  ['a void binding asks only that the header is there', null, 'anything', true],
  ['a void binding takes a void header', null, null, true],
  ['a void header is not a string', 'a', null, false],
  ['integers of 8 and of 64 bits are equal', typed('byte', 1), typed('long', 1), true],
  ['integers of 16 and of 32 bits are equal', typed('short', 7), typed('int', 7), true],
  ['signed and unsigned integers are equal', typed('unsignedbyte', 200), typed('int', 200), true],
  ['an integer and a double of one value are equal', typed('int', 1), typed('double', 1), true],
  ['a double and a float of one value are equal', typed('double', 0.5), typed('float', 0.5), true],
  ['a timestamp and an integer of one value are equal', typed('timestamp', 1), typed('int', 1), true],
  ['an integer is not the string of its digits', 1, '1', false],
  ['a string is not an integer', '1', 1, false],
  ['a boolean is not an integer', true, 1, false],
  ['a boolean is not the string of its name', true, 'true', false],
  ['true is true', true, true, true],
  ['true is not false', true, false, false],
  ['bytes and a string of the same bytes are equal', Buffer.from('a'), 'a', true],
  ['strings of other cases differ', 'a', 'A', false],
  ['the empty string is a value', '', '', true],
  ['equal arrays are equal', ['a', 1], ['a', 1], true],
  ['arrays in another order differ', ['a', 'b'], ['b', 'a'], false],
  ['equal tables are equal', { a: 1 }, { a: 1 }, true],
  ['tables of other values differ', { a: 1 }, { a: 2 }, false],
  [
    'equal decimals are equal',
    typed('decimal', { places: 1, digits: 15 }),
    typed('decimal', { places: 1, digits: 15 }),
    true,
  ],
  [
    'decimals of other places differ',
    typed('decimal', { places: 0, digits: 1 }),
    typed('decimal', { places: 1, digits: 10 }),
    false,
  ],
];

it.each(VALUES)('%s', async (_title, bound, found, equal) => {
  expect(await reaches({ 'x-match': 'all', h: bound }, { h: found })).toBe(equal);
  expect(await reaches({ 'x-match': 'any', h: bound }, { h: found })).toBe(equal);
});

it('integers nested in arrays and tables compare with their types', async () => {
  expect(await reaches({ h: [typed('byte', 1)] }, { h: [typed('long', 1)] })).toBe(false);
  expect(await reaches({ h: { a: typed('byte', 1) } }, { h: { a: typed('long', 1) } })).toBe(false);
});

it('a queue bound twice, by values that both match, is reached once', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('headers');
  const queue = await scene.queue();
  await scene.channel.bindQueue(queue, exchange, '', { a: '1' });
  await scene.channel.bindQueue(queue, exchange, '', { b: '2' });
  const publish = () => scene.channel.publish(exchange, '', Buffer.from('x'), { headers: { a: '1', b: '2' } });
  publish();
  expect(await scene.bodies(queue)).toHaveLength(1);

  await scene.channel.unbindQueue(queue, exchange, '', { a: '1' });
  publish();
  expect(await scene.bodies(queue)).toHaveLength(1);
  await scene.channel.unbindQueue(queue, exchange, '', { b: '2' });
  publish();
  expect(await scene.bodies(queue)).toHaveLength(0);
});

it('an x-match of another word or type is refused', async () => {
  await using scene = await openScene();
  const exchange = await scene.exchange('headers');
  const queue = await scene.queue();
  const bind = (value: unknown) =>
    scene.refusal((channel) => channel.bindQueue(queue, exchange, '', { 'x-match': value }));
  expect(await bind('some')).toBe(
    'channel 406 queue.bind: PRECONDITION_FAILED - Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
  );
  expect(await bind(5)).toBe(
    'channel 406 queue.bind: PRECONDITION_FAILED - Invalid x-match field type byte (value 5); expected longstr',
  );
});
