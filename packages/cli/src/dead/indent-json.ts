/**
 * Writes a JSON text with an item a line, for a person. Strings and numbers stay as they are: reading and writing them again
 * would change Python's large integers.
 */
export function indentJson(text: string): string {
  let depth = 0;
  let indented = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (CLOSING.test(token)) depth -= 1;
    indented += CLOSING.test(token)
      ? lineBreak(depth) + token
      : EMPTY.test(token)
        ? `${token[0]}${token.at(-1)}`
        : token;
    if (OPENING.test(token)) depth += 1;
    if (OPENING.test(token) || token === ',') indented += lineBreak(depth);
    if (token === ':') indented += ' ';
  }
  return indented;
}

/** Empty lists and objects, strings, brackets and signs, and whatever else stands between spaces. */
const TOKENS = /\[\s*\]|\{\s*\}|"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gs;
const EMPTY = /^(?:\[\s*\]|\{\s*\})$/;
const OPENING = /^[[{]$/;
const CLOSING = /^[\]}]$/;

function lineBreak(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
