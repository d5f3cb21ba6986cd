/** A task's body as text, in its three parts: each the JSON that stands there, byte for byte. */
export interface BodyParts {
  readonly args: string;
  readonly kwargs: string;
  readonly embed: string;
}

/**
 * Takes the text `[args, kwargs, embed]` apart without reading the values, so that a part goes back as it came: reading and
 * writing again would change Python's large integers.
 * @returns undefined when the text is no list of three
 */
export function splitBody(text: string): BodyParts | undefined {
  const parts = splitList(text);
  const [args, kwargs, embed] = parts ?? [];
  if (parts?.length !== 3 || args === undefined || kwargs === undefined || embed === undefined) return undefined;
  return { args, kwargs, embed };
}

/** Puts the parts together again. */
export function joinBody({ args, kwargs, embed }: BodyParts): string {
  return `[${args},${kwargs},${embed}]`;
}

/** The items of a JSON list as texts; undefined when the text is no JSON or no list. */
function splitList(text: string): string[] | undefined {
  if (!isList(text)) return undefined;
  const inner = text.trim();
  const cuts: number[] = [];
  let depth = 0;
  for (let at = 0; at < inner.length; at++) {
    const sign = inner[at];
    if (sign === '"') at = endOfString(inner, at);
    else if (sign === '[' || sign === '{') depth++;
    else if (sign === ']' || sign === '}') depth--;
    else if (sign === ',' && depth === 1) cuts.push(at);
  }
  const ends = [...cuts, inner.length - 1];
  return ends.map((end, index) => inner.slice((ends[index - 1] ?? 0) + 1, end).trim());
}

/** Where the string ends that begins at `from`; the text is known to be JSON. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}
