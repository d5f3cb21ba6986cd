import { maskCredentials } from '../output.js';

/**
 * A foreign text as a terminal may show it: without passwords of URLs, control characters (which could move the cursor, hide
 * or turn round what follows) written as what they are, cut with `…`.
 * @param max characters
 */
export function plainText(text: string, max: number): string {
  const shown = maskCredentials(text.length > 2 * max ? text.slice(0, 2 * max) : text).replace(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    escapeControl,
  );
  return shown.length <= max ? shown : `${shown.slice(0, max - 1)}…`;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeControl(character: string): string {
  const hex = character.charCodeAt(0).toString(16);
  return NAMED[character] ?? (hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`);
}
