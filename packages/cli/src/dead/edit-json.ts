import { parseJson } from '../config/parse-json.js';

/** What came of an edit: another text, the same one, or nothing, which leaves the message where it is. */
export type Edited =
  | { readonly kind: 'changed'; readonly text: string }
  | { readonly kind: 'same' }
  | { readonly kind: 'skipped' };

/** A JSON text that a person may change. */
export interface EditRequest {
  /** Written for a person. */
  readonly text: string;
  /** What the person should know of it; goes above it, a comment each. */
  readonly about: readonly string[];
  /** What is wrong with a changed text, which is JSON; undefined when it will do. */
  check(text: string): Promise<string | undefined>;
}

/** Where it is changed. */
export interface Editing {
  edit(text: string): Promise<string>;
  /** Shows what is wrong and asks whether to edit again; false skips the message. */
  again(problem: string): Promise<boolean>;
}

const COMMENT = '//';

/**
 * Has a person change a JSON text, and asks again until it will do. Lines that begin with `//` are comments. A text
 * that stays as it was is the same, one that is empty skips the message.
 */
export async function editJson({ text, about, check }: EditRequest, { edit, again }: Editing): Promise<Edited> {
  let draft = text;
  let problem: string | undefined;
  for (;;) {
    const notes = problem === undefined ? about : [...about, '', problem];
    draft = withoutComments(await edit(withComments(draft, notes)));
    if (draft === '') return { kind: 'skipped' };
    if (draft === text.trim()) return { kind: 'same' };
    const parsed = parseJson(draft);
    problem =
      'fault' in parsed
        ? `Expected JSON, found a mistake in line ${parsed.fault.line}, column ${parsed.fault.column}, comments not counted.`
        : await check(draft);
    if (problem === undefined) return { kind: 'changed', text: draft };
    if (!(await again(problem))) return { kind: 'skipped' };
  }
}

function withComments(text: string, notes: readonly string[]): string {
  const lines = notes.flatMap((note) => note.split('\n')).map((line) => `${COMMENT} ${line}`.trimEnd());
  return `${[...lines, text].join('\n')}\n`;
}

/** No line of JSON begins with a comment: texts have no line breaks in them. */
function withoutComments(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith(COMMENT));
  return lines.join('\n').trim();
}
