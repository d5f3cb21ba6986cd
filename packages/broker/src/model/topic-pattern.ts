/**
 * Values found by topic patterns (AMQP 0-9-1 section 3.1.3.3): words parted by dots, where `*` stands for one word and `#`
 * for zero or more. Empty words are words (`a..b` has three); the empty key has none.
 *
 * A trie of words, walked with the set of all nodes that the words so far may lead to: a match takes time in proportion
 * to the words of the key and the nodes that fit, whatever the patterns.
 */
export class TopicTrie<V> {
  readonly #root = new TrieNode<V>('');
  /** Grows with each step of each walk, so that a node knows whether the step has come to it before. */
  #step = 0;

  /** Whether nothing is kept, not even nodes of patterns that were removed. */
  get isEmpty(): boolean {
    return this.#root.isBare;
  }

  /** Adds a value under a pattern; the same value under the same pattern counts once. */
  add(pattern: string, value: V): void {
    let node = this.#root;
    for (const word of topicWords(pattern)) node = node.descend(word);
    node.values.add(value);
  }

  /** Removes a value from a pattern, and the nodes that led to nothing else. Does nothing when it is not there. */
  remove(pattern: string, value: V): void {
    const words = topicWords(pattern);
    const path = [this.#root];
    for (const word of words) {
      const child = path[path.length - 1]?.children.get(word);
      if (child === undefined) return;
      path.push(child);
    }
    path[path.length - 1]?.values.delete(value);
    for (let depth = words.length; depth > 0 && path[depth]?.isBare; depth--) {
      path[depth - 1]?.children.delete(words[depth - 1] ?? '');
    }
  }

  /** Calls `found` for each value of each pattern that the key fits; once for each such pattern. */
  match(key: string, found: (value: V) => void): void {
    let reached: TrieNode<V>[] = [];
    this.#step++;
    this.#reach(this.#root, reached);
    for (const word of topicWords(key)) {
      const before = reached;
      reached = [];
      this.#step++;
      for (const node of before) {
        if (node.takesAnyWords) this.#reach(node, reached);
        this.#reach(node.children.get(word), reached);
        this.#reach(node.children.get('*'), reached);
      }
      if (reached.length === 0) return;
    }
    for (const node of reached) for (const value of node.values) found(value);
  }

  /** Notes a node once a step, with the `#` below it, which may stand for no word at all. */
  #reach(node: TrieNode<V> | undefined, reached: TrieNode<V>[]): void {
    for (let next = node; next !== undefined && next.step !== this.#step; next = next.children.get('#')) {
      next.step = this.#step;
      reached.push(next);
    }
  }
}

class TrieNode<V> {
  readonly children = new Map<string, TrieNode<V>>();
  readonly values = new Set<V>();
  readonly takesAnyWords: boolean;
  /** The step in which a walk last came here. */
  step = 0;

  constructor(word: string) {
    this.takesAnyWords = word === '#';
  }

  get isBare(): boolean {
    return this.values.size === 0 && this.children.size === 0;
  }

  descend(word: string): TrieNode<V> {
    let child = this.children.get(word);
    if (child === undefined) {
      child = new TrieNode(word);
      this.children.set(word, child);
    }
    return child;
  }
}

/** The words of a key or pattern; RabbitMQ sees none in the empty one. */
function topicWords(key: string): string[] {
  return key === '' ? [] : key.split('.');
}
