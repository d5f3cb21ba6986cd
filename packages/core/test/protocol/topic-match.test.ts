import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopicTrie } from '../../../broker/src/model/topic-pattern.js';
import { matchesTopic } from '../../src/protocol/topic-match.js';

describe('a topic pattern', () => {
  it.each([
    ['orders.created', 'orders.created', true],
    ['orders.created', 'orders.paid', false],
    ['orders.*', 'orders.created', true],
    ['orders.*', 'orders', false],
    ['orders.*.paid', 'orders.eu.paid', true],
    ['orders.*.paid', 'orders.eu.west.paid', false],
    ['orders.#', 'orders', true],
    ['orders.#', 'orders.eu.west.paid', true],
    ['#.paid', 'orders.eu.paid', true],
    ['#', '', true],
    ['*', '', false],
    ['', '', true],
    ['a.*', 'a.', true],
    ['#.*.#', 'a', true],
  ])('%s and the key %s: %s', (pattern, key, fits) => {
    expect(matchesTopic(pattern, key)).toBe(fits);
  });

  it("fits the keys that the embedded broker's topic exchange brings it", () => {
    const word = fc.constantFrom('a', 'b', '', '*', '#');
    const text = fc.array(word, { maxLength: 6 }).map((words) => words.join('.'));
    fc.assert(
      fc.property(text, text, (pattern, key) => {
        const trie = new TopicTrie<true>();
        trie.add(pattern, true);
        let found = false;
        trie.match(key, () => {
          found = true;
        });
        expect(matchesTopic(pattern, key)).toBe(found);
      }),
      { numRuns: 500 },
    );
  });
});
