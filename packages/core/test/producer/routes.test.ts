import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TqConfig } from '../../src/define-config.js';
import { checkRoutes, printRoutes, type Routes, readRoutes, routedQueues } from '../../src/producer/routes.js';

it.each<[string, unknown, RegExp]>([
  ['nothing of the kind', 'mail', /^routes: expected an object such as .* found 'mail'/],
  ['a regular expression by itself', /mail/, /^routes: expected an object/],
  ['a map, whose entries nobody would look at', new Map([['fib', 'a']]), /^routes: expected an object/],
  ['a route of no name', { '': 'a' }, /^routes: expected names of tasks/],
  ['an empty queue', { 'mail.*': '' }, /^routes: 'mail\.\*': queue: expected a name of 1 to 255 bytes/],
  ['a number', { fib: 3 }, /^routes: 'fib': expected a queue's name or \{ queue/],
  ['nothing in it', { fib: {} }, /^routes: 'fib': expected a queue, an exchange or a priority/],
  ['both', { fib: { queue: 'a', exchange: 'b' } }, /^routes: 'fib': expected a queue or an exchange, found both/],
  ['a key alone', { fib: { queue: 'a', routingKey: 'k' } }, /routingKey: expected an exchange beside it/],
  ['too long a key', { fib: { exchange: 'a', routingKey: 'k'.repeat(256) } }, /at most 255 bytes/],
  ['a priority beyond', { fib: { priority: 256 } }, /^routes: 'fib': priority: expected a whole number from 0 to 255/],
  ['a misspelt key', { fib: { que: 'a' } }, /^routes: 'fib': unknown option 'que'\. Did you mean 'queue'\?/],
  ['a text in a list', ['mail'], /^routes\[0\]: expected \{ task: 'mail\.\*', to: 'mail' \} or a function/],
  ['a rule without a task', [{ to: 'a' }], /^routes\[0\]: task: expected a name, a pattern/],
  ['a rule that leads nowhere', [{ task: 'fib' }], /^routes\[0\]: to: expected a queue's name/],
  ['a misspelt rule', [() => 'a', { tsk: 'fib', to: 'a' }], /^routes\[1\]: unknown option 'tsk'/],
])('refuses %s, and says which route it is', (_, routes, text) => {
  expect(() => checkRoutes(routes, 'routes')).toThrow(text);
});

const TARGET = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.record({ queue: fc.string({ minLength: 1, maxLength: 20 }), priority: fc.nat(255) }, { requiredKeys: ['queue'] }),
  fc.record(
    { exchange: fc.string({ minLength: 1, maxLength: 20 }), routingKey: fc.string({ maxLength: 20 }) },
    { requiredKeys: ['exchange'] },
  ),
);
const NAME = fc.stringMatching(/^[a-z.*]{1,12}$/);
const PATTERN = fc.constantFrom(/^mail/, /\.io$/i, /a\/b/);

it('what is printed reads as the same routes, regular expressions too', () => {
  const record = fc.dictionary(NAME, TARGET);
  const list = fc.array(fc.record({ task: fc.oneof(NAME, PATTERN), to: TARGET }));
  fc.assert(
    fc.property(fc.oneof(record, list), (routes) => {
      const read = checkRoutes(readRoutes(printRoutes(routes as Routes), 'TQ_ROUTES'), 'TQ_ROUTES');
      expect(read).toEqual(Array.isArray(routes) ? routes : { ...routes });
    }),
  );
});

it('routes with a function have no text', () => {
  expect(printRoutes([{ task: 'a', to: 'b' }, () => 'c'])).toBe('');
});

it.each([
  ['{', /^TQ_ROUTES: expected routes as JSON/],
  ['[{"task": "/(/", "to": "a"}]', /^TQ_ROUTES\[0\]: task: expected a regular expression, found '\/\(\/'/],
])('says what is wrong with the text %s', (text, message) => {
  expect(() => readRoutes(text, 'TQ_ROUTES')).toThrow(message);
});

it('knows the queues that routes name', () => {
  expect(routedQueues({ a: 'q1', 'b.*': { queue: 'q2' }, c: { exchange: 'e' }, d: { priority: 1 } })).toEqual([
    'q1',
    'q2',
  ]);
  expect(routedQueues([() => 'unknown', { task: /x/, to: 'q3' }])).toEqual(['q3']);
});

it('take no functions in a config file, by its types too', () => {
  const config: TqConfig = {
    // @ts-expect-error a function could not reach the children of a pool
    routes: [() => 'mail', { task: /^mail/, to: 'mail' }],
  };
  expect(config.routes).toHaveLength(2);
});
