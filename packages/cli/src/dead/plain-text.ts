import { maskCredentials } from '../output.js';

/**
 * A foreign text as a terminal may show it: without passwords of URLs, control characters (which could move the cursor or
 * hide what follows) written as what they are, cut with `…`.
 * @param max characters
 */
export function plainText(text: string, max: number): string {
  const shown = maskCredentials(text.length > 2 * max ? text.slice(0, 2 * max) : text).replace(
    /\p{Cc}/gu,
    escapeControl,
  );
  return shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeControl(character: string): string {
  return NAMED[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
