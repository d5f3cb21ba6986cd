/** Where a text stops being JSON, counted from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
}

/** Reads JSON. What is wrong is told by its place alone: the engine's own message shows a piece of the text, secrets included. */
export function parseJson(text: string): { readonly value: unknown } | { readonly fault: JsonFault } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const before = text.slice(0, offsetOf(error as Error, text)).split('\n');
    return { fault: { line: before.length, column: (before.at(-1) ?? '').length + 1 } };
  }
}

function offsetOf({ message }: Error, text: string): number {
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  if (position !== undefined) return Number(position);
  if (!message.startsWith('Unexpected token')) return text.length;
  // That message has no position: the text fails so from the unexpected character on.
  for (let end = 1; end < text.length; end += 1) {
    if (failsAtToken(text.slice(0, end))) return end - 1;
  }
  return text.length - 1;
}

function failsAtToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as Error).message.startsWith('Unexpected token');
  }
}
