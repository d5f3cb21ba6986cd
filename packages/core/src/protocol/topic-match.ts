/**
 * Whether a topic exchange brings a key to a binding of this pattern (AMQP 0-9-1 section 3.1.3.3): words parted by dots,
 * where `*` stands for one word and `#` for any number of them. Empty words are words; the empty key has none.
 */
export function matchesTopic(pattern: string, key: string): boolean {
  const words = topicWords(key);
  // Which numbers of the key's first words the pattern's words so far may stand for.
  let reached = new Set([0]);
  for (const part of topicWords(pattern)) {
    const next = new Set<number>();
    for (const at of reached) {
      if (part === '#') for (let end = at; end <= words.length; end++) next.add(end);
      else if (at < words.length && (part === '*' || part === words[at])) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(words.length);
}

function topicWords(text: string): readonly string[] {
  return text === '' ? [] : text.split('.');
}
