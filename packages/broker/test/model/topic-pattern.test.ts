import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopicTrie } from '../../src/model/topic-pattern.js';

function matches(patterns: readonly string[], key: string): string[] {
  const trie = new TopicTrie<string>();
  for (const pattern of patterns) trie.add(pattern, pattern);
  const found: string[] = [];
  trie.match(key, (pattern) => found.push(pattern));
  return found.sort();
}

/** The rule itself, word by word: exponential, and so only for short patterns. */
function fitsByRule(pattern: readonly string[], key: readonly string[]): boolean {
  const [word, ...rest] = pattern;
  if (word === undefined) return key.length === 0;
  if (word === '#') return fitsByRule(rest, key) || (key.length > 0 && fitsByRule(pattern, key.slice(1)));
  return key.length > 0 && (word === '*' || word === key[0]) && fitsByRule(rest, key.slice(1));
}

function words(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

const anyKey = fc.array(fc.constantFrom('a', 'b', '', '*', '#'), { maxLength: 5 }).map((parts) => parts.join('.'));

describe('a topic pattern', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.', true],
    ['*', '', false],
    ['#', '', true],
    ['', '', true],
    ['', 'a', false],
    ['#', '..', true],
    ['a.#', 'a', true],
    ['a.#', 'ab', false],
    ['#.c', 'a.b.c', true],
    ['#.b.#', 'a.b.c', true],
    ['*.#.*', 'a', false],
    ['*.#.*', 'a.b', true],
    ['a..b', 'a..b', true],
    ['a.*.b', 'a..b', true],
    ['#.#', '', true],
  ])('%j, asked whether %j fits, says %j', (pattern, key, fits) => {
    expect(matches([pattern], key)).toEqual(fits ? [pattern] : []);
  });

  it('agrees with the rule for every pattern and key', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { maxLength: 8 }), anyKey, (patterns, key) => {
        const expected = patterns.filter((pattern) => fitsByRule(words(pattern), words(key)));
        expect(matches(patterns, key)).toEqual(expected.sort());
      }),
    );
  });

  it('with a # in every word takes a long key in steps that a counter can follow', () => {
    const pattern = `${'#.'.repeat(100)}x`;
    const key = `${'a.'.repeat(120)}a`;
    expect(matches([pattern, '#.a.#.a.#.a.#.a.#.a.#.a.#.b'], key)).toEqual([]);
    expect(matches([pattern], `${key}.x`)).toEqual([pattern]);
  });
});

describe('a topic trie', () => {
  it('keeps several values under one pattern, and gives back each once', () => {
    const trie = new TopicTrie<number>();
    trie.add('#.a.#', 1);
    trie.add('#.a.#', 2);
    trie.add('#.a.#', 2);
    const found: number[] = [];
    trie.match('a.a.a', (value) => found.push(value));
    expect(found).toEqual([1, 2]);
  });

  it('finds what is left after a removal, and keeps nothing once all is removed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { maxLength: 8 }), fc.nat(8), anyKey, (patterns, count, key) => {
        const trie = new TopicTrie<string>();
        for (const pattern of patterns) trie.add(pattern, pattern);
        for (const pattern of patterns.slice(0, count)) trie.remove(pattern, pattern);
        const found: string[] = [];
        trie.match(key, (pattern) => found.push(pattern));
        expect(found.sort()).toEqual(matches(patterns.slice(count), key));
        for (const pattern of patterns.slice(count)) trie.remove(pattern, pattern);
        expect(trie.isEmpty).toBe(true);
      }),
    );
  });

  it('is unchanged by the removal of what it does not hold', () => {
    const trie = new TopicTrie<number>();
    trie.add('a.b', 1);
    for (const [pattern, value] of [
      ['a', 1],
      ['a.b', 2],
      ['a.b.c', 1],
      ['x', 1],
    ] as const) {
      trie.remove(pattern, value);
    }
    const found: number[] = [];
    trie.match('a.b', (value) => found.push(value));
    expect(found).toEqual([1]);
  });
});
